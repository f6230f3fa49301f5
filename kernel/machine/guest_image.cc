// kernel: the program that is the first process of a virtual machine, carried inside the library.
#include "kernel/machine/guest_image.h"

// VMADIFF_GUEST_FILE is the linked program; the build rebuilds this file when it changes.
asm(R"(
  .pushsection .rodata.vmadiff_guest, "a"
  .globl vmadiff_guest_begin
  .globl vmadiff_guest_end
  .balign 16
vmadiff_guest_begin:
  .incbin ")" VMADIFF_GUEST_FILE R"("
vmadiff_guest_end:
  .popsection
)");

extern "C" {
extern const char vmadiff_guest_begin[];
extern const char vmadiff_guest_end[];
}

namespace vmadiff::kernel {

std::string_view guest_image() { return {vmadiff_guest_begin, vmadiff_guest_end}; }

}  // namespace vmadiff::kernel
