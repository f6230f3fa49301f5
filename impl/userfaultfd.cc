// impl: userfaultfds, and the ranges that they are registered for. Their reader resolves every
// fault by one rule (spec::UffdRegister), so that of marks on pages nothing is kept here.
#include "impl/userfaultfd.h"

#include "impl/anon_vma.h"
#include "impl/calls.h"
#include "impl/split.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// UFFD_API_REGISTER_MODES.
std::uint64_t register_modes(const MmStruct& mm) {
  return kUffdModeMissing | kUffdModeWp | kUffdModeMinor |
         (mm.profile.uffd_features == UffdFeatures::kRwp ? kUffdModeRwp : 0);
}

/// UFFD_API_FEATURES, as far as they are modelled.
std::uint64_t api_features(const MmStruct& mm) {
  std::uint64_t features = kUffdEventFork | kUffdEventRemap;
  if (mm.profile.uffd_features >= UffdFeatures::kWpAsync)
    features |= kUffdWpUnpopulated | kUffdWpAsync;
  if (mm.profile.uffd_features >= UffdFeatures::kRwp) features |= kUffdRwp | kUffdRwpAsync;
  return features;
}

/// new_userfaultfd: a context and a file.
Failure new_userfaultfd(MmStruct& mm, std::uint64_t number) {
  if (number >= kUserfaultfdCount) return Errno::kEBADF;
  if (!mm.setup->userfaultfd) return Errno::kENOSYS;
  if (mm.should_fail() || mm.should_fail()) return Errno::kENOMEM;
  return std::nullopt;
}

/// userfaultfd_api, of a context without features yet.
Failure userfaultfd_api(const MmStruct& mm, std::uint64_t features) {
  const bool is_available = (features & ~api_features(mm)) == 0;
  const bool checks_features_first = mm.profile.uffd_features == UffdFeatures::kEvents;
  if (checks_features_first && !is_available) return Errno::kEINVAL;
  if ((features & kUffdEventFork) != 0 && !mm.setup->uffd_event_fork) return Errno::kEPERM;
  if ((features & kUffdRwpAsync) != 0 && (features & kUffdRwp) == 0) return Errno::kEINVAL;
  if (!is_available) return Errno::kEINVAL;
  return std::nullopt;
}

bool is_open(const MmStruct& mm, std::uint64_t number) {
  return number < kUserfaultfdCount && mm.userfaultfds.at(number).has_value();
}

UffdCtxId ctx_of(std::uint64_t number) { return static_cast<UffdCtxId>(number) + 1; }

/// The features of the caller's userfaultfd, which is made first where there is none.
std::expected<std::uint64_t, Errno> features_of(MmStruct& mm, std::uint64_t number) {
  if (!is_open(mm, number)) {
    if (const Failure failed = new_userfaultfd(mm, number)) return std::unexpected{*failed};
    mm.userfaultfds.at(number) = 0;
  }
  return *mm.userfaultfds.at(number);
}

/// validate_range.
bool is_valid_range(const MmStruct& mm, Address start, Address length) {
  const Address task_size = mm.setup->task_size;
  const bool has_floor = mm.profile.uffd_floor == UffdFloor::kLowestPlaced;
  if (has_floor && start < mm.setup->placement_min_addr) return false;
  return is_page_aligned(start) && is_page_aligned(length) && length != 0 && start < task_size &&
         length <= task_size - start;
}

VmFlags flags_of_mode(std::uint64_t mode) {
  return ((mode & kUffdModeMissing) != 0 ? kVmUffdMissing : 0) |
         ((mode & kUffdModeWp) != 0 ? kVmUffdWp : 0) |
         ((mode & kUffdModeMinor) != 0 ? kVmUffdMinor : 0) |
         ((mode & kUffdModeRwp) != 0 ? kVmUffdRwp : 0);
}

/// vma_can_userfault. `uffd_flags`: what it is, or is to be, registered with.
bool vma_can_userfault(const MmStruct& mm, const VmArea& vma, VmFlags uffd_flags, bool wp_async) {
  const bool refuses_droppable = mm.profile.uffd_droppable == UffdDroppable::kRefused;
  if (refuses_droppable && (vma.vm_flags & kVmDroppable) != 0) return false;
  const bool is_hugetlb = (vma.vm_flags & kVmHugetlb) != 0;
  const bool refuses_special = mm.profile.uffd_special == UffdSpecial::kRefused;
  if (refuses_special && !is_hugetlb && (vma.vm_flags & kVmSpecial) != 0) return false;
  if ((uffd_flags & kVmUffdMinor) != 0 && !is_hugetlb && !vma.is_shmem()) return false;
  if (wp_async && (uffd_flags & kVmUffd) == kVmUffdWp) return true;
  return vma.is_anonymous() || is_hugetlb || vma.is_shmem();
}

bool is_huge_page_aligned(Address addr) { return (addr & (kHugePageSize - 1)) == 0; }

/// The first VMA of the range. EINVAL where there is none, or the range begins inside a huge page;
/// ENOMEM in kernels that first look for any VMA from `start` on.
std::expected<VmArea*, Errno> first_vma(const MmStruct& mm, Address start, Address end) {
  VmArea* vma = mm.find_vma(start);
  if (vma == nullptr && mm.profile.uffd_unmapped == UffdUnmapped::kNomem) {
    return std::unexpected{Errno::kENOMEM};
  }
  if (vma == nullptr || vma->vm_start >= end) return std::unexpected{Errno::kEINVAL};
  const bool is_cut = (vma->vm_flags & kVmHugetlb) != 0 && !is_huge_page_aligned(start);
  if (is_cut) return std::unexpected{Errno::kEINVAL};
  return vma;
}

/// What every VMA of the range is asked before any of them changes.
Failure check_register(const MmStruct& mm, UffdCtxId ctx, VmFlags uffd_flags, bool wp_async,
                       Address start, Address end) {
  const auto first = first_vma(mm, start, end);
  if (!first) return first.error();
  for (const VmArea* vma = *first; vma != nullptr;
       vma = vma->vm_end < end ? mm.find_vma_intersection(vma->vm_end, end) : nullptr) {
    if (!vma_can_userfault(mm, *vma, uffd_flags, wp_async)) return Errno::kEINVAL;
    const bool is_accessible = (vma->vm_flags & kVmAccessFlags) != 0;
    if ((uffd_flags & kVmUffdRwp) != 0 && !is_accessible) return Errno::kEINVAL;
    if ((vma->vm_flags & kVmMaywrite) == 0) return Errno::kEPERM;
    const bool ends_inside =
        (vma->vm_flags & kVmHugetlb) != 0 && end <= vma->vm_end && !is_huge_page_aligned(end);
    if (ends_inside) return Errno::kEINVAL;
    if (vma->uffd_ctx != kNoUffdCtx && vma->uffd_ctx != ctx) return Errno::kEBUSY;
    // A switch that would leave marks on pages without the flag that tells what they mean.
    const bool may_switch = mm.profile.uffd_remode == UffdRemode::kReplaces;
    if (!may_switch && (vma->vm_flags & (kVmUffdWp | kVmUffdRwp) & ~uffd_flags) != 0)
      return Errno::kEBUSY;
  }
  return std::nullopt;
}

Failure check_unregister(const MmStruct& mm, UffdCtxId ctx, bool wp_async, Address start,
                         Address end) {
  const auto first = first_vma(mm, start, end);
  if (!first) return first.error();
  for (const VmArea* vma = *first; vma != nullptr;
       vma = vma->vm_end < end ? mm.find_vma_intersection(vma->vm_end, end) : nullptr) {
    const bool is_strangers = vma->uffd_ctx != kNoUffdCtx && vma->uffd_ctx != ctx;
    if (is_strangers && mm.profile.uffd_owner == UffdOwner::kItsOwn) return Errno::kEINVAL;
    if (!vma_can_userfault(mm, *vma, vma->vm_flags, wp_async)) return Errno::kEINVAL;
  }
  return std::nullopt;
}

/// Registers the range of `vma` for `uffd_flags` with `ctx`, in place of what it is registered for;
/// or, with neither, for nothing any more (userfaultfd_clear_vma).
std::expected<VmArea*, Errno> set_ctx(MmStruct& mm, VmArea* prev, VmArea& vma, Address start,
                                      Address end, VmFlags uffd_flags, UffdCtxId ctx) {
  const VmFlags flags = (vma.vm_flags & ~kVmUffd) | uffd_flags;
  const auto modified = vma_modify_flags_uffd(mm, prev, vma, start, end, flags, ctx);
  if (modified) {
    (*modified)->set_flags(flags);
    (*modified)->uffd_ctx = ctx;
  }
  return modified;
}

/// userfaultfd_register_range. What changed before an error stays.
Failure register_range(MmStruct& mm, Address start, Address end, VmFlags uffd_flags,
                       UffdCtxId ctx) {
  const auto change = [&](VmArea* prev, VmArea& vma, Address from, Address to) {
    const bool is_done = vma.uffd_ctx == ctx && (vma.vm_flags & uffd_flags) == uffd_flags;
    if (is_done) return std::expected<VmArea*, Errno>{&vma};
    return set_ctx(mm, prev, vma, from, to, uffd_flags, ctx);
  };
  return for_each_vma_range(mm, start, end, change);
}

/// The loop of userfaultfd_unregister: whoever's it is, by now it may.
Failure unregister_range(MmStruct& mm, Address start, Address end) {
  const auto change = [&mm](VmArea* prev, VmArea& vma, Address from, Address to) {
    if (vma.uffd_ctx == kNoUffdCtx) return std::expected<VmArea*, Errno>{&vma};
    return set_ctx(mm, prev, vma, from, to, 0, kNoUffdCtx);
  };
  return for_each_vma_range(mm, start, end, change);
}

/// mwriteprotect_range and mrwprotect_range, of which `vm_uffd` is the flag that they ask for.
Failure protect_range(const MmStruct& mm, VmFlags vm_uffd, Address start, Address end) {
  const bool is_partial = !is_huge_page_aligned(start) || !is_huge_page_aligned(end);
  const VmArea* vma = mm.find_vma_intersection(start, end);
  if (vma == nullptr) return Errno::kENOENT;
  for (; vma != nullptr;
       vma = vma->vm_end < end ? mm.find_vma_intersection(vma->vm_end, end) : nullptr) {
    if ((vma->vm_flags & vm_uffd) == 0) return Errno::kENOENT;
    if ((vma->vm_flags & kVmHugetlb) != 0 && is_partial) return Errno::kEINVAL;
  }
  return std::nullopt;
}

/// find_dst_vma: a registered VMA that has all of the range.
bool has_dst_vma(const MmStruct& mm, Address start, Address end) {
  const VmArea* const vma = mm.find_vma_intersection(start, end);
  return vma != nullptr && vma->vm_start <= start && vma->vm_end >= end &&
         vma->uffd_ctx != kNoUffdCtx;
}

/// What both calls say of their arguments.
Failure check_protect(MmStruct& mm, const auto& call) {
  const auto features = features_of(mm, call.userfaultfd);
  if (!features) return features.error();
  if (!mm.setup->uffd_kernel_faults) return Errno::kEPERM;
  if (!is_valid_range(mm, call.addr, call.length)) return Errno::kEINVAL;
  if ((call.mode & ~(kUffdProtect | kUffdDontwake)) != 0) return Errno::kEINVAL;
  const bool is_both = (call.mode & kUffdProtect) != 0 && (call.mode & kUffdDontwake) != 0;
  return is_both ? Failure{Errno::kEINVAL} : std::nullopt;
}

/// What a fault, or none, is to be told of: no page that was there before (spec::UffdRegister).
Failure zap_untold(MmStruct& mm, const UffdRegister& call) {
  if ((call.mode & (kUffdModeMissing | kUffdModeMinor)) == 0) return std::nullopt;
  if (!mm.setup->uffd_kernel_faults) return Errno::kEPERM;
  const Outcome zapped = sys_madvise(mm, {call.addr, call.length, kMadvDontneedLocked});
  if (zapped.is_ok() || zapped.error() == Errno::kENOMEM) return std::nullopt;
  return zapped.error();
}

}  // namespace

bool dup_userfaultfd(MmStruct& mm, const MmStruct& oldmm, VmArea& vma) {
  if (vma.uffd_ctx == kNoUffdCtx) return true;
  const auto& parents = oldmm.userfaultfds.at(vma.uffd_ctx - 1);
  auto& own = mm.userfaultfds.at(vma.uffd_ctx - 1);
  if ((*parents & kUffdEventFork) == 0) {
    vma.vm_flags &= ~kVmUffd;
    vma.uffd_ctx = kNoUffdCtx;
    return true;
  }
  // The event and the context, once for all VMAs of one.
  if (!own && (mm.should_fail() || mm.should_fail())) return false;
  own = parents;
  return true;
}

void give_up_userfaultfd(MmStruct& mm, const VmArea& vma) {
  static_cast<void>(userfaultfd_close(mm, {vma.uffd_ctx - 1}));
}

void userfault_read(MmStruct& mm, VmArea& vma) {
  const VmFlags told_of = vma.is_anonymous() ? kVmUffdMissing : kVmUffdMinor;
  if ((vma.vm_flags & kVmShared) != 0 || (vma.vm_flags & told_of) == 0) return;
  while (!anon_vma_prepare(mm, vma)) {
  }
}

bool vma_has_uffd_without_event_remap(const MmStruct& mm, const VmArea& vma) {
  return vma.uffd_ctx != kNoUffdCtx &&
         (*mm.userfaultfds.at(vma.uffd_ctx - 1) & kUffdEventRemap) == 0;
}

void mremap_userfaultfd_prep(const MmStruct& mm, VmArea& vma) {
  if (!vma_has_uffd_without_event_remap(mm, vma)) return;
  vma.vm_flags &= ~kVmUffd;
  vma.uffd_ctx = kNoUffdCtx;
}

Outcome userfaultfd_open(MmStruct& mm, const UffdOpen& call) {
  const bool was_open = is_open(mm, call.userfaultfd);
  if (!was_open) {
    if (const Failure failed = new_userfaultfd(mm, call.userfaultfd)) return outcome_of(failed);
  }
  if (const Failure failed = userfaultfd_api(mm, call.features)) return outcome_of(failed);
  if (was_open) return Outcome::fail(Errno::kEINVAL);
  mm.userfaultfds.at(call.userfaultfd) = call.features;
  return Outcome::ok();
}

/// userfaultfd_release_all.
Outcome userfaultfd_close(MmStruct& mm, const UffdClose& call) {
  if (!is_open(mm, call.userfaultfd)) return Outcome::fail(Errno::kEBADF);
  const UffdCtxId ctx = ctx_of(call.userfaultfd);
  const auto change = [&mm, ctx](VmArea* prev, VmArea& vma, Address from, Address to) {
    if (vma.uffd_ctx != ctx) return std::expected<VmArea*, Errno>{&vma};
    auto cleared = set_ctx(mm, prev, vma, from, to, 0, kNoUffdCtx);
    // A whole VMA that cannot be merged for want of memory is cleared as it is.
    if (!cleared) {
      vma.vm_flags &= ~kVmUffd;
      vma.uffd_ctx = kNoUffdCtx;
      cleared = &vma;
    }
    return cleared;
  };
  static_cast<void>(for_each_vma_range(mm, 0, mm.setup->task_size, change));
  mm.userfaultfds.at(call.userfaultfd).reset();
  return Outcome::ok();
}

Outcome userfaultfd_register(MmStruct& mm, const UffdRegister& call) {
  const auto features = features_of(mm, call.userfaultfd);
  if (!features) return Outcome::fail(features.error());
  if (const Failure failed = zap_untold(mm, call)) return Outcome::fail(*failed);
  if (call.mode == 0 || (call.mode & ~register_modes(mm)) != 0)
    return Outcome::fail(Errno::kEINVAL);
  const VmFlags uffd_flags = flags_of_mode(call.mode);
  if ((uffd_flags & kVmUffdRwp) != 0 && (*features & kUffdRwp) == 0)
    return Outcome::fail(Errno::kEINVAL);
  if ((uffd_flags & kVmUffdRwp) != 0 && (uffd_flags & kVmUffdWp) != 0)
    return Outcome::fail(Errno::kEINVAL);
  if (!is_valid_range(mm, call.addr, call.length)) return Outcome::fail(Errno::kEINVAL);
  const Address end = call.addr + call.length;
  const UffdCtxId ctx = ctx_of(call.userfaultfd);
  const bool wp_async = (*features & kUffdWpAsync) != 0;
  if (const Failure failed = check_register(mm, ctx, uffd_flags, wp_async, call.addr, end)) {
    return Outcome::fail(*failed);
  }
  return outcome_of(register_range(mm, call.addr, end, uffd_flags, ctx));
}

Outcome userfaultfd_unregister(MmStruct& mm, const UffdUnregister& call) {
  const auto features = features_of(mm, call.userfaultfd);
  if (!features) return Outcome::fail(features.error());
  if (!is_valid_range(mm, call.addr, call.length)) return Outcome::fail(Errno::kEINVAL);
  const Address end = call.addr + call.length;
  const bool wp_async = (*features & kUffdWpAsync) != 0;
  if (const Failure failed =
          check_unregister(mm, ctx_of(call.userfaultfd), wp_async, call.addr, end)) {
    return Outcome::fail(*failed);
  }
  return outcome_of(unregister_range(mm, call.addr, end));
}

Outcome userfaultfd_writeprotect(MmStruct& mm, const UffdWriteprotect& call) {
  if (const Failure failed = check_protect(mm, call)) return Outcome::fail(*failed);
  const Address end = call.addr + call.length;
  const bool wants_one_vma = mm.profile.uffd_marks == UffdMarks::kOneVma;
  if (wants_one_vma && !has_dst_vma(mm, call.addr, end)) return Outcome::fail(Errno::kENOENT);
  return outcome_of(protect_range(mm, kVmUffdWp, call.addr, end));
}

Outcome userfaultfd_rwprotect(MmStruct& mm, const UffdRwprotect& call) {
  const Failure refused = check_protect(mm, call);
  if (refused) return Outcome::fail(*refused);
  // userfaultfd_ioctl, of a number that it does not know.
  if (mm.profile.uffd_features != UffdFeatures::kRwp) return Outcome::fail(Errno::kEINVAL);
  return outcome_of(protect_range(mm, kVmUffdRwp, call.addr, call.addr + call.length));
}

}  // namespace vmadiff::impl
