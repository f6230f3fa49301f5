// kernel: a kernel out of unpacked packages, laid out in one way whatever way the packages have:
// DIR/boot/vmlinuz-RELEASE and DIR/lib/modules/RELEASE. Where things are is seen by what they are:
// the kernel says its release itself, and modules of another one are not taken along.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "spec/system.h"

namespace vmadiff::kernel {

/// Moves what is in `unpacked` to `place`. Gives the image's path.
[[nodiscard]] std::expected<std::filesystem::path, spec::ToolFault> lay_out_kernel(
    const std::filesystem::path& unpacked, const std::filesystem::path& place);

/// The one image of a kernel that was laid out; empty where there is none.
[[nodiscard]] std::filesystem::path image_in(const std::filesystem::path& place);
/// Whether it has modules of the image's release.
[[nodiscard]] bool has_modules(const std::filesystem::path& image);

}  // namespace vmadiff::kernel
