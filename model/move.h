// model: a mapping moves: a copy of it is laid down elsewhere and joined with its neighbours there;
// then what it was copied from goes. The part of mremap that is left once it knows where to.
#pragma once

#include "model/address_space.h"
#include "model/result.h"
#include "spec/units.h"

namespace vmadiff::model {

struct Move {
  spec::Address from = 0;        ///< bytes, within a VMA
  spec::Address old_length = 0;  ///< bytes, within the same VMA; 0: nothing goes, a second mapping
  spec::Range to;                ///< free; may be longer than what moves
  spec::Address cut_off = 0;     ///< bytes that the same call unmapped behind the old range
  bool keeps_source = false;     ///< MREMAP_DONTUNMAP: what moved stays mapped, and is empty
};

/// ENOMEM: less than four VMAs below the limit (before 7.1), or the charge is refused. EINVAL: a
/// hugetlb VMA, not cut at a huge page. On an error nothing has changed.
[[nodiscard]] Result move(AddressSpace& space, const Move& move);

}  // namespace vmadiff::model
