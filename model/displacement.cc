// model: how far the own pages of private files have moved.
#include "model/displacement.h"

namespace vmadiff::model {

using spec::Address;
using spec::Range;

void Displacement::set(Range range, std::uint64_t pages) {
  const Interval interval{range.start, range.end};
  if (pages != 0) {
    pages_.set({interval, pages});
  } else if (!pages_.empty()) {
    pages_.erase(interval);
  }
}

std::uint64_t Displacement::at(Address a) const {
  const auto found = pages_.find(a);
  return found == pages_.end() ? 0 : found->second;
}

bool Displacement::goes_on_at(Address a) const { return at(a - 1) == at(a); }

}  // namespace vmadiff::model
