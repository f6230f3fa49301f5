// kernel: what all of the agent stands on: system calls, who it is, and the window.
#pragma once

#include <asm/unistd.h>

#include "kernel/agent/protocol.h"

namespace vmadiff::kernel {

/// A value, or minus an errno.
inline uint64_t system_call(uint64_t number, uint64_t a0 = 0, uint64_t a1 = 0, uint64_t a2 = 0,
                            uint64_t a3 = 0, uint64_t a4 = 0, uint64_t a5 = 0) {
  uint64_t result = number;
  register uint64_t r10 asm("r10") = a3;
  register uint64_t r8 asm("r8") = a4;
  register uint64_t r9 asm("r9") = a5;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a0), "S"(a1), "d"(a2), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

inline uint64_t address_of(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

[[noreturn]] inline void leave(uint64_t status) {
  for (;;) system_call(__NR_exit_group, status);
}

/// Which process this is. A forked one has its own.
inline uint32_t me = 0;

inline Window& the_window() { return *__builtin_bit_cast(Window*, kWindowStart); }

}  // namespace vmadiff::kernel
