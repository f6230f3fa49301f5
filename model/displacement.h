// model: how far the own pages of private files have moved with the memory that they are in. As
// anonymous memory is found by the address at which it was mapped, they are, beside the file's
// offset. It belongs to addresses, not to VMAs: what cuts or joins VMAs leaves it alone.
#pragma once

#include <boost/icl/interval_map.hpp>
#include <cstdint>
#include <functional>

#include "spec/flags.h"
#include "spec/snapshot.h"
#include "spec/units.h"

namespace vmadiff::model {

/// Whether the VMA's own pages have an offset beside the file's. That of memory without a file is
/// its only one, and shared mappings have no pages of their own.
[[nodiscard]] constexpr bool has_own_offset(const spec::Vma& vma) {
  return !vma.file.is_none() && (vma.flags & spec::kVmMayshare) == 0;
}

class Displacement {
 public:
  void clear() { pages_.clear(); }
  /// `pages` from where they were when they began, modulo 2^64; 0: at home.
  void set(spec::Range range, std::uint64_t pages);
  [[nodiscard]] std::uint64_t at(spec::Address a) const;
  /// Whether what lies on both sides of `a` has moved equally far, so that its offsets go on.
  [[nodiscard]] bool goes_on_at(spec::Address a) const;

 private:
  using Interval = boost::icl::right_open_interval<spec::Address>;
  boost::icl::interval_map<spec::Address, std::uint64_t, boost::icl::partial_absorber, std::less,
                           boost::icl::inplace_plus, boost::icl::inter_section, Interval>
      pages_;
};

}  // namespace vmadiff::model
