// kernel: kernels that were built here.
#include "kernel/store/built_kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "kernel/failed.h"
#include "kernel/store/kernel_modules.h"
#include "kernel/store/workshop.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;
using spec::ToolFault;

constexpr std::string_view kBuilt = "built-";
/// Beside what was stored: of which tree it is.
constexpr const char* kOfTree = "tree";

bool is_of_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-' ||
         c == '+';
}

}  // namespace

bool is_built_name(std::string_view kernel) {
  return kernel.starts_with(kBuilt) && kernel.size() > kBuilt.size() &&
         std::ranges::all_of(kernel, is_of_name);
}

std::string built_name_of(const fs::path& tree, std::string_view suffix) {
  auto name = fmt::format("{}{}", tree.filename().string(), suffix);
  std::ranges::replace_if(name, [](char c) { return !is_of_name(c); }, '_');
  return fmt::format("{}{}", kBuilt, name);
}

fs::path tree_of_built(const std::string& name) {
  std::ifstream file{kernels_directory() / name / kOfTree};
  std::string path;
  std::getline(file, path);
  return path;
}

std::vector<StoredKernel> built_kernels() {
  std::vector<StoredKernel> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{kernels_directory(), error}) {
    const auto name = entry.path().filename().string();
    if (!is_built_name(name)) continue;
    if (auto kernel = stored_kernel(name); !kernel.image.empty())
      found.push_back(std::move(kernel));
  }
  std::ranges::sort(found, {}, &StoredKernel::name);
  return found;
}

std::expected<StoredKernel, ToolFault> keep_built_kernel(const fs::path& image,
                                                         const std::string& name,
                                                         const fs::path& tree) {
  const auto release = version_of(image);
  if (release.empty() || release.contains('/')) return failed(image, "not a bzImage of x86-64");
  // One of that name alone is built at a time.
  const Workshop workshop{kernels_directory() / (".unfinished-" + name)};
  const auto ready = workshop.path() / "ready";
  std::error_code error;
  fs::create_directories(ready / "boot", error);
  if (!error) fs::copy_file(image, ready / "boot" / ("vmlinuz-" + release), error);
  if (error) return failed(ready, error.message());
  std::ofstream of_tree{ready / kOfTree};
  of_tree << tree.string() << '\n';
  of_tree.close();
  if (!of_tree) return failed(ready / kOfTree, "cannot be written");
  const auto place = kernels_directory() / name;
  if (const auto moved = put_in_place(ready, place)) return failed(place, moved.message());
  return stored_kernel(name);
}

}  // namespace vmadiff::kernel
