// kernel: finding modules. What a module depends on stands in itself (section .modinfo), so that no
// index is needed: a package that is only unpacked has none.
#include "kernel/store/kernel_modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <expected>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "kernel/store/command.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// A compressed file by the program that can read it. The error is why it cannot be read.
std::expected<std::string, std::string> module_content(const fs::path& path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPrograms{
      {{".xz", "xz"}, {".zst", "zstd"}, {".gz", "gzip"}}};
  for (const auto& [suffix, program] : kPrograms) {
    if (path.extension() != suffix) continue;
    auto result = run_command({std::string{program}, "-dc", path.string()});
    if (!result) return std::unexpected(std::move(result.error().message));
    if (result->status != 0)
      return std::unexpected(fmt::format("{} cannot unpack it: {}", program, result->errors));
    return std::move(result->output);
  }
  return content_of(path);
}

/// A file's name and a module's differ in - and _.
std::string module_name(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

/// What the module says of itself (section .modinfo): NAME=VALUE, between zeros.
std::optional<std::string_view> said_by(std::string_view module, std::string_view name) {
  const auto head = fmt::format("{}{}=", '\0', name);
  const auto at = module.find(head);
  if (at == std::string_view::npos) return std::nullopt;
  module.remove_prefix(at + head.size());
  return module.substr(0, module.find('\0'));
}

std::vector<std::string> dependencies_of(std::string_view module) {
  std::vector<std::string> names;
  auto rest = said_by(module, "depends").value_or(std::string_view{});
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    names.push_back(module_name(std::string{rest.substr(0, comma)}));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return names;
}

/// The version that it was built for: a kernel with symbol versions would load another's, too.
std::string_view built_for(std::string_view module) {
  const auto magic = said_by(module, "vermagic").value_or(std::string_view{});
  return magic.substr(0, magic.find(' '));
}

class Finder {
 public:
  Finder(const fs::path& directory, std::string version) : version_(std::move(version)) {
    std::error_code error;
    for (auto at = fs::recursive_directory_iterator{directory, error};
         !error && at != fs::recursive_directory_iterator{}; at.increment(error)) {
      const std::string file = at->path().filename().string();
      const auto suffix = file.find(".ko");
      if (suffix != std::string::npos) paths_[module_name(file.substr(0, suffix))] = at->path();
    }
  }

  void add(const std::string& name) {
    const auto at = paths_.find(name);
    if (at == paths_.end()) return;
    const fs::path path = at->second;
    paths_.erase(at);  // each once
    auto content = module_content(path);
    if (!content) return refuse(path, content.error());
    if (const auto version = built_for(*content); version != version_) {
      return refuse(path, version.empty()
                              ? "it does not say for which kernel it was built"
                              : fmt::format("it was built for {}, not {}", version, version_));
    }
    for (const std::string& other : dependencies_of(*content)) add(other);
    modules_.found.push_back({name, *std::move(content)});
  }

  BootModules take() { return std::move(modules_); }

 private:
  void refuse(const fs::path& path, std::string_view why) {
    modules_.refused.push_back(fmt::format("{}: {}", path.filename().string(), why));
  }

  std::string version_;
  std::map<std::string, fs::path> paths_;
  BootModules modules_;
};

}  // namespace

std::string version_of(const fs::path& kernel) {
  // The boot protocol: "HdrS" at 0x202; at 0x20e where the version stands, less 0x200.
  std::ifstream file{kernel, std::ios::binary};
  std::array<char, 0x210> head{};
  if (!file.read(head.data(), head.size()) || std::string_view{&head[0x202], 4} != "HdrS")
    return {};
  const auto low = static_cast<unsigned char>(head[0x20e]);
  const auto high = static_cast<unsigned char>(head[0x20f]);
  file.seekg(0x200 + low + 256 * high);
  std::string version;
  file >> version;
  return version;
}

BootModules modules_for(const fs::path& kernel, const std::vector<std::string>& wanted) {
  const auto version = version_of(kernel);
  if (version.empty()) return {};
  const fs::path home = fs::absolute(kernel).parent_path();
  std::vector<fs::path> places{home.parent_path() / "lib/modules" / version,
                               home.parent_path() / "usr/lib/modules" / version};
  if (home.filename() == version) places.insert(places.begin(), home);
  std::error_code error;
  const auto place = std::ranges::find_if(
      places, [&](const fs::path& path) { return fs::is_directory(path / "kernel", error); });
  if (place == places.end()) return {};
  Finder finder{*place, version};
  for (const std::string& name : wanted) finder.add(name);
  return finder.take();
}

}  // namespace vmadiff::kernel
