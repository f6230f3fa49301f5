// impl: what happens, fast? This file: what the resource limits of the process allow.
#pragma once

#include <cstdint>

#include "impl/mm.h"

namespace vmadiff::impl {

/// may_expand_vm: whether `pages` more of such memory stay within RLIMIT_AS and, for private
/// writable memory that is no stack (is_data_mapping), RLIMIT_DATA. Fewer pages are a number modulo
/// 2^64. RLIMIT_DATA 0 counts as no limit (a workaround for Valgrind; the hard limit is infinite).
[[nodiscard]] inline bool may_expand_vm(const MmStruct& mm, spec::VmFlags flags,
                                        std::uint64_t pages) {
  if (mm.counters.total_vm + pages > mm.limits.as >> spec::kPageShift) return false;
  constexpr spec::VmFlags kKind = spec::kVmWrite | spec::kVmShared | spec::kVmGrowsdown;
  return (flags & kKind) != spec::kVmWrite || mm.limits.data == 0 ||
         mm.counters.data_vm + pages <= mm.limits.data >> spec::kPageShift;
}

/// check_data_rlimit: whether the program's data and a heap that ends at `brk` stay within
/// RLIMIT_DATA, to the byte.
[[nodiscard]] bool check_data_rlimit(const MmStruct& mm, spec::Address brk);

/// mlock_future_ok: whether `bytes` more of memory with these flags stay within RLIMIT_MEMLOCK,
/// if it is locked. No process here has CAP_IPC_LOCK.
[[nodiscard]] bool mlock_future_ok(const MmStruct& mm, spec::VmFlags flags, spec::Address bytes);

}  // namespace vmadiff::impl
