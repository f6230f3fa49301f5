// kernel: kernels by name. A name stands for a package of Debian's, which is brought and unpacked
// into the cache, never installed.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "spec/system.h"

namespace vmadiff::kernel {

/// The image that `kernel` means: a file's path, or a name of which it is in the cache. The error
/// is one line that tells how to get it.
[[nodiscard]] std::expected<std::filesystem::path, std::string> find_kernel(
    const std::string& kernel);

/// Whether it is a name and not a path: "debian-6.12".
[[nodiscard]] bool is_kernel_name(std::string_view kernel);

/// Brings "debian-VERSION" with apt-get and dpkg-deb; gives the image's path. Where it is there
/// already, the newest takes its place.
[[nodiscard]] std::expected<std::filesystem::path, spec::ToolFault> fetch_kernel(
    const std::string& name);

struct StoredKernel {
  std::string name;
  std::filesystem::path image;
};
/// What is in the cache, by name.
[[nodiscard]] std::vector<StoredKernel> stored_kernels();

}  // namespace vmadiff::kernel
