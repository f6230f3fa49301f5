// kernel: a kernel out of unpacked packages.
#include "kernel/store/kernel_package.h"

#include <fmt/format.h>

#include <array>
#include <system_error>
#include <vector>

#include "kernel/failed.h"
#include "kernel/store/kernel_modules.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;
using spec::ToolFault;

/// Files with a kernel's name that are kernels, wherever they lie; links are none.
std::vector<fs::path> images_in(const fs::path& unpacked) {
  std::vector<fs::path> found;
  std::error_code error;
  for (auto at = fs::recursive_directory_iterator{unpacked, error};
       !error && at != fs::recursive_directory_iterator{}; at.increment(error)) {
    const bool is_file = fs::is_regular_file(at->symlink_status(error));
    if (is_file && at->path().filename().string().starts_with("vmlinuz") &&
        !version_of(at->path()).empty())
      found.push_back(at->path());
  }
  return found;
}

}  // namespace

std::expected<fs::path, ToolFault> lay_out_kernel(const fs::path& unpacked, const fs::path& place) {
  const auto images = images_in(unpacked);
  if (images.size() != 1)
    return failed(unpacked, fmt::format("expected one kernel in it, found {}", images.size()));
  const auto release = version_of(images.front());
  if (release.contains('/')) return failed(images.front(), "a release with a / in it");
  fs::path image = place / "boot" / ("vmlinuz-" + release);
  const fs::path modules = place / "lib/modules" / release;
  std::error_code error;
  fs::create_directories(image.parent_path(), error);
  if (!error) fs::rename(images.front(), image, error);
  if (error) return failed(image, error.message());
  for (const char* directory : {"lib/modules", "usr/lib/modules"}) {
    const fs::path found = unpacked / directory / release;
    if (!fs::is_directory(found / "kernel", error)) continue;
    fs::create_directories(modules.parent_path(), error);
    if (!error) fs::rename(found, modules, error);
    if (error) return failed(modules, error.message());
  }
  return image;
}

fs::path image_in(const fs::path& place) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{place / "boot", error}) {
    if (entry.path().filename().string().starts_with("vmlinuz-")) return entry.path();
  }
  return {};
}

bool has_modules(const fs::path& image) {
  std::error_code error;
  return fs::is_directory(
      image.parent_path().parent_path() / "lib/modules" / version_of(image) / "kernel", error);
}

}  // namespace vmadiff::kernel
