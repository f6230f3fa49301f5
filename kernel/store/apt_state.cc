// kernel: an apt of our own. Its settings are a file that apt reads last, behind the machine's.
#include "kernel/store/apt_state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

#include "kernel/failed.h"
#include "kernel/store/apt_words.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;
using spec::ToolFault;

constexpr const char* kAptHelper = "/usr/lib/apt/apt-helper";

std::expected<void, ToolFault> write(const fs::path& path, std::string_view text) {
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  if (!file) return failed(path.string(), std::strerror(errno));
  return {};
}

/// Hooks of the machine's would work on the machine's own state; who verifies nothing is not heard;
/// what cannot be read is an error, never passed over; and lists are kept compressed.
constexpr std::string_view kSettings = R"(#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "{0}/state";
Dir::State::Lists "{0}/lists";
Dir::State::status "{0}/status";
Dir::Cache "{0}/cache";
Dir::Etc::sourcelist "{0}/sources.list";
Dir::Etc::sourceparts "{0}/parts";
Dir::Log "{0}/log";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::AllowReleaseInfoChange "true";
Acquire::GzipIndexes "true";
)";

}  // namespace

std::expected<AptState, ToolFault> AptState::open(const fs::path& directory, AptWatch watch,
                                                  const std::string& keyring) {
  for (const char* program : {"apt-get", kAptHelper, "dpkg-deb"}) {
    if (program_path(program).empty()) {
      return failed(program,
                    "not installed: kernels by name come by apt, on Debian and its like; a "
                    "kernel's file can be named anywhere (--kernel FILE)");
    }
  }
  std::error_code error;
  if (!fs::exists(keyring, error))
    return failed(keyring, "no such file: apt-get install debian-archive-keyring");
  if (directory.string().find_first_of("\"\n") != std::string::npos) {
    return failed(directory.string(),
                  "apt cannot be told a path with a quotation mark or a line's end in it "
                  "(XDG_CACHE_HOME may name another place)");
  }
  AptState state{directory, std::move(watch), keyring};
  for (const char* name : {"state", "lists/partial", "cache/archives/partial", "parts", "log"}) {
    fs::create_directories(directory / name, error);
    if (error) return failed((directory / name).string(), error.message());
  }
  // A mirror's name can have a password in it.
  fs::permissions(directory, fs::perms::owner_all, error);
  if (error) return failed(directory.string(), error.message());
  if (auto locked = state.lock(); !locked) return std::unexpected(locked.error());
  if (auto written = state.write_settings(); !written) return std::unexpected(written.error());
  if (auto updated = state.update(); !updated) return std::unexpected(updated.error());
  return state;
}

std::expected<void, ToolFault> AptState::lock() {
  constexpr int kLookMilliseconds = 200;
  const auto path = (directory_ / "lock").string();
  lock_ = Descriptor{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!lock_.is_open()) return failed(path, std::strerror(errno));
  bool is_said = false;
  while (::flock(lock_.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return failed(path, std::strerror(errno));
    if (watch_.interrupted && watch_.interrupted())
      return std::unexpected(ToolFault{"interrupted"});
    if (!is_said && watch_.on_step) watch_.on_step("waiting for another vmadiff that fetches");
    is_said = true;
    ::poll(nullptr, 0, kLookMilliseconds);
  }
  return {};
}

std::expected<void, ToolFault> AptState::write_settings() const {
  if (auto written = write(directory_ / "status", ""); !written) return written;
  return write(directory_ / "apt.conf", fmt::format(kSettings, directory_.string()));
}

std::expected<CommandResult, ToolFault> AptState::run(std::vector<std::string> words) const {
  words.insert(words.begin(), {"env", "LC_ALL=C"});
  CommandWatch watch;
  if (watch_.on_progress) {
    watch.on_line = [this](std::string_view line) {
      if (const auto percent = percent_in(line)) watch_.on_progress(*percent);
    };
  }
  watch.interrupted = watch_.interrupted;
  auto result = run_command(words, directory_.string(), watch);
  if (watch_.interrupted && watch_.interrupted()) return std::unexpected(ToolFault{"interrupted"});
  return result;
}

std::expected<DebianMirrors, ToolFault> AptState::machines_mirrors() const {
  const auto uris = run({"apt-get", "update", "--print-uris"});
  if (!uris) return std::unexpected(uris.error());
  if (uris->status != 0) return failed("the sources of apt", first_error_in(uris->errors));
  auto mirrors = mirrors_in(uris->output);
  if (mirrors.main.empty()) {
    return failed("the sources of apt",
                  "none is a mirror of Debian: expected one as in 'deb http://MIRROR/debian "
                  "bookworm main' in /etc/apt/sources.list");
  }
  return mirrors;
}

std::expected<void, ToolFault> AptState::update() {
  if (watch_.on_step) watch_.on_step("reading the lists of Debian's suites");
  const auto mirrors = machines_mirrors();
  if (!mirrors) return std::unexpected(mirrors.error());
  if (mirrors->security.empty())
    left_out_.emplace_back("security suites: the machine's sources have no mirror of them");
  const auto config = (directory_ / "apt.conf").string();
  auto suites = suites_of(*mirrors);
  while (!suites.empty()) {
    if (auto written = write(directory_ / "sources.list", sources_of(suites, keyring_)); !written)
      return written;
    const auto updated = run({"apt-get", "-c", config, "-q", "-o", "APT::Status-Fd=1", "-o",
                              "pkgCacheFile::Generate=false", "update"});
    if (!updated) return std::unexpected(updated.error());
    if (updated->status == 0) return {};
    const auto refused = refused_in(updated->errors, suites, keyring_);
    if (refused.empty()) {
      return failed("apt-get update",
                    first_error_in(updated->errors) +
                        " (is there a network? proxies are taken from the machine's apt settings)");
    }
    for (const auto& [suite, reason] : refused) {
      left_out_.push_back(fmt::format("{} of {}: {}", suite.name, shown(suite.mirror), reason));
      std::erase_if(suites, [&](const DebianSuite& other) {
        return other.name == suite.name && other.mirror == suite.mirror;
      });
    }
  }
  return failed("no suite of Debian's can be read", left_out_.back());
}

std::expected<std::vector<OfferedPackage>, ToolFault> AptState::packages(
    std::string_view beginning) const {
  const auto config = (directory_ / "apt.conf").string();
  const auto targets = run({"apt-get", "-c", config, "indextargets", "--format",
                            "$(RELEASE) $(REPO_URI) $(FILENAME)", "Created-By: Packages"});
  if (!targets) return std::unexpected(targets.error());
  if (targets->status != 0) return failed("apt-get", first_error_in(targets->errors));
  std::vector<OfferedPackage> offered;
  std::istringstream lines{targets->output};
  std::string suite;
  std::string mirror;
  std::string file;
  while (lines >> suite >> mirror && std::getline(lines >> std::ws, file)) {
    const auto list = run({kAptHelper, "-c", config, "cat-file", file});
    if (!list) return std::unexpected(list.error());
    if (list->status != 0) return failed(file, first_error_in(list->errors));
    for (Package& package : packages_in(list->output, beginning))
      offered.push_back({std::move(package), mirror, suite});
  }
  return offered;
}

std::expected<fs::path, ToolFault> AptState::download(const OfferedPackage& offered,
                                                      const fs::path& into) const {
  const auto& package = offered.package;
  if (watch_.on_step) {
    watch_.on_step(fmt::format("{} {} from {}, {} MB", package.name, package.version, offered.suite,
                               (package.size + 500'000) / 1'000'000));
  }
  fs::path file = into / (package.name + ".deb");
  const auto got = run({kAptHelper, "-c", (directory_ / "apt.conf").string(), "-q", "-o",
                        "APT::Status-Fd=1", "download-file", offered.mirror + package.path,
                        file.string(), "SHA256:" + package.sha256});
  if (!got) return std::unexpected(got.error());
  if (got->status != 0) return failed(package.name, first_error_in(got->errors));
  return file;
}

}  // namespace vmadiff::kernel
