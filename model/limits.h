// model: the resource limits of a process, as the calls that can grow its memory ask for them.
#pragma once

#include <cstdint>

#include "model/address_space.h"
#include "spec/flags.h"

namespace vmadiff::model {

/// Whether `pages` more of memory with these flags would stay within RLIMIT_AS and, for what counts
/// as data, RLIMIT_DATA (may_expand_vm).
[[nodiscard]] bool may_expand(const AddressSpace& space, spec::VmFlags flags, std::uint64_t pages);

/// Whether memory with these flags can be locked at all; else VM_LOCKED is never set on it, or
/// taken back (vma_supports_mlock).
[[nodiscard]] constexpr bool can_be_locked(spec::VmFlags flags) {
  return (flags & (spec::kVmSpecial | spec::kVmHugetlb | spec::kVmDroppable)) == 0;
}

/// Whether the process may lock anything: RLIMIT_MEMLOCK is not 0 (can_do_mlock; no CAP_IPC_LOCK).
[[nodiscard]] bool may_lock_at_all(const AddressSpace& space);

/// Whether `pages` more of memory with these flags would stay within RLIMIT_MEMLOCK, if it is
/// locked memory (mlock_future_ok).
[[nodiscard]] bool may_lock(const AddressSpace& space, spec::VmFlags flags, std::uint64_t pages);

/// Whether the break may be at `addr`: RLIMIT_DATA counts the heap and the program's own data, in
/// bytes (check_data_rlimit).
[[nodiscard]] bool may_move_break(const AddressSpace& space, spec::Address addr);

}  // namespace vmadiff::model
