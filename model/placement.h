// model: where a mapping goes. The address that an mmap gets, or the errno for having none.
#pragma once

#include <cstdint>
#include <expected>

#include "model/address_space.h"
#include "spec/errno.h"
#include "spec/file.h"

namespace vmadiff::model {

struct PlacementRequest {
  spec::Address addr = 0;    ///< bytes: where it must be (fixed), else a hint, page-aligned, or 0
  spec::Address length = 0;  ///< bytes, page-aligned, not 0
  bool fixed = false;        ///< MAP_FIXED or MAP_FIXED_NOREPLACE
  bool shared = false;       ///< the lowest bit of the map type: MAP_SHARED, MAP_SHARED_VALIDATE, …
  bool below_2g = false;     ///< MAP_32BIT
  bool above_4g = false;     ///< MAP_ABOVE4G
  spec::FileId file;
  std::uint64_t pgoff = 0;  ///< pages
};

/// ENOMEM: does not fit, anywhere or there. EINVAL: a fixed address that is not aligned.
/// EPERM: a fixed address below vm.mmap_min_addr. (get_unmapped_area; x86-64.)
[[nodiscard]] std::expected<spec::Address, spec::Errno> place(const AddressSpace& space,
                                                              const PlacementRequest& request);

/// Where the room below a VMA ends for what is placed: a stack keeps stack_guard_gap pages free to
/// grow into (vm_start_gap).
[[nodiscard]] spec::Address start_with_gap(const spec::Setup& setup, const spec::Vma& vma);

/// A hint that mmap may use: rounded down to a page, and up to the lowest address of placement
/// unless it is 0 (round_hint_to_min).
[[nodiscard]] spec::Address usable_hint(const spec::Setup& setup, spec::Address addr);

}  // namespace vmadiff::model
