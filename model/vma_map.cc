// model: the VMAs by address.
#include "model/vma_map.h"

#include "spec/flags.h"

namespace vmadiff::model {

using spec::Address;
using spec::Range;
using spec::Vma;

namespace {

template <typename Map>
auto find_at_or_after(Map& vmas, Address a) {
  auto next = vmas.upper_bound(a);
  if (next != vmas.begin()) {
    auto before = next;
    --before;
    if (before->second.end > a) return before;
  }
  return next;
}

}  // namespace

Vma* VmaMap::at(Address a) {
  Vma* const vma = at_or_after(a);
  return vma != nullptr && vma->start <= a ? vma : nullptr;
}

const Vma* VmaMap::at(Address a) const {
  const Vma* const vma = at_or_after(a);
  return vma != nullptr && vma->start <= a ? vma : nullptr;
}

Vma* VmaMap::at_or_after(Address a) {
  const auto found = find_at_or_after(vmas_, a);
  return found == vmas_.end() ? nullptr : &found->second;
}

const Vma* VmaMap::at_or_after(Address a) const {
  const auto found = find_at_or_after(vmas_, a);
  return found == vmas_.end() ? nullptr : &found->second;
}

const Vma* VmaMap::before(Address a) const {
  auto next = vmas_.lower_bound(a);
  if (next == vmas_.begin()) return nullptr;
  --next;
  return &next->second;
}

Vma* VmaMap::ending_at(Address a) {
  auto next = vmas_.lower_bound(a);
  if (next == vmas_.begin()) return nullptr;
  --next;
  return next->second.end == a ? &next->second : nullptr;
}

Vma* VmaMap::starting_at(Address a) {
  const auto found = vmas_.find(a);
  return found == vmas_.end() ? nullptr : &found->second;
}

std::ranges::subrange<VmaMap::Map::const_iterator> VmaMap::overlapping(Range range) const {
  return {find_at_or_after(vmas_, range.start), vmas_.lower_bound(range.end)};
}

bool VmaMap::is_free(Range range) const {
  const Vma* const vma = at_or_after(range.start);
  return vma == nullptr || vma->start >= range.end;
}

bool VmaMap::is_all_mapped(Range range) const {
  Address at = range.start;
  while (at < range.end) {
    const Vma* const vma = at_or_after(at);
    if (vma == nullptr || vma->start > at) return false;
    at = vma->end;
  }
  return true;
}

void VmaMap::put(const Vma& vma) { vmas_.emplace(vma.start, vma); }

void VmaMap::cut_at(Address a) {
  Vma* const vma = at(a);
  if (vma == nullptr || vma->start == a) return;
  const Vma second = part_of(*vma, {a, vma->end});
  vma->end = a;
  put(second);
}

void VmaMap::remove(Range range) {
  vmas_.erase(vmas_.lower_bound(range.start), vmas_.lower_bound(range.end));
}

void VmaMap::join_at(Address a) {
  Vma* const first = ending_at(a);
  const Vma& second = *starting_at(a);
  first->end = second.end;
  first->flags |= second.flags & spec::kVmSticky;
  if (first->anon_vma == spec::kNoAnonVma) {
    first->anon_vma = second.anon_vma;
    first->anon_vma_links = second.anon_vma_links;
  }
  vmas_.erase(a);
}

Vma part_of(const Vma& vma, Range range) {
  Vma part = vma;
  part.start = range.start;
  part.end = range.end;
  part.pgoff += (range.start - vma.start) >> spec::kPageShift;
  return part;
}

}  // namespace vmadiff::model
