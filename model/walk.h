// model: VMA by VMA through a range, in ascending order, as most calls that change memory go. What
// came before an error stays changed.
#pragma once

#include <algorithm>
#include <concepts>

#include "model/address_space.h"
#include "model/result.h"

namespace vmadiff::model {

/// What `change` is called with: the part of a VMA that lies in the range (bytes, half-open), and
/// the VMA as it is then. It may split and join VMAs, this one too.
template <typename T>
concept ChangesPart = std::invocable<T&, spec::Range, spec::Vma&> &&
                      std::same_as<std::invoke_result_t<T&, spec::Range, spec::Vma&>, Result>;

/// Each VMA's part of the range, holes passed over. The first error ends it.
Result for_each_part(AddressSpace& space, spec::Range range, ChangesPart auto change) {
  for (spec::Address at = range.start; at < range.end;) {
    spec::Vma* const vma = space.vmas.at_or_after(at);
    if (vma == nullptr || vma->start >= range.end) break;
    const spec::Range part{std::max(at, vma->start), std::min(range.end, vma->end)};
    if (const Result done = change(part, *vma); !done) return done;
    at = part.end;
  }
  return {};
}

/// The same up to the first hole, which is ENOMEM.
Result for_each_part_to_hole(AddressSpace& space, spec::Range range, ChangesPart auto change) {
  for (spec::Address at = range.start; at < range.end;) {
    spec::Vma* const vma = space.vmas.at(at);
    if (vma == nullptr) return fail(spec::Errno::kENOMEM);
    const spec::Range part{at, std::min(range.end, vma->end)};
    if (const Result done = change(part, *vma); !done) return done;
    at = part.end;
  }
  return {};
}

}  // namespace vmadiff::model
