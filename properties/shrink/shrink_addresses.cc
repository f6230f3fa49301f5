// properties: addresses that move together. The boundaries of all ranges that calls name cut the
// address space into segments; making a segment shorter moves everything behind it down and takes
// the pages out of every range that covers it, so that what was adjacent stays adjacent.
#include <rapidcheck/seq/Create.h>
#include <rapidcheck/seq/Transform.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "properties/shrink/plainer.h"
#include "properties/shrink/shrink.h"

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::Sequence;

/// Where a minimal sequence has its first address.
constexpr Address kCanonical = 0x100000000000;
/// More segments than this are not moved all at once: it takes a walk over the sequence for each.
constexpr std::size_t kSegmentsMax = 1024;
/// Addresses out of this window are the heap's, or wild: they stay.
constexpr spec::Range kWindow{0x100000000, 0x7ffff8000000};

constexpr bool is_movable(Address a) { return a >= kWindow.start && a < kWindow.end; }

/// A move of every address at or behind `from` down by `by`.
struct Cut {
  Address from = 0;
  Address by = 0;
  bool offsets = false;  ///< offsets of files mapped there move along, to stay contiguous
};

Address moved(Address a, const Cut& cut) { return is_movable(a) && a >= cut.from ? a - cut.by : a; }

class Apply {
 public:
  explicit Apply(const Cut& cut) : cut_(cut) {}

  /// False where the range would vanish or turn over.
  bool operator()(spec::Mmap& call) const {
    const bool fixed = (call.flags & kPlacement) != 0;
    if (!fixed && call.addr == 0) return true;
    const Address was = call.addr;
    if (!range(call)) return false;
    if (cut_.offsets && call.addr != was && call.offset >= cut_.by) call.offset -= cut_.by;
    return true;
  }
  /// The destination keeps its size: where the old range shrinks, so does the new one.
  bool operator()(spec::Mremap& call) const {
    const Address old_length = call.length;
    if (!range(call)) return false;
    const Address gone = old_length - call.length;
    if (call.new_length > gone) call.new_length -= gone;
    call.new_addr = moved(call.new_addr, cut_);
    return true;
  }
  template <typename Call>
  bool operator()(Call& call) const {
    if constexpr (requires { call.length; }) return range(call);
    return true;
  }

 private:
  bool range(auto& call) const {
    const Address end = call.addr + call.length;
    if (!is_movable(call.addr) || end < call.addr || end > kWindow.end) return true;
    const Address start = moved(call.addr, cut_);
    const Address new_end = moved(end, cut_);
    if (new_end < start || (new_end == start && call.length != 0)) return false;
    call.addr = start;
    call.length = new_end - start;
    return true;
  }

  const Cut& cut_;
};

std::optional<Sequence> apply(Sequence sequence, const std::vector<Cut>& cuts) {
  for (const Cut& cut : cuts) {
    for (spec::Step& step : sequence) {
      if (!std::visit(Apply{cut}, step.call)) return std::nullopt;
    }
  }
  return sequence;
}

struct Boundaries {
  std::vector<Address>& out;
  void operator()(const spec::Mmap& call) const {
    if (call.addr != 0) add(call.addr, call.length);
  }
  void operator()(const spec::Mremap& call) const {
    add(call.addr, call.length);
    add(call.addr, call.new_length);
    if (call.new_addr != 0) add(call.new_addr, call.new_length);
  }
  template <typename Call>
  void operator()(const Call& call) const {
    if constexpr (requires { call.length; }) add(call.addr, call.length);
  }

  void add(Address addr, Address length) const {
    const Address end = addr + length;
    if (!is_movable(addr) || end < addr || end > kWindow.end) return;
    out.push_back(spec::page_down(addr));
    out.push_back(spec::page_up(end));
  }
};

std::vector<Address> boundaries(const Sequence& sequence) {
  std::vector<Address> out;
  for (const spec::Step& step : sequence) std::visit(Boundaries{out}, step.call);
  std::ranges::sort(out);
  const auto rest = std::ranges::unique(out);
  out.erase(rest.begin(), rest.end());
  return out;
}

/// All of it to the canonical place, segments `length` bytes long where they are longer. Cuts run
/// from the highest down, so that one does not move the place of the next.
std::vector<Cut> all_segments_to(const std::vector<Address>& at, Address length, bool offsets) {
  std::vector<Cut> cuts;
  for (std::size_t i = at.size() - 1; i > 0; --i) {
    const Address size = at[i] - at[i - 1];
    if (size > length) cuts.push_back({at[i], size - length, offsets});
  }
  if (at.front() > kCanonical) cuts.push_back({at.front(), at.front() - kCanonical, false});
  return cuts;
}

/// A NULL address that becomes this one.
using Fixed = std::pair<std::size_t, Address>;

Sequence with_place_fixed(Sequence sequence, const Fixed& fixed) {
  auto& mmap = std::get<spec::Mmap>(sequence[fixed.first].call);
  mmap.addr = fixed.second;
  mmap.flags |= spec::kMapFixed;
  return sequence;
}

/// What a NULL address becomes: where the kernel puts it if nothing else is in the way, each one
/// below the one before. The calls that follow then find it, and all of it can move.
rc::Seq<Sequence> with_places_fixed(const Sequence& sequence, Address top) {
  std::vector<Fixed> places;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const auto* mmap = std::get_if<spec::Mmap>(&sequence[i].call);
    if (mmap == nullptr || mmap->addr != 0 || (mmap->flags & kPlacement) != 0) continue;
    if (mmap->length > top) break;
    top -= spec::page_up(mmap->length);
    places.emplace_back(i, top);
  }
  rc::Seq<Sequence> all;
  if (places.size() > 1) {
    Sequence fixed = sequence;
    for (const Fixed& place : places) fixed = with_place_fixed(std::move(fixed), place);
    all = rc::seq::just(std::move(fixed));
  }
  auto each =
      rc::seq::map(rc::seq::fromContainer(std::move(places)),
                   [sequence](const Fixed& place) { return with_place_fixed(sequence, place); });
  return rc::seq::concat(std::move(all), std::move(each));
}

}  // namespace

rc::Seq<Sequence> with_addresses_moved(const Sequence& sequence, const Landmarks& landmarks) {
  const auto at = boundaries(sequence);
  std::vector<std::vector<Cut>> candidates;
  const auto add = [&](std::vector<Cut> cuts) {
    if (!cuts.empty()) candidates.push_back(std::move(cuts));
  };
  if (!at.empty()) {
    if (at.size() <= kSegmentsMax) {
      add(all_segments_to(at, spec::kPageSize, true));
      add(all_segments_to(at, spec::kPageSize, false));
    }
    if (at.front() > kCanonical) {
      const Address by = at.front() - kCanonical;
      add({{at.front(), by, false}});
      // For what must stay aligned to huge pages.
      const Address huge = by & ~(spec::kHugePageSize - 1);
      if (huge != 0 && huge != by) add({{at.front(), huge, false}});
    }
    for (std::size_t i = 1; i < at.size(); ++i) {
      const Address size = at[i] - at[i - 1];
      // A segment may vanish (a gap that nobody needs), or be one page, or keep its place within
      // a huge page.
      for (const bool offsets : {true, false}) {
        add({{at[i], size, offsets}});
        if (size > spec::kPageSize) add({{at[i], size - spec::kPageSize, offsets}});
        if (size > spec::kHugePageSize) {
          add({{at[i], (size - 1) & ~(spec::kHugePageSize - 1), offsets}});
        }
      }
    }
  }
  auto moves = rc::seq::mapMaybe(rc::seq::fromContainer(std::move(candidates)),
                                 [sequence](const std::vector<Cut>& cuts) -> rc::Maybe<Sequence> {
                                   auto moved = apply(sequence, cuts);
                                   if (!moved || *moved == sequence) return rc::Nothing;
                                   return std::move(*moved);
                                 });
  return rc::seq::concat(with_places_fixed(sequence, landmarks.mmap_base), std::move(moves));
}

}  // namespace vmadiff::properties
