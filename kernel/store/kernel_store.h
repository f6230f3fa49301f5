// kernel: kernels by name. A name stands for a package of Debian's, which is brought and unpacked
// into the cache, never installed.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/store/apt_state.h"
#include "kernel/store/debian_kernels.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// The image that `kernel` means: a file's path, or a name of which it is in the cache. The error
/// is one line that tells how to get it.
[[nodiscard]] std::expected<std::filesystem::path, std::string> find_kernel(
    const std::string& kernel);

struct StoredKernel {
  std::string name;
  std::filesystem::path image;
  std::string release;  ///< as the image itself says
  std::string version;  ///< Debian's; empty where it is not known
  bool has_modules = false;
};

/// Where they are, a directory each.
[[nodiscard]] std::filesystem::path kernels_directory();
/// What is kept under the name; without an image where there is nothing.
[[nodiscard]] StoredKernel stored_kernel(const std::string& name);

/// What was fetched into the cache, the oldest first.
[[nodiscard]] std::vector<StoredKernel> stored_kernels();

/// The apt state in the cache, its lists up to date.
[[nodiscard]] std::expected<AptState, spec::ToolFault> open_apt_state(AptWatch watch);

/// Brings a kernel under the name "debian-X.Y" or "debian-X.Y.Z". What was there under it is
/// replaced, once the new one is whole; where it is the same one already, nothing is done. One that
/// does not come to its end leaves what was there.
[[nodiscard]] std::expected<StoredKernel, spec::ToolFault> fetch_kernel(const AptState& apt,
                                                                        const DebianKernel& kernel,
                                                                        const std::string& name);

}  // namespace vmadiff::kernel
