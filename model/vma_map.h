// model: the VMAs by address. Where they are, and how one becomes two or two become one; not when.
// Knows no files and no kernel, and of flags only those
// that stick.
#pragma once

#include <boost/container/flat_map.hpp>
#include <cstddef>
#include <ranges>

#include "spec/snapshot.h"
#include "spec/units.h"

namespace vmadiff::model {

/// VMAs keyed by start: never empty, never overlapping. Every change invalidates the pointers.
class VmaMap {
 public:
  using Map = boost::container::flat_map<spec::Address, spec::Vma>;

  void clear() { vmas_.clear(); }
  [[nodiscard]] std::size_t size() const { return vmas_.size(); }
  [[nodiscard]] const Map& all() const { return vmas_; }
  [[nodiscard]] Map& all() { return vmas_; }

  /// The VMA that holds address `a`, or null.
  [[nodiscard]] spec::Vma* at(spec::Address a);
  [[nodiscard]] const spec::Vma* at(spec::Address a) const;
  /// The lowest VMA that ends above `a`: the one that holds `a`, else the next; null at the end.
  [[nodiscard]] spec::Vma* at_or_after(spec::Address a);
  [[nodiscard]] const spec::Vma* at_or_after(spec::Address a) const;
  /// The highest VMA that starts below `a`, or null.
  [[nodiscard]] const spec::Vma* before(spec::Address a) const;
  /// The VMA that ends exactly at `a`, or null.
  [[nodiscard]] spec::Vma* ending_at(spec::Address a);
  /// The VMA that starts exactly at `a`, or null.
  [[nodiscard]] spec::Vma* starting_at(spec::Address a);
  /// Those of which some part lies in `range`, ascending.
  [[nodiscard]] std::ranges::subrange<Map::const_iterator> overlapping(spec::Range range) const;
  [[nodiscard]] bool is_free(spec::Range range) const;
  /// Whether no page of `range` is free.
  [[nodiscard]] bool is_all_mapped(spec::Range range) const;

  /// Adds a VMA where nothing is.
  void put(const spec::Vma& vma);
  /// Makes two of the VMA that holds `a` inside, the second beginning at `a`; nothing where `a` is
  /// no VMA's inside. Both keep flags, file and anon_vma; offsets go on.
  void cut_at(spec::Address a);
  /// Removes the VMAs of `range`; none reaches over its ends.
  void remove(spec::Range range);
  /// Makes one of the VMA that ends at `a` and the one that starts there. Flags, file and offset
  /// are the first one's, the anon_vma that of either, sticky flags those of both.
  void join_at(spec::Address a);

 private:
  Map vmas_;
};

/// The part of `vma` that lies in `range` (within it), as a VMA of its own.
[[nodiscard]] spec::Vma part_of(const spec::Vma& vma, spec::Range range);

}  // namespace vmadiff::model
