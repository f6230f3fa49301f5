// reports: the files of program/, as they stand in the binary.
#include "reports/reproducer_parts.h"

// VMADIFF_PROGRAM is the folder; the build makes this file anew when one of them changes.
asm(R"(
  .pushsection .rodata.vmadiff_program, "a"
  .globl vmadiff_program_begin, vmadiff_program_tables, vmadiff_program_end
vmadiff_program_begin:
  .incbin ")" VMADIFF_PROGRAM R"(/types.c"
vmadiff_program_tables:
  .incbin ")" VMADIFF_PROGRAM R"(/subject.c"
  .byte 10
  .incbin ")" VMADIFF_PROGRAM R"(/calls.c"
  .byte 10
  .incbin ")" VMADIFF_PROGRAM R"(/layouts.c"
  .byte 10
  .incbin ")" VMADIFF_PROGRAM R"(/main.c"
vmadiff_program_end:
  .popsection
)");

extern "C" {
extern const char vmadiff_program_begin[];
extern const char vmadiff_program_tables[];
extern const char vmadiff_program_end[];
}

namespace vmadiff::reports {

std::string program_types() { return {vmadiff_program_begin, vmadiff_program_tables}; }
std::string program_rest() { return {vmadiff_program_tables, vmadiff_program_end}; }

}  // namespace vmadiff::reports
