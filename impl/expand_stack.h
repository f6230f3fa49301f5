// impl: what happens, fast? This file: stacks (MAP_GROWSDOWN) that grow when they are touched.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// lock_mm_and_find_vma: the VMA that contains `addr` (bytes), if need be because the one above,
/// where that grows down, was made to. Null where there is none.
[[nodiscard]] VmArea* find_vma_or_expand(MmStruct& mm, spec::Address addr);

}  // namespace vmadiff::impl
