// impl: what happens, fast? This file: one mremap in the making, and the move that may be a part of
// it.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// enum mremap_type.
enum class MremapType : std::uint8_t { kNoResize, kShrink, kExpand };

/// struct vma_remap_struct. Sizes are in bytes, rounded up to pages.
struct VmaRemapStruct {
  spec::Address addr = 0;
  spec::Address old_len = 0;
  spec::Address new_len = 0;
  std::uint64_t flags = 0;     ///< MREMAP_*
  spec::Address new_addr = 0;  ///< asked for, in the end the one that was given

  VmArea* vma = nullptr;    ///< contains addr
  spec::Address delta = 0;  ///< between the sizes as they were asked for, also after a shrink
  MremapType remap_type = MremapType::kNoResize;
  bool populate_expand = false;  ///< locked memory grows: its new part must get its pages

  [[nodiscard]] bool is_fixed() const { return (flags & spec::kMremapFixed) != 0; }
  [[nodiscard]] bool is_dontunmap() const { return (flags & spec::kMremapDontunmap) != 0; }
  [[nodiscard]] bool may_move() const { return (flags & spec::kMremapMaymove) != 0; }
  /// vrm_implies_new_addr: a new address will be given for sure.
  [[nodiscard]] bool implies_new_addr() const { return is_fixed() || is_dontunmap(); }
};

/// vrm_calc_charge: whether the VMA's new pages can be charged.
[[nodiscard]] bool vrm_calc_charge(const MmStruct& mm, const VmaRemapStruct& vrm);

/// vrm_stat_account: counts `length` more bytes of the VMA.
void vrm_stat_account(MmStruct& mm, const VmaRemapStruct& vrm, spec::Address length);

/// move_vma: moves [addr, addr + old_len) of vrm.vma to [new_addr, new_addr + new_len), which is
/// free. ENOMEM (max_map_count, charge, memory); it changes nothing, except that locked memory may
/// have been cut at its ends.
[[nodiscard]] AddressOrErrno move_vma(MmStruct& mm, VmaRemapStruct& vrm);

}  // namespace vmadiff::impl
