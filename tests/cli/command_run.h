// tests of cli: running the command as a user does, and looking at what it prints and leaves.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vmadiff::tests {

struct CommandResult {
  int status = -1;  ///< exit status; 128 + N for a death by signal N
  std::string out;
  std::string err;
};

struct CommandOptions {
  std::filesystem::path directory;  ///< to run it in; empty: the present one
  int signal = 0;                   ///< sent once the command has printed its first line
  bool as_nobody = false;           ///< without root's privileges
};

/// Runs a command and waits for its end.
[[nodiscard]] CommandResult run_command(const std::vector<std::string>& words,
                                        const CommandOptions& options = {});
/// The same, of the vmadiff that was built.
[[nodiscard]] CommandResult run_vmadiff(std::vector<std::string> words,
                                        const CommandOptions& options = {});

/// A directory of its own, gone at the end of the scope.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file into it and gives its path.
  [[nodiscard]] std::string file(std::string_view name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

[[nodiscard]] inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}
[[nodiscard]] std::string content(const std::filesystem::path& file);
/// Every file below a directory: relative path -> content.
[[nodiscard]] std::map<std::string, std::string> contents(const std::filesystem::path& directory);
/// Whether `vmadiff systems` says that the host runs here.
[[nodiscard]] bool host_runs();

}  // namespace vmadiff::tests
