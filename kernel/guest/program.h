// kernel: inside the virtual machine: runs a program that somebody brought along.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "kernel/machine/messages.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// Runs the ELF file, which needs no libraries, with no arguments, up to its end, or until it has
/// said nothing for 30 s.
[[nodiscard]] std::expected<ProgramEnd, spec::ToolFault> run_program(std::string_view elf);

}  // namespace vmadiff::kernel
