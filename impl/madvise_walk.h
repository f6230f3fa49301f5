// impl: what happens, fast? This file: the walk of madvise(2), which naming memory takes as well.
#pragma once

#include <algorithm>
#include <concepts>

#include "impl/mm.h"

namespace vmadiff::impl {

/// What is done with [start, end) of a VMA. `prev` lies below that, and is to become the VMA that
/// includes it afterwards.
template <typename T>
concept VisitsVma =
    std::same_as<std::invoke_result_t<T&, VmArea&, VmArea*&, spec::Address, spec::Address>,
                 Failure>;

/// madvise_walk_vmas of [start, end), which is not empty: goes on past holes and answers ENOMEM at
/// the end. The first failure of a visit ends it.
Failure madvise_walk_vmas(MmStruct& mm, spec::Address start, spec::Address end,
                          VisitsVma auto visit) {
  Failure unmapped;
  VmArea* vma = mm.find_vma(start);
  VmArea* prev = vma != nullptr && start > vma->vm_start ? vma : mm.vma_before(start);
  while (true) {
    if (vma == nullptr) return spec::Errno::kENOMEM;
    if (start < vma->vm_start) {
      unmapped = spec::Errno::kENOMEM;
      start = vma->vm_start;
      if (start >= end) return unmapped;
    }
    if (const Failure failed = visit(*vma, prev, start, std::min(end, vma->vm_end))) return failed;
    start = prev->vm_end;
    if (start >= end) return unmapped;
    vma = mm.find_vma(start);
  }
}

}  // namespace vmadiff::impl
