// tests of kernel/store: a mirror of Debian made of files.
#include "fake_archive.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "kernel/store/command.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream{path, std::ios::binary} << text;
}

std::string content(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string run(const std::vector<std::string>& words) {
  const auto result = run_command(words);
  EXPECT_TRUE(result) << words.front();
  if (!result) return {};
  EXPECT_EQ(result->status, 0) << words.front() << ": " << result->errors;
  return result->output;
}

std::string sha256(const fs::path& file) { return run({"sha256sum", file.string()}).substr(0, 64); }

}  // namespace

std::string why_no_archive() {
  for (const char* program : {"apt-get", "dpkg-deb", "gpg", "gpgconf", "sha256sum"}) {
    if (program_path(program).empty()) return fmt::format("{} is not installed", program);
  }
  return {};
}

FakeArchive::FakeArchive(fs::path directory) : directory_(std::move(directory)) {
  fs::create_directories(directory_);
  for (const char* name : {"keyring", "other"}) {
    const auto home = directory_ / name;
    fs::create_directories(home);
    fs::permissions(home, fs::perms::owner_all);
    run({"gpg", "--homedir", home.string(), "--batch", "--quiet", "--passphrase", "",
         "--quick-gen-key", name, "ed25519", "sign", "never"});
    run({"gpg", "--homedir", home.string(), "--batch", "--output", home.string() + ".gpg",
         "--export"});
  }
}

FakeArchive::~FakeArchive() {
  for (const char* name : {"keyring", "other"})
    (void)run_command({"gpgconf", "--homedir", (directory_ / name).string(), "--kill", "all"});
}

void FakeArchive::add(const std::string& suite, const std::string& package,
                      const std::string& version, const fs::path& tree,
                      const std::string& depends) {
  const auto path = fmt::format("pool/{}_{}_amd64.deb", package, version);
  auto fields = fmt::format("Package: {}\nVersion: {}\nArchitecture: amd64\n", package, version);
  if (!depends.empty()) fields += fmt::format("Depends: {}\n", depends);
  fs::create_directories(mirror() / "pool");
  write(tree / "DEBIAN/control",
        fields + "Maintainer: nobody <n@example.org>\nDescription: none\n");
  const auto file = (mirror() / path).string();
  run({"dpkg-deb", "-Znone", "--root-owner-group", "--build", tree.string(), file});
  fs::remove_all(tree / "DEBIAN");
  lists_[suite] += fmt::format("{}Filename: {}\nSize: {}\nSHA256: {}\n\n", fields, path,
                               fs::file_size(file), sha256(file));
}

void FakeArchive::add_suite(const std::string& suite) { lists_[suite]; }

void FakeArchive::publish() {
  for (const auto& [suite, list] : lists_) {
    const auto directory = mirror() / "dists" / suite;
    const std::string name = "main/binary-amd64/Packages";
    write(directory / name, list);
    write(directory / "Release",
          fmt::format("Origin: Debian\nSuite: {0}\nCodename: {0}\nArchitectures: amd64\n"
                      "Components: main\nDate: Wed, 01 Jan 2020 00:00:00 UTC\nSHA256:\n {1} {2} "
                      "{3}\n",
                      suite, sha256(directory / name), list.size(), name));
    run({"gpg", "--homedir", (directory_ / "keyring").string(), "--batch", "--yes", "--clearsign",
         "--output", (directory / "InRelease").string(), (directory / "Release").string()});
  }
}

FakeMachine::FakeMachine(const fs::path& directory, const std::string& sources_name,
                         const std::string& sources, const std::string& settings)
    : directory_(directory) {
  for (const char* name : {"etc/apt/apt.conf.d", "etc/apt/sources.list.d", "etc/apt/preferences.d",
                           "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"})
    fs::create_directories(directory / name);
  write(directory / "etc/apt" / sources_name, sources);
  write(directory / "etc/apt/apt.conf.d/machine", settings);
  write(directory / "var/lib/dpkg/status", "");
  write(directory / "apt.conf", fmt::format("Dir \"{0}\";\nDir::State::status "
                                            "\"{0}/var/lib/dpkg/status\";\nDir::State::Lists "
                                            "\"{0}/var/lib/apt/lists\";\n",
                                            directory.string()));
  ::setenv("APT_CONFIG", (directory / "apt.conf").c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
}

FakeMachine::~FakeMachine() { ::unsetenv("APT_CONFIG"); }  // NOLINT(concurrency-mt-unsafe)

std::vector<std::string> FakeMachine::state() const {
  std::vector<std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator{directory_}) {
    const auto time = entry.last_write_time().time_since_epoch().count();
    all.push_back(fmt::format("{} {} {}", entry.path().string(), time,
                              entry.is_regular_file() ? content(entry.path()) : "directory"));
  }
  std::ranges::sort(all);
  return all;
}

}  // namespace vmadiff::kernel
