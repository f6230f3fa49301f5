// kernel: which kernels are there among Debian's packages, and which does a name mean? No files and
// no network.
//
// To 6.18 a kernel and its modules are one package, linux-image-RELEASE; later linux-binary-RELEASE
// has the kernel and linux-modules-RELEASE the modules, and linux-image-RELEASE is an empty one
// that depends on both. Only cloud kernels, those for virtual machines, are looked at.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/store/apt_state.h"

namespace vmadiff::kernel {

struct DebianKernel {
  std::string name;     ///< "debian-6.12.118"
  std::string release;  ///< as `uname -r` says it
  OfferedPackage image;
  std::optional<OfferedPackage> modules;  ///< where they are a package of their own
  /// Whether its modules can be had. A mirror keeps a kernel longer than its modules.
  bool has_modules = false;
};

/// Of each upstream version the newest Debian version, the oldest first. Release candidates, debug
/// packages and kernels for real time are none.
[[nodiscard]] std::vector<DebianKernel> kernels_among(std::span<const OfferedPackage> packages);

/// The one that "debian-X.Y.Z" means; of "debian-X.Y" the newest. The error names what is nearest.
[[nodiscard]] std::expected<DebianKernel, std::string> choose_kernel(
    std::span<const DebianKernel> kernels, std::string_view name);

/// "debian-6.12" of "debian-6.12.118".
[[nodiscard]] std::string minor_release_of(std::string_view name);

/// Whether it is "debian-X.Y" or "debian-X.Y.Z".
[[nodiscard]] bool is_kernel_name(std::string_view kernel);

/// "debian-6.9" stands before "debian-6.10".
[[nodiscard]] bool is_older(std::string_view a, std::string_view b);

}  // namespace vmadiff::kernel
