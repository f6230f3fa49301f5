// tests/impl: mremap by page numbers.
#pragma once

#include "address_space.h"

namespace vmadiff::impl {

inline constexpr std::uint64_t kMove = spec::kMremapMaymove | spec::kMremapFixed;
inline constexpr std::uint64_t kKeep = kMove | spec::kMremapDontunmap;

inline spec::Outcome remap(AddressSpace& space, std::uint64_t first, std::uint64_t old_pages,
                           std::uint64_t new_pages, std::uint64_t flags = 0, std::uint64_t to = 0) {
  return sys_mremap(space.mm, {page(first), bytes(old_pages), bytes(new_pages), flags, page(to)});
}
inline spec::Outcome move(AddressSpace& space, std::uint64_t first, std::uint64_t pages,
                          std::uint64_t to, std::uint64_t flags = kMove) {
  return remap(space, first, pages, pages, flags, to);
}
inline spec::Outcome at_page(std::uint64_t n) { return spec::Outcome::ok(page(n)); }

}  // namespace vmadiff::impl
