// impl: guard markers.
#include "impl/pte_marker.h"

#include <algorithm>
#include <cstdlib>

namespace vmadiff::impl {

using spec::Address;

void GuardMarkers::zap(Address start, Address end) {
  if (!markers_.find(start, end - 1)) return;
  // Page tables are freed here, not made: nothing may fail.
  if (!markers_.erase(start, end - 1)) std::abort();
}

void GuardMarkers::move(Address from, Address to, Address length) {
  const Address last = from + length - 1;
  for (auto entry = markers_.find(from, last); entry; entry = markers_.find(from, last)) {
    const Address start = std::max(entry->first, from);
    const Address stop = std::min(entry->last, last);
    if (!markers_.store(start - from + to, stop - from + to, true)) std::abort();
    zap(start, stop + 1);
  }
}

Address GuardMarkers::first(Address start, Address end) const {
  const auto entry = markers_.find(start, end - 1);
  return entry ? std::max(entry->first, start) : end;
}

}  // namespace vmadiff::impl
