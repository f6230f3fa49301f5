// tests of kernel/store: a mirror of Debian made of files, signed by a key of its own, and a
// machine whose apt is set up to use it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace vmadiff::kernel {

/// Why none can be made here; empty where one can.
[[nodiscard]] std::string why_no_archive();

class FakeArchive {
 public:
  explicit FakeArchive(std::filesystem::path directory);
  FakeArchive(const FakeArchive&) = delete;
  FakeArchive& operator=(const FakeArchive&) = delete;
  ~FakeArchive();

  /// Packs the files below `tree` and puts the package into the suite.
  void add(const std::string& suite, const std::string& package, const std::string& version,
           const std::filesystem::path& tree, const std::string& depends = "");
  /// A suite without a package.
  void add_suite(const std::string& suite);
  /// Writes each suite's lists, and signs them.
  void publish();

  [[nodiscard]] std::filesystem::path mirror() const { return directory_ / "mirror"; }
  /// "file:/…"
  [[nodiscard]] std::string uri() const { return "file:" + mirror().string(); }
  [[nodiscard]] std::string keyring() const { return (directory_ / "keyring.gpg").string(); }
  /// A keyring that has another key in it.
  [[nodiscard]] std::string other_keyring() const { return (directory_ / "other.gpg").string(); }

 private:
  std::filesystem::path directory_;
  std::map<std::string, std::string> lists_;  ///< by suite
};

/// As long as it lives, the apt of this process and its children is that of a machine below
/// `directory`, with the file `sources` (a name below etc/apt, a text) and settings of its own.
class FakeMachine {
 public:
  FakeMachine(const std::filesystem::path& directory, const std::string& sources_name,
              const std::string& sources, const std::string& settings = "");
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;
  ~FakeMachine();

  /// Every file and directory of the machine's apt: name, time and content.
  [[nodiscard]] std::vector<std::string> state() const;

 private:
  std::filesystem::path directory_;
};

}  // namespace vmadiff::kernel
