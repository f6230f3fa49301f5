// model: what mremap asks before it does anything, and the state of a call that is being checked.
#pragma once

#include <cstdint>

#include "model/address_space.h"
#include "model/result.h"
#include "spec/syscall.h"
#include "spec/units.h"

namespace vmadiff::model {

/// The call, its lengths rounded up to pages (huge pages, once a hugetlb VMA was found).
struct Remap {
  spec::Address addr = 0;
  spec::Address old_length = 0;
  spec::Address new_length = 0;
  std::uint64_t flags = 0;
  spec::Address new_addr = 0;
  spec::Address cut_off = 0;  ///< bytes at the old end that are unmapped already

  [[nodiscard]] bool has(std::uint64_t flag) const { return (flags & flag) != 0; }
  [[nodiscard]] bool grows() const { return new_length > old_length; }
  [[nodiscard]] bool is_given_address() const {
    return has(spec::kMremapFixed | spec::kMremapDontunmap);
  }
};

/// Flags, alignment and sizes, of the call as the user gave it. EINVAL.
[[nodiscard]] Result check_arguments(const AddressSpace& space, const spec::Mremap& call);

/// The destination, and the room for VMAs below the limit: what the kernel looks at before the VMA,
/// and what behind it. EINVAL: not aligned, not in the task, or over the source.
/// ENOMEM: less than six VMAs below the limit, where an address is given; since 7.1 less than four
/// (or five, for MREMAP_DONTUNMAP), always.
[[nodiscard]] Result check_before_vma(const AddressSpace& space, const Remap& remap);
[[nodiscard]] Result check_behind_vma(const AddressSpace& space, const Remap& remap);

/// The VMA at the address, and for a hugetlb one the lengths in huge pages, which are rounded up.
/// EFAULT: there is none. EPERM: sealed. EINVAL: hugetlb, and not in whole huge pages or growing.
[[nodiscard]] Result check_vma(const AddressSpace& space, Remap& remap);

/// Whether the memory can be mapped anew, elsewhere or longer (vma_to_resize, check_prep_vma).
/// EFAULT: there is none, or not enough of it in one VMA, or it must not grow. EINVAL: private
/// memory without an old size, offsets that wrap, MREMAP_DONTUNMAP of what must not grow.
/// ENOMEM: over RLIMIT_AS or RLIMIT_DATA.
[[nodiscard]] Result check_mapping_anew(const AddressSpace& space, const Remap& remap);

}  // namespace vmadiff::model
