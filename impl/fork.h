// impl: what happens, fast? This file: how an address space begins: as a copy of another (dup_mm),
// or anew (exec_mmap).
#pragma once

#include <expected>
#include <memory>

#include "impl/mm.h"
#include "spec/errno.h"

namespace vmadiff::impl {

/// dup_mmap. ENOMEM: a charge for one of its VMAs is refused, or memory is exhausted.
[[nodiscard]] std::expected<std::unique_ptr<MmStruct>, spec::Errno> dup_mm(const MmStruct& oldmm);

/// Back to the set-up's mappings; merge-any, MDWE and the limits go over to the new program, and
/// ksm_exec marks what is eligible.
void exec_mmap(MmStruct& mm);

}  // namespace vmadiff::impl
