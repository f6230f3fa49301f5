// impl: what happens, fast? This file: who may lock how much, and which memory can be locked.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// VM_LOCKED_MASK.
inline constexpr spec::VmFlags kVmLockedMask = spec::kVmLocked | spec::kVmLockonfault;

/// can_do_mlock: whether the process may lock anything at all (RLIMIT_MEMLOCK is not 0). No
/// process here has CAP_IPC_LOCK.
[[nodiscard]] bool can_do_mlock(const MmStruct& mm);

/// vma_supports_mlock: a VMA that is special, droppable or of huge pages never gets VM_LOCKED and
/// is not counted.
[[nodiscard]] bool vma_supports_mlock(const VmArea& vma);

}  // namespace vmadiff::impl
