// model: the pages that MADV_GUARD_INSTALL made fault.
#include "model/guard_pages.h"

#include <algorithm>

namespace vmadiff::model {

using spec::Address;
using spec::Range;

void GuardPages::install(Range range) { pages_ += Interval{range.start, range.end}; }

void GuardPages::remove(Range range) {
  if (!pages_.empty()) pages_ -= Interval{range.start, range.end};
}

void GuardPages::move(Address from, Address to, Address length) {
  if (pages_.empty()) return;
  const auto moved = pages_ & Interval{from, from + length};
  pages_ -= Interval{from, from + length};
  for (const Interval& part : moved) {
    install({part.lower() - from + to, part.upper() - from + to});
  }
}

Address GuardPages::first_in(Range range) const {
  if (pages_.empty()) return range.end;
  const auto found = pages_.lower_bound(Interval{range.start, range.start + 1});
  return found == pages_.end() ? range.end : std::clamp(found->lower(), range.start, range.end);
}

}  // namespace vmadiff::model
