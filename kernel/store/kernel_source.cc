// kernel: Debian's kernel sources, unpacked in part.
#include "kernel/store/kernel_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "kernel/failed.h"
#include "kernel/store/cache.h"
#include "kernel/store/command.h"
#include "kernel/store/debian_version.h"
#include "kernel/store/workshop.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;
using spec::ToolFault;

constexpr std::string_view kName = "linux-";
constexpr std::string_view kPackage = "linux-source-";
/// Beside what was stored: which package it is of, and what of it is there.
constexpr const char* kSourceOrigin = ".debian-version";
constexpr const char* kSourceWorkshop = ".unfinished";

/// What configuring and make ask for, of everywhere.
constexpr std::array<std::string_view, 3> kEverywhere{"*Kconfig*", "*Makefile*", "*Kbuild*"};
/// What a kernel for virtual machines is built of (kernel/build), and the memory calls alone
/// (kernel/tree); the headers that tests for the tree are compiled with (docs/export.md), and its
/// own tests.
constexpr std::array kNeeded{"arch/x86",
                             "block",
                             "certs",
                             "crypto",
                             "drivers/acpi",
                             "drivers/base",
                             "drivers/block",
                             "drivers/char",
                             "drivers/clocksource",
                             "drivers/net/loopback.c",
                             "drivers/pci",
                             "drivers/pnp",
                             "drivers/rtc",
                             "drivers/tty",
                             "drivers/virtio",
                             "fs",
                             "include",
                             "init",
                             "io_uring",
                             "ipc",
                             "kernel",
                             "lib",
                             "mm",
                             "net",
                             "scripts",
                             "security",
                             "tools/arch",
                             "tools/build",
                             "tools/include",
                             "tools/lib",
                             "tools/objtool",
                             "tools/scripts",
                             "tools/testing/radix-tree",
                             "tools/testing/selftests/kselftest",
                             "tools/testing/selftests/mm",
                             "tools/testing/shared",
                             "tools/testing/vma",
                             "usr",
                             "virt"};

fs::path store() { return cache_path() / "sources"; }

std::string origin_of(const fs::path& directory) {
  std::ifstream file{directory / kSourceOrigin};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// What is stored when another version, or more of it, is wanted is fetched again.
std::string origin_of(const OfferedPackage& package) {
  return fmt::format("{}\n{}\n", package.package.version, fmt::join(kNeeded, " "));
}

std::expected<void, ToolFault> run(const std::vector<std::string>& words, const std::string& what) {
  const auto done = run_command(words);
  if (!done) return std::unexpected(done.error());
  if (done->status != 0) return failed(what, done->errors);
  return {};
}

/// The archive that the package has.
std::expected<fs::path, ToolFault> archive_in(const fs::path& unpacked) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{unpacked / "usr/src", error}) {
    const auto name = entry.path().filename().string();
    if (name.starts_with(kPackage) && name.contains(".tar")) return entry.path();
  }
  return failed(unpacked, "no usr/src/linux-source-*.tar.* in it");
}

}  // namespace

bool is_source_name(std::string_view name) {
  if (!name.starts_with(kName)) return false;
  name.remove_prefix(kName.size());
  const auto dot = name.find('.');
  const auto is_number = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
      return std::isdigit(static_cast<unsigned char>(c)) != 0;
    });
  };
  return dot != std::string_view::npos && is_number(name.substr(0, dot)) &&
         is_number(name.substr(dot + 1));
}

bool is_fetched_source(const fs::path& tree) {
  std::error_code error;
  return is_source_name(tree.filename().string()) &&
         fs::equivalent(tree.parent_path(), store(), error);
}

std::vector<std::string> stored_sources() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{store(), error}) {
    auto name = entry.path().filename().string();
    if (is_source_name(name)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

std::expected<OfferedPackage, std::string> choose_source(std::span<const OfferedPackage> packages,
                                                         std::string_view name) {
  const OfferedPackage* chosen = nullptr;
  std::set<std::string> others;
  const auto wanted = fmt::format("{}{}", kPackage, name.substr(kName.size()));
  for (const OfferedPackage& offered : packages) {
    const std::string& package = offered.package.name;
    if (!package.starts_with(kPackage)) continue;
    if (const auto other = fmt::format("{}{}", kName, package.substr(kPackage.size()));
        is_source_name(other))
      others.insert(other);
    if (package != wanted) continue;
    if (chosen == nullptr ||
        compare_debian_versions(offered.package.version, chosen->package.version) ==
            std::strong_ordering::greater)
      chosen = &offered;
  }
  if (chosen != nullptr) return *chosen;
  return std::unexpected(
      fmt::format("no suite of Debian's has it; there are: {}",
                  others.empty() ? "none" : fmt::format("{}", fmt::join(others, ", "))));
}

std::expected<fs::path, std::string> find_source(const std::string& tree) {
  std::error_code error;
  if (fs::is_directory(tree, error)) return fs::path{tree};
  if (!is_source_name(tree)) {
    return std::unexpected(fmt::format(
        "{}: no such directory: expected one with a kernel's source, or a name such as linux-7.3",
        tree));
  }
  if (fs::path place = store() / tree; fs::is_directory(place, error)) return place;
  return std::unexpected(
      fmt::format("the source {0} is not here: vmadiff kernels fetch {0}", tree));
}

std::expected<fs::path, ToolFault> fetch_source(const AptState& apt, const OfferedPackage& package,
                                                const std::string& name) {
  fs::path place = store() / name;
  if (origin_of(place) == origin_of(package)) return place;
  const Workshop workshop{store() / kSourceWorkshop};
  const auto file = apt.download(package, workshop.path());
  if (!file) return std::unexpected(file.error());
  const auto unpacked = workshop.path() / "unpacked";
  if (auto done = run({"dpkg-deb", "-x", file->string(), unpacked.string()}, package.package.name);
      !done)
    return std::unexpected(done.error());
  const auto archive = archive_in(unpacked);
  if (!archive) return std::unexpected(archive.error());
  const auto ready = workshop.path() / "ready";
  std::error_code error;
  fs::create_directories(ready, error);
  // Each as "linux-source-7.3/mm". What a release does not have is no error.
  const auto file_name = archive->filename().string();
  const auto stem = file_name.substr(0, file_name.find(".tar"));
  std::vector<std::string> words{
      "tar", "-xf", archive->string(), "-C", ready.string(), "--strip-components=1", "--wildcards"};
  words.insert(words.end(), kEverywhere.begin(), kEverywhere.end());
  for (const char* path : kNeeded) words.push_back(fmt::format("{}/{}*", stem, path));
  const auto done = run_command(words);
  if (!done) return std::unexpected(done.error());
  if (done->status != 0 && !done->errors.contains("Not found in archive"))
    return failed(file_name, done->errors);
  std::ofstream origin{ready / kSourceOrigin};
  origin << origin_of(package);
  origin.close();
  if (!origin) return failed(ready / kSourceOrigin, "cannot be written");
  if (const auto moved = put_in_place(ready, place)) return failed(place, moved.message());
  return place;
}

}  // namespace vmadiff::kernel
