// model: the pages that MADV_GUARD_INSTALL made fault. They belong to addresses, not to VMAs: what
// cuts or joins VMAs leaves them alone.
#pragma once

#include <boost/icl/interval_set.hpp>
#include <functional>

#include "spec/units.h"

namespace vmadiff::model {

class GuardPages {
 public:
  void clear() { pages_.clear(); }
  [[nodiscard]] bool is_empty() const { return pages_.empty(); }
  void install(spec::Range range);
  void remove(spec::Range range);
  /// What lay in [from, from + length) lies in [to, to + length) afterwards; the two do not
  /// overlap.
  void move(spec::Address from, spec::Address to, spec::Address length);
  /// The start of the first guard page in `range`; the end of the range where there is none.
  [[nodiscard]] spec::Address first_in(spec::Range range) const;

 private:
  using Interval = boost::icl::right_open_interval<spec::Address>;
  boost::icl::interval_set<spec::Address, std::less, Interval> pages_;
};

}  // namespace vmadiff::model
