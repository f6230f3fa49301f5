// impl: what happens, fast? This file: which anon_vma a VMA gets with its first private page.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// anon_vma_prepare: gives the VMA an anon_vma if it has none: that of its next or else of its
/// previous neighbour where the two differ in no more than mprotect can change, or a new one.
void anon_vma_prepare(MmStruct& mm, VmArea& vma);

}  // namespace vmadiff::impl
