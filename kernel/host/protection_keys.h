// kernel: whether memory protection keys are in use on this machine: the CPU has them, and the
// kernel has turned them on.
#pragma once

#include <cpuid.h>

namespace vmadiff::kernel {

[[nodiscard]] inline bool has_protection_keys() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned kLeaf = 7;
  constexpr unsigned kOspke = 1U << 4;
  return __get_cpuid_count(kLeaf, 0, &a, &b, &c, &d) != 0 && (c & kOspke) != 0;
}

}  // namespace vmadiff::kernel
