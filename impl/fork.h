// impl: what happens, fast? This file: how an address space begins: as a copy of another (dup_mm),
// or anew (exec_mmap).
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// dup_mm, into an address space of the same machine that is no process's, whatever it was; if that
/// succeeds, it is one. ENOMEM: a charge for one of the VMAs is refused, or memory is exhausted.
[[nodiscard]] Failure dup_mm(MmStruct* mm, const MmStruct& oldmm);

/// Back to the set-up's mappings; merge-any, MDWE and the limits go over to the new program, and
/// ksm_exec marks what is eligible.
void exec_mmap(MmStruct& mm);

}  // namespace vmadiff::impl
