// properties: ranges as each call rounds them.
#include "properties/claims/reach.h"

#include <algorithm>

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::NamedRanges;
using spec::Range;

/// [start, start + length), where that is not beyond the end of all addresses.
Range clipped(Address start, Address length) {
  const Address end = start + length;
  return {start, end < start ? ~Address{0} : end};
}

/// A length that wraps when it is rounded is longer than anything.
Address rounded(Address length, bool is_huge) {
  const Address up = in_pages(length, is_huge);
  return up < length ? ~Address{0} : up;
}

/// From the page of the start to the page of the end (mlock, and ours: touch).
Range outwards(Address addr, Address length) {
  const Address start = spec::page_down(addr);
  const Range bytes = clipped(addr, length);
  return clipped(start, rounded(bytes.end - start, false));
}

struct Reach {
  const spec::Snapshot& before;

  NamedRanges operator()(const spec::Mmap& call) const {
    if ((call.flags & (spec::kMapFixed | spec::kMapFixedNoreplace)) == 0) return {};
    return {clipped(call.addr, rounded(call.length, maps_huge_pages(call))), {}};
  }
  NamedRanges operator()(const spec::Mremap& call) const {
    const auto [source, target] = ranges_of(call, call.new_addr, before);
    const bool names_target = (call.flags & spec::kMremapFixed) != 0;
    return {source, names_target ? std::optional{target} : std::nullopt};
  }
  NamedRanges operator()(const spec::RemapFilePages& call) const {
    return {clipped(spec::page_down(call.addr), spec::page_down(call.length)), {}};
  }
  NamedRanges operator()(const spec::Shmat& call) const {
    if (call.addr == 0 || call.segment >= spec::kFilesPerClass) return {};
    return {clipped(spec::page_down(call.addr), spec::page_up(spec::kSegmentBytes[call.segment])),
            {}};
  }
  NamedRanges operator()(const spec::Touch& call) const {
    return {outwards(call.addr, call.length), {}};
  }
  NamedRanges operator()(const spec::Mlock& call) const {
    return {outwards(call.addr, call.length), {}};
  }
  NamedRanges operator()(const spec::Mlock2& call) const {
    return {outwards(call.addr, call.length), {}};
  }
  NamedRanges operator()(const spec::Munlock& call) const {
    return {outwards(call.addr, call.length), {}};
  }
  NamedRanges operator()(const spec::ProcessMadvise& call) const {
    NamedRanges out{clipped(call.addr, rounded(call.length, false)), {}};
    if (call.has_second()) {
      out.second = clipped(call.second_addr, rounded(call.second_length, false));
    }
    return out;
  }
  /// They refuse a start inside a page, and round their length up.
  template <typename Call>
  NamedRanges operator()(const Call& call) const {
    if constexpr (requires { call.length; }) {
      return {clipped(call.addr, rounded(call.length, false)), {}};
    }
    return {};
  }
};

}  // namespace

bool is_huge_at(const spec::Snapshot& s, Address address) {
  const auto vma = std::ranges::upper_bound(s.vmas, address, {}, &spec::Vma::end);
  return vma != s.vmas.end() && vma->start <= address && (vma->flags & spec::kVmHugetlb) != 0;
}

MoveRanges ranges_of(const spec::Mremap& call, Address new_addr, const spec::Snapshot& before) {
  const bool is_huge = is_huge_at(before, call.addr);
  // PAGE_ALIGN of a length that wraps is none: it asks for a second mapping, as 0 does.
  Address length = in_pages(call.length, is_huge);
  Address new_length = in_pages(call.new_length, is_huge);
  const Address end = call.addr + length;
  if (length == new_length && !is_huge && is_huge_at(before, end - 1)) {
    const Address rest = spec::huge_page_up(end) - end;
    length += rest;
    new_length += rest;
  }
  return {.source = clipped(call.addr, length), .target = clipped(new_addr, new_length)};
}

bool maps_huge_pages(const spec::Mmap& call) {
  return (call.flags & spec::kMapAnonymous) != 0 ? (call.flags & spec::kMapHugetlb) != 0
                                                 : call.file.cls == spec::FileClass::kHugetlb;
}

NamedRanges reach(const spec::Syscall& call, const spec::Snapshot& before) {
  return std::visit(Reach{before}, call);
}

}  // namespace vmadiff::properties
