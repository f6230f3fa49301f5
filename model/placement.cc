// model: where a mapping goes.
#include "model/placement.h"

#include <algorithm>
#include <optional>

#include "model/file_rules.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::FileClass;
using spec::kHugePageSize;
using spec::kPageSize;
using spec::Range;
using spec::Vma;

namespace {

constexpr Address kFourGiB = Address{4} << 30;

constexpr Address align_up(Address a, Address alignment) {
  return (a + alignment - 1) & ~(alignment - 1);
}

/// A range to find: what is left of a request once the rule for its file is known.
struct Wanted {
  std::optional<Address> hint;
  Address length = 0;
  Address alignment = kPageSize;
  bool below_2g = false;
  bool above_4g = false;
};

// The highest free range below mmap_base that has room for the length, wherever in it an aligned
// address falls: the room that is asked for is larger by the most that aligning can cost. Where
// what is found would lie in the gap below a stack, the search goes on below that gap, whatever
// lies in it (unmapped_area_topdown).
std::optional<Address> search_down(const AddressSpace& space, const Wanted& wanted) {
  Address lowest = wanted.above_4g ? kFourGiB : kPageSize;
  if (space.profile.search_floor == spec::SearchFloor::kLowestMappable) {
    lowest = std::max(lowest, space.setup->placement_min_addr);
  }
  const Address room = wanted.length + wanted.alignment - kPageSize;
  const auto& vmas = space.vmas.all();
  Address limit = space.setup->mmap_base;
  Address high = limit;
  for (auto vma = vmas.rbegin();; ++vma) {
    const bool last = vma == vmas.rend();
    const Address low = last ? lowest : std::max(lowest, vma->second.end);
    high = std::min(high, limit);
    if (high > low && high - low >= room) {
      const Address found = (high - wanted.length) & ~(wanted.alignment - 1);
      const Vma* const next = space.vmas.at_or_after(found);
      const Address gap = next == nullptr ? ~Address{0} : start_with_gap(*space.setup, *next);
      // The room for aligning counts here, too.
      if (found + room <= gap) return found;
      // Where the gap takes all that is below, the search wraps round to the end of all addresses,
      // where nothing can be (measured on 6.18, 6.12 and 6.1: ENOMEM, whatever is free elsewhere).
      if (gap == 0) return (0 - wanted.length) & ~(wanted.alignment - 1);
      limit = high = std::min(high, gap);
      if (high > low && high - low >= room) {
        return (high - wanted.length) & ~(wanted.alignment - 1);
      }
    }
    if (last) return std::nullopt;
    high = std::min(high, vma->second.start);
  }
}

// The lowest free range of `within`. What would lie in the gap below a stack is looked for again
// behind that stack (unmapped_area).
std::optional<Address> search_up(const AddressSpace& space, const Wanted& wanted, Range within) {
  const Address room = wanted.length + wanted.alignment - kPageSize;
  const auto& vmas = space.vmas.all();
  Address low = std::max(within.start, space.setup->placement_min_addr);
  for (auto vma = vmas.begin();; ++vma) {
    const bool last = vma == vmas.end();
    const Address high = last ? within.end : std::min(within.end, vma->second.start);
    if (high > low && high - low >= room) {
      const Address found = align_up(low, wanted.alignment);
      // The free range has been found large enough; only a stack is asked again, and then for the
      // room for the alignment once more, behind the alignment.
      const Vma* const next = space.vmas.at_or_after(found);
      const bool is_stack = next != nullptr && (next->flags & spec::kVmGrowsdown) != 0;
      if (!is_stack || found + room <= start_with_gap(*space.setup, *next)) return found;
    }
    if (last) return std::nullopt;
    low = std::max(low, vma->second.end);
  }
}

bool is_hint_free(const AddressSpace& space, const Wanted& wanted, Address end) {
  if (!wanted.hint || wanted.length > end || *wanted.hint > end - wanted.length) return false;
  const Vma* const next = space.vmas.at_or_after(*wanted.hint);
  return next == nullptr || *wanted.hint + wanted.length <= start_with_gap(*space.setup, *next);
}

// A hint is taken where the range at it is free; otherwise it has no influence at all.
std::optional<Address> hint_or_search(const AddressSpace& space, const Wanted& wanted) {
  const Address task_size = space.setup->task_size;
  if (wanted.length > task_size) return std::nullopt;
  // MAP_32BIT is for code that is addressed with 31 bits, and leaves the first gigabyte to the heap
  // (find_start_end).
  constexpr Range kBelow2G{Address{1} << 30, Address{2} << 30};
  if (is_hint_free(space, wanted, wanted.below_2g ? kBelow2G.end : task_size)) return wanted.hint;
  if (wanted.below_2g) return search_up(space, wanted, kBelow2G);
  if (!space.setup->bottom_up) {
    if (const auto down = search_down(space, wanted)) return down;
  }
  // Bottom-up, or where there is no room below mmap_base: from TASK_UNMAPPED_BASE, a third of the
  // task size, up.
  return search_up(space, wanted, {align_up(task_size / 3, kPageSize), task_size});
}

// Transparent huge pages want address and file offset equal modulo 2 MiB. The range is searched
// with 2 MiB to spare, and shifted up in what is found; all the way where the search went downwards
// and found an aligned range, so that it lies as high as it can. A hint is tried with the spare
// room too: a free range at the hint that is only just large enough is passed over.
// (__thp_get_unmapped_area; nothing where no whole huge page would fit the file's offsets.)
std::optional<Address> huge_page_aligned(const AddressSpace& space, Wanted wanted,
                                         std::uint64_t pgoff) {
  const Address length = wanted.length;
  const Address offset = pgoff << spec::kPageShift;
  const Address offset_aligned = align_up(offset, kHugePageSize);
  const auto end = static_cast<std::int64_t>(offset + length);
  const auto aligned = static_cast<std::int64_t>(offset_aligned);
  if (end <= aligned || offset + length - offset_aligned < kHugePageSize) return std::nullopt;
  wanted.length = length + kHugePageSize;
  if (offset + wanted.length < offset) return std::nullopt;

  const auto found = hint_or_search(space, wanted);
  if (!found || found == wanted.hint) return found;
  const Address shift = (offset - *found) % kHugePageSize;
  const bool goes_to_top = space.profile.aligned_room == spec::AlignedRoom::kToTop;
  return *found + (shift == 0 && goes_to_top && !space.setup->bottom_up ? kHugePageSize : shift);
}

enum class Rule { kPlain, kHugePageAligned, kHugetlb };

Rule rule_for(const AddressSpace& space, const PlacementRequest& request) {
  switch (request.file.cls) {
    case FileClass::kNone:  // private anonymous memory
      return !request.shared && request.addr == 0 && request.length % kHugePageSize == 0 &&
                     space.profile.anon_placement == spec::AnonPlacement::kHugePageAligned
                 ? Rule::kHugePageAligned
                 : Rule::kPlain;
    case FileClass::kFile:
    case FileClass::kFileReadOnly:
    case FileClass::kLegacyFile:
      return Rule::kHugePageAligned;
    case FileClass::kZero:
      return !request.shared &&
                     space.profile.zero_placement == spec::ZeroPlacement::kHugePageAligned
                 ? Rule::kHugePageAligned
                 : Rule::kPlain;
    case FileClass::kHugetlb:
    case FileClass::kAnonHugetlb:
      return Rule::kHugetlb;
    default:
      return Rule::kPlain;  // shmem too: its huge pages are off ("never")
  }
}

std::optional<Address> hint_at(Address a) { return a != 0 ? std::optional{a} : std::nullopt; }

std::optional<Address> choose(const AddressSpace& space, const PlacementRequest& request) {
  Wanted wanted{.hint = hint_at(request.addr),
                .length = request.length,
                .below_2g = request.below_2g,
                .above_4g = request.above_4g};
  switch (rule_for(space, request)) {
    case Rule::kPlain:
      break;
    case Rule::kHugePageAligned:
      if (const auto found = huge_page_aligned(space, wanted, request.pgoff)) return found;
      break;
    case Rule::kHugetlb:
      wanted.alignment = kHugePageSize;
      switch (space.profile.hugetlb_placement) {
        case spec::HugetlbPlacement::kOwnSearch:
          // Down to 0, possibly, which is then a hint like any other.
          if (wanted.hint) *wanted.hint &= ~(kHugePageSize - 1);
          wanted.below_2g = wanted.above_4g = false;
          break;
        case spec::HugetlbPlacement::kCommonSearch:
          wanted.hint = hint_at(align_up(request.addr, kHugePageSize));  // may wrap to none
          break;
      }
      break;
  }
  return hint_or_search(space, wanted);
}

}  // namespace

Address start_with_gap(const spec::Setup& setup, const Vma& vma) {
  if ((vma.flags & spec::kVmGrowsdown) == 0) return vma.start;
  const Address gap = setup.stack_guard_gap << spec::kPageShift;
  return vma.start > gap ? vma.start - gap : 0;
}

std::expected<Address, Errno> place(const AddressSpace& space, const PlacementRequest& request) {
  const spec::Setup& setup = *space.setup;
  if (request.length > setup.task_size) return std::unexpected{Errno::kENOMEM};
  Address addr = request.addr;
  if (!request.fixed) {
    const auto chosen = choose(space, request);
    if (!chosen) return std::unexpected{Errno::kENOMEM};
    addr = *chosen;
  } else if (is_hugetlb(request.file.cls) && addr % kHugePageSize != 0) {
    return std::unexpected{Errno::kEINVAL};
  }
  // The kernel passes addresses and errnos in one word: the last 4095 addresses read as errnos.
  constexpr Address kErrnoMax = 4095;
  if (addr >= -kErrnoMax) return std::unexpected{static_cast<Errno>(-addr)};
  if (addr > setup.task_size - request.length) return std::unexpected{Errno::kENOMEM};
  if (!spec::is_page_aligned(addr)) return std::unexpected{Errno::kEINVAL};
  if (addr < setup.mmap_min_addr) return std::unexpected{Errno::kEPERM};
  return addr;
}

Address usable_hint(const spec::Setup& setup, Address addr) {
  const Address hint = spec::page_down(addr);
  if (hint == 0) return 0;
  return std::max(hint, spec::page_up(setup.placement_min_addr));
}

}  // namespace vmadiff::model
