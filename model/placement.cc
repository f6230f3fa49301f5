// model: where a mapping goes.
#include "model/placement.h"

#include <algorithm>
#include <optional>

#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::FileClass;
using spec::kHugePageSize;
using spec::kPageSize;

namespace {

constexpr Address align_up(Address a, Address alignment) {
  return (a + alignment - 1) & ~(alignment - 1);
}

// The highest free range below mmap_base that has room for `length`, wherever in it an aligned
// address falls: the room that is asked for is larger by the most that aligning can cost.
std::optional<Address> search_down(const AddressSpace& space, Address length, Address alignment) {
  const Address lowest = std::max(kPageSize, space.setup->placement_min_addr);
  const Address room = length + alignment - kPageSize;
  const auto& vmas = space.vmas.all();
  Address high = space.setup->mmap_base;
  for (auto vma = vmas.rbegin();; ++vma) {
    const bool last = vma == vmas.rend();
    const Address low = last ? lowest : std::max(lowest, vma->second.end);
    if (high > low && high - low >= room) return (high - length) & ~(alignment - 1);
    if (last) return std::nullopt;
    high = std::min(high, vma->second.start);
  }
}

// The lowest free range above TASK_UNMAPPED_BASE, a third of the task size; used where there is no
// room below mmap_base.
std::optional<Address> search_up(const AddressSpace& space, Address length, Address alignment) {
  const Address room = length + alignment - kPageSize;
  const auto& vmas = space.vmas.all();
  Address low =
      std::max(align_up(space.setup->task_size / 3, kPageSize), space.setup->placement_min_addr);
  for (auto vma = vmas.begin();; ++vma) {
    const bool last = vma == vmas.end();
    const Address high =
        last ? space.setup->task_size : std::min(space.setup->task_size, vma->second.start);
    if (high > low && high - low >= room) return align_up(low, alignment);
    if (last) return std::nullopt;
    low = std::max(low, vma->second.end);
  }
}

// A hint is taken where the range at it is free; otherwise it has no influence at all.
std::optional<Address> hint_or_search(const AddressSpace& space, Address hint, Address length,
                                      Address alignment) {
  const Address task_size = space.setup->task_size;
  if (length > task_size) return std::nullopt;
  if (hint != 0 && hint <= task_size - length && space.vmas.is_free({hint, hint + length})) {
    return hint;
  }
  if (const auto down = search_down(space, length, alignment)) return down;
  return search_up(space, length, alignment);
}

// Transparent huge pages want address and file offset equal modulo 2 MiB. The range is searched
// with 2 MiB to spare, and shifted up in what is found. A hint is tried with the spare room too: a
// free range at the hint that is only just large enough is passed over.
// (__thp_get_unmapped_area; nothing where no whole huge page would fit the file's offsets.)
std::optional<Address> huge_page_aligned(const AddressSpace& space, Address hint, Address length,
                                         std::uint64_t pgoff) {
  const Address offset = pgoff << spec::kPageShift;
  const Address offset_aligned = align_up(offset, kHugePageSize);
  const auto end = static_cast<std::int64_t>(offset + length);
  const auto aligned = static_cast<std::int64_t>(offset_aligned);
  if (end <= aligned || offset + length - offset_aligned < kHugePageSize) return std::nullopt;
  const Address padded = length + kHugePageSize;
  if (offset + padded < offset) return std::nullopt;

  const auto found = hint_or_search(space, hint, padded, kPageSize);
  if (!found || (hint != 0 && *found == hint)) return found;
  const Address shift = (offset - *found) % kHugePageSize;
  return *found + (shift == 0 ? kHugePageSize : shift);
}

enum class Rule { kPlain, kHugePageAligned, kHugetlb };

Rule rule_for(const AddressSpace& space, const PlacementRequest& request) {
  switch (request.file.cls) {
    case FileClass::kNone:  // private anonymous memory
      return !request.shared && request.addr == 0 && request.length % kHugePageSize == 0
                 ? Rule::kHugePageAligned
                 : Rule::kPlain;
    case FileClass::kFile:
    case FileClass::kFileReadOnly:
      return Rule::kHugePageAligned;
    case FileClass::kZero:
      return !request.shared &&
                     space.profile.zero_placement == spec::ZeroPlacement::kHugePageAligned
                 ? Rule::kHugePageAligned
                 : Rule::kPlain;
    case FileClass::kHugetlb:
      return Rule::kHugetlb;
    default:
      return Rule::kPlain;  // shmem too: its huge pages are off ("never")
  }
}

std::optional<Address> choose(const AddressSpace& space, const PlacementRequest& request) {
  switch (rule_for(space, request)) {
    case Rule::kPlain:
      break;
    case Rule::kHugePageAligned:
      if (const auto found =
              huge_page_aligned(space, request.addr, request.length, request.pgoff)) {
        return found;
      }
      break;
    case Rule::kHugetlb:
      return hint_or_search(space, align_up(request.addr, kHugePageSize), request.length,
                            kHugePageSize);
  }
  return hint_or_search(space, request.addr, request.length, kPageSize);
}

}  // namespace

std::expected<Address, Errno> place(const AddressSpace& space, const PlacementRequest& request) {
  const spec::Setup& setup = *space.setup;
  if (request.length > setup.task_size) return std::unexpected{Errno::kENOMEM};
  Address addr = request.addr;
  if (!request.fixed) {
    const auto chosen = choose(space, request);
    if (!chosen) return std::unexpected{Errno::kENOMEM};
    addr = *chosen;
  } else if (request.file.cls == FileClass::kHugetlb && addr % kHugePageSize != 0) {
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
