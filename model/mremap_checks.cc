// model: what mremap asks before it does anything.
#include "model/mremap_checks.h"

#include <algorithm>

#include "model/limits.h"
#include "model/sealing.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::kPageShift;
using spec::MremapChecks;
using spec::MremapRoom;
using spec::Range;
using spec::Vma;

namespace {

Result check_alignment(const Remap& remap) {
  if (remap.is_given_address() && !spec::is_page_aligned(remap.new_addr)) {
    return fail(Errno::kEINVAL);
  }
  return {};
}

Result check_destination(const AddressSpace& space, const Remap& remap) {
  if (!remap.is_given_address()) return {};
  const Address task_size = space.setup->task_size;
  if (remap.new_length > task_size || remap.new_addr > task_size - remap.new_length) {
    return fail(Errno::kEINVAL);
  }
  const Range old_range{remap.addr, remap.addr + remap.old_length};
  const Range new_range{remap.new_addr, remap.new_addr + remap.new_length};
  return old_range.overlaps(new_range) ? fail(Errno::kEINVAL) : Result{};
}

// Room for what unmapping the destination and cutting off the end may add, besides the move's own.
Result check_map_count(const AddressSpace& space, const Remap& remap) {
  if (space.profile.mremap_room != MremapRoom::kSixForAMove) return {};
  constexpr std::uint64_t kSpareVmas = 5;
  const bool is_short = space.map_count() + kSpareVmas >= space.setup->max_map_count;
  return remap.is_given_address() && is_short ? fail(Errno::kENOMEM) : Result{};
}

// The room that every call asks for since 7.1, whatever it comes to.
Result check_room(const AddressSpace& space, const Remap& remap) {
  const MremapRoom rule = space.profile.mremap_room;
  if (rule == MremapRoom::kSixForAMove) return {};
  const bool is_one_more =
      rule == MremapRoom::kFourOrFiveAlways && remap.has(spec::kMremapDontunmap);
  const std::uint64_t asked = is_one_more ? 5 : 4;
  return space.map_count() + asked > space.setup->max_map_count ? fail(Errno::kENOMEM) : Result{};
}

Result check_destination_before_vma(const AddressSpace& space, const Remap& remap) {
  if (space.profile.mremap_checks == MremapChecks::kVmaFirst) return {};
  if (const Result aligned = check_alignment(remap); !aligned) return aligned;
  if (space.profile.mremap_checks == MremapChecks::kArgumentsFirst) {
    if (remap.new_length > space.setup->task_size) return fail(Errno::kEINVAL);
    if (const Result fits = check_destination(space, remap); !fits) return fits;
  }
  return check_map_count(space, remap);
}

}  // namespace

Result check_arguments(const AddressSpace& space, const spec::Mremap& call) {
  constexpr std::uint64_t kKnown =
      spec::kMremapMaymove | spec::kMremapFixed | spec::kMremapDontunmap;
  const bool may_move = (call.flags & spec::kMremapMaymove) != 0;
  const bool must_move = (call.flags & (spec::kMremapFixed | spec::kMremapDontunmap)) != 0;
  const bool is_same_size = space.profile.mremap_checks == MremapChecks::kArgumentsFirst
                                ? spec::page_up(call.length) == spec::page_up(call.new_length)
                                : call.length == call.new_length;
  if ((call.flags & ~kKnown) != 0 || !spec::is_page_aligned(call.addr) ||
      spec::page_up(call.new_length) == 0 || (must_move && !may_move) ||
      ((call.flags & spec::kMremapDontunmap) != 0 && !is_same_size)) {
    return fail(Errno::kEINVAL);
  }
  return {};
}

Result check_before_vma(const AddressSpace& space, const Remap& remap) {
  if (const Result can = check_destination_before_vma(space, remap); !can) return can;
  return check_room(space, remap);
}

Result check_behind_vma(const AddressSpace& space, const Remap& remap) {
  if (space.profile.mremap_checks == MremapChecks::kArgumentsFirst) return {};
  if (const Result aligned = check_alignment(remap); !aligned) return aligned;
  if (const Result fits = check_destination(space, remap); !fits) return fits;
  return check_map_count(space, remap);
}

Result check_vma(const AddressSpace& space, Remap& remap) {
  const Vma* const vma = space.vmas.at(remap.addr);
  if (vma == nullptr) return fail(Errno::kEFAULT);
  if (is_sealed(*vma)) return fail(Errno::kEPERM);
  if ((vma->flags & spec::kVmHugetlb) != 0) {
    remap.old_length = spec::huge_page_up(remap.old_length);
    remap.new_length = spec::huge_page_up(remap.new_length);
    // new_addr counts here even if the flags leave it unused.
    if (remap.addr % spec::kHugePageSize != 0 || remap.new_addr % spec::kHugePageSize != 0 ||
        remap.grows()) {
      return fail(Errno::kEINVAL);
    }
  }
  return {};
}

Result check_mapping_anew(const AddressSpace& space, const Remap& remap) {
  const Vma* const vma = space.vmas.at(remap.addr);
  if (vma == nullptr) return fail(Errno::kEFAULT);
  constexpr spec::VmFlags kFixedSize = spec::kVmDontexpand | spec::kVmPfnmap;
  const bool is_shared = (vma->flags & (spec::kVmShared | spec::kVmMayshare)) != 0;
  const bool is_fixed_size = (vma->flags & kFixedSize) != 0;
  if (remap.old_length == 0 && !is_shared) return fail(Errno::kEINVAL);
  if (remap.has(spec::kMremapDontunmap) && is_fixed_size) return fail(Errno::kEINVAL);
  // What a shrinking remap cuts off may reach over the VMA's end.
  if (std::min(remap.old_length, remap.new_length) > vma->end - remap.addr) {
    return fail(Errno::kEFAULT);
  }
  if (!remap.grows()) return {};
  const std::uint64_t pgoff = vma->pgoff + ((remap.addr - vma->start) >> kPageShift);
  if (pgoff + (remap.new_length >> kPageShift) < pgoff) return fail(Errno::kEINVAL);
  if (is_fixed_size) return fail(Errno::kEFAULT);
  const Address more = remap.new_length - remap.old_length;
  if (!may_lock(space, vma->flags, more >> kPageShift)) return fail(Errno::kEAGAIN);
  if (!may_expand(space, vma->flags, more >> kPageShift)) return fail(Errno::kENOMEM);
  return {};
}

}  // namespace vmadiff::model
