// kernel: finding modules. What a module depends on stands in itself (section .modinfo), so that no
// index is needed: a package that is only unpacked has none.
#include "kernel/store/kernel_modules.h"

#include <algorithm>
#include <array>
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

/// A compressed file by the program that can read it.
std::string module_content(const fs::path& path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kPrograms{
      {{".xz", "xz"}, {".zst", "zstd"}, {".gz", "gzip"}}};
  for (const auto& [suffix, program] : kPrograms) {
    if (path.extension() != suffix) continue;
    auto result = run_command({std::string{program}, "-dc", path.string()});
    return result && result->status == 0 ? std::move(result->output) : std::string{};
  }
  return content_of(path);
}

/// A file's name and a module's differ in - and _.
std::string module_name(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

/// What stands behind "depends=" in the module.
std::vector<std::string> dependencies_of(std::string_view module) {
  constexpr std::string_view kDepends{"\0depends=", 9};
  std::vector<std::string> names;
  const auto at = module.find(kDepends);
  if (at == std::string_view::npos) return names;
  module.remove_prefix(at + kDepends.size());
  module = module.substr(0, module.find('\0'));
  while (!module.empty()) {
    const auto comma = std::min(module.find(','), module.size());
    names.push_back(module_name(std::string{module.substr(0, comma)}));
    module.remove_prefix(std::min(comma + 1, module.size()));
  }
  return names;
}

class Finder {
 public:
  explicit Finder(const fs::path& directory) {
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
    std::string content = module_content(path);
    if (content.empty()) return;
    for (const std::string& other : dependencies_of(content)) add(other);
    found_.push_back({name, std::move(content)});
  }

  std::vector<Module> take() { return std::move(found_); }

 private:
  std::map<std::string, fs::path> paths_;
  std::vector<Module> found_;
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

std::vector<Module> modules_for(const fs::path& kernel, const std::vector<std::string>& wanted) {
  const auto version = version_of(kernel);
  if (version.empty()) return {};
  Finder finder{fs::absolute(kernel).parent_path().parent_path() / "lib/modules" / version};
  for (const std::string& name : wanted) finder.add(name);
  return finder.take();
}

}  // namespace vmadiff::kernel
