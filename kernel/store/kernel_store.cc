// kernel: kernels by name.
#include "kernel/store/kernel_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>
#include <utility>

#include "kernel/failed.h"
#include "kernel/store/built_kernels.h"
#include "kernel/store/cache.h"
#include "kernel/store/command.h"
#include "kernel/store/kernel_modules.h"
#include "kernel/store/kernel_package.h"
#include "kernel/store/workshop.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;
using spec::ToolFault;

/// Beside what was stored: which package it is of.
constexpr const char* kOrigin = "debian-version";
/// Where a kernel is made ready. Only who has the apt state is there, so what lies there when it
/// begins is another's who was killed.
constexpr const char* kWorkshop = ".unfinished";

std::expected<void, ToolFault> unpack(const AptState& apt, const OfferedPackage& offered,
                                      const fs::path& workshop, const fs::path& into) {
  const auto file = apt.download(offered, workshop);
  if (!file) return std::unexpected(file.error());
  const auto done = run_command({"dpkg-deb", "-x", file->string(), into.string()});
  if (!done) return std::unexpected(done.error());
  if (done->status != 0) return failed(file->filename().string(), done->errors);
  return {};
}

}  // namespace

fs::path kernels_directory() { return cache_path() / "kernels"; }

StoredKernel stored_kernel(const std::string& name) {
  StoredKernel kernel;
  kernel.name = name;
  kernel.image = image_in(kernels_directory() / name);
  if (kernel.image.empty()) return kernel;
  kernel.release = version_of(kernel.image);
  kernel.has_modules = has_modules(kernel.image);
  std::ifstream file{kernels_directory() / name / kOrigin};
  file >> kernel.version;
  return kernel;
}

std::expected<fs::path, std::string> find_kernel(const std::string& kernel) {
  std::error_code error;
  if (is_kernel_name(kernel) || is_built_name(kernel)) {
    auto image = image_in(kernels_directory() / kernel);
    if (!image.empty()) return image;
    if (is_built_name(kernel) && !fs::exists(kernel, error)) {
      return std::unexpected(fmt::format(
          "the kernel {} is not here: vmadiff kernels build TREE builds one, and says its name",
          kernel));
    }
  }
  if (is_kernel_name(kernel)) {
    return std::unexpected(
        fmt::format("the kernel {0} is not here: vmadiff kernels fetch {0}", kernel));
  }
  if (!fs::exists(kernel, error)) {
    return std::unexpected(fmt::format(
        "{}: no such file: expected a bzImage's path, or a name such as debian-6.12", kernel));
  }
  if (version_of(kernel).empty())
    return std::unexpected(fmt::format("{}: not a bzImage of x86-64", kernel));
  return fs::absolute(kernel, error);
}

std::vector<StoredKernel> stored_kernels() {
  std::vector<StoredKernel> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{kernels_directory(), error}) {
    const auto name = entry.path().filename().string();
    if (!is_kernel_name(name)) continue;
    if (auto kernel = stored_kernel(name); !kernel.image.empty())
      found.push_back(std::move(kernel));
  }
  std::ranges::sort(found, is_older, &StoredKernel::name);
  return found;
}

std::expected<AptState, ToolFault> open_apt_state(AptWatch watch) {
  const auto cache = cache_directory();
  if (!cache) return std::unexpected(cache.error());
  return AptState::open(*cache / "apt", std::move(watch));
}

std::expected<StoredKernel, ToolFault> fetch_kernel(const AptState& apt, const DebianKernel& kernel,
                                                    const std::string& name) {
  if (auto stored = stored_kernel(name); !stored.image.empty() &&
                                         stored.version == kernel.image.package.version &&
                                         stored.has_modules == kernel.has_modules)
    return stored;
  const Workshop workshop{kernels_directory() / kWorkshop};
  const fs::path unpacked = workshop.path() / "unpacked";
  const fs::path ready = workshop.path() / "ready";
  if (auto done = unpack(apt, kernel.image, workshop.path(), unpacked); !done)
    return std::unexpected(done.error());
  if (kernel.modules) {
    if (auto done = unpack(apt, *kernel.modules, workshop.path(), unpacked); !done)
      return std::unexpected(done.error());
  }
  const auto image = lay_out_kernel(unpacked, ready);
  if (!image) return failed(kernel.image.package.name, image.error().message);
  if (const auto release = version_of(*image); release != kernel.release) {
    return failed(kernel.image.package.name,
                  fmt::format("the kernel in it says that it is {}", release));
  }
  if (kernel.has_modules && !has_modules(*image))
    return failed(kernel.image.package.name, "no modules of its release are in what has them");
  std::ofstream origin{ready / kOrigin};
  origin << kernel.image.package.version << '\n';
  origin.close();
  if (!origin) return failed(ready / kOrigin, "cannot be written");
  const fs::path place = kernels_directory() / name;
  if (const auto error = put_in_place(ready, place)) return failed(place, error.message());
  return stored_kernel(name);
}

}  // namespace vmadiff::kernel
