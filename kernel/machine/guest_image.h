// kernel: the program that is the first process of a virtual machine, carried inside the library.
#pragma once

#include <string_view>

namespace vmadiff::kernel {

/// The ELF file, as it was linked; empty where the build has none (VMADIFF_GUEST).
[[nodiscard]] std::string_view guest_image();

}  // namespace vmadiff::kernel
