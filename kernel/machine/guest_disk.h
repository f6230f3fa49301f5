// kernel: the disk of a virtual machine: an ext4 file system, for regular files.
#pragma once

#include <string>

namespace vmadiff::kernel {

/// The path of its image, made when first asked for; empty where it cannot be made (no mke2fs): the
/// guest then has no regular files, and says so.
[[nodiscard]] std::string guest_disk();

}  // namespace vmadiff::kernel
