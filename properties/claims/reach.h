// properties: which bytes a call works on, as the kernel rounds them. Each call rounds in its own
// way: mlock from the page of its start on, remap_file_pages down to whole pages, whatever is about
// huge pages up to these. A rule about "the range of the call" asks here.
//
// spec::named_ranges is for keeping away from memory: it rounds outwards, whatever the call is.
#pragma once

#include "spec/snapshot.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

/// Whether the call asks for a mapping of huge pages.
[[nodiscard]] bool maps_huge_pages(const spec::Mmap& call);

/// Whether a VMA of huge pages lies over the address.
[[nodiscard]] bool is_huge_at(const spec::Snapshot& s, spec::Address address);

/// The length that a mapping, or a part of one, has when it was asked for with `length`, bytes.
[[nodiscard]] constexpr spec::Address in_pages(spec::Address length, bool is_huge) {
  return is_huge ? spec::huge_page_up(length) : spec::page_up(length);
}

/// [from, to) of an mremap, bytes, whether the destination counts or not. Of several VMAs a huge
/// page at the end moves as a whole, whatever of it was asked for.
struct MoveRanges {
  spec::Range source;
  spec::Range target;
};
[[nodiscard]] MoveRanges ranges_of(const spec::Mremap& call, spec::Address new_addr,
                                   const spec::Snapshot& before);

/// The range that the call works on in a state `before` it, and mremap's destination where it is
/// given; none for calls whose effect is not a given range. Clipped to the 64-bit space.
[[nodiscard]] spec::NamedRanges reach(const spec::Syscall& call, const spec::Snapshot& before);

}  // namespace vmadiff::properties
