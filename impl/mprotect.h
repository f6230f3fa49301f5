// impl: what happens, fast? This file: PR_SET_MDWE, which mmap and mprotect ask.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// map_deny_write_exec: whether a VMA that has the flags `from` must not get `to`.
[[nodiscard]] inline bool map_deny_write_exec(const MmStruct& mm, spec::VmFlags from,
                                              spec::VmFlags to) {
  if ((mm.mdwe & spec::kMdweRefuseExecGain) == 0) return false;
  const bool is_executable = (to & spec::kVmExec) != 0;
  const bool gains = (from & spec::kVmExec) == 0 || (to & spec::kVmWrite) != 0;
  return is_executable && gains;
}

}  // namespace vmadiff::impl
