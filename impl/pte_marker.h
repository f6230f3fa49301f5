// impl: what happens, fast? This file: PTE_MARKER_GUARD, the one kind of page table entry that
// other calls can see: whoever meets one gets a SIGSEGV.
#pragma once

#include "impl/maple_tree/maple_tree.h"
#include "spec/units.h"

namespace vmadiff::impl {

/// The guard markers of an address space, by page. Ranges are half-open, bytes, page-aligned.
class GuardMarkers {
 public:
  /// False, with nothing changed, where memory is exhausted.
  [[nodiscard]] bool install(spec::Address start, spec::Address end) {
    return markers_.store(start, end - 1, true);
  }
  /// Takes the markers of [start, end) away; what is left of a range needs no page table.
  void zap(spec::Address start, spec::Address end);
  /// move_page_tables: the markers of [from, from + length) are at `to` from now on.
  void move(spec::Address from, spec::Address to, spec::Address length);
  /// The first page of [start, end) with a marker; `end` where none has.
  [[nodiscard]] spec::Address first(spec::Address start, spec::Address end) const;
  /// copy_page_range for all of another address space at once.
  void copy(const GuardMarkers& other) { markers_.copy(other.markers_); }
  void clear() { markers_.clear(); }

 private:
  MapleTree<bool> markers_;  ///< keys are bytes
};

}  // namespace vmadiff::impl
