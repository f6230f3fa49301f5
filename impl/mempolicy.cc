// impl: mbind(2) and set_mempolicy(2): which memory policy a VMA has. Where its pages are is
// nobody's business here.
#include <bit>

#include "impl/calls.h"
#include "impl/split.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr std::uint32_t kModeFlags = kMpolNumaBalancing | kMpolRelativeNodes | kMpolStaticNodes;
/// MPOL_USER_NODEMASK_FLAGS: with these, the nodes asked for are kept too; before 7.0 with each.
constexpr std::uint32_t kUserNodemaskFlags = kMpolRelativeNodes | kMpolStaticNodes;

using PolicyOrErrno = std::expected<MemPolicy, Errno>;

struct Mode {
  std::uint16_t mode = kMpolDefault;
  std::uint16_t flags = 0;
};

/// sanitize_mpol_flags. To the kernel, mode and flags are one int.
std::expected<Mode, Errno> sanitize_mpol_flags(const MmStruct& mm, std::uint16_t mode,
                                               std::uint64_t mode_flags) {
  const auto argument = static_cast<std::uint32_t>(mode | mode_flags);
  const std::uint32_t flags = argument & kModeFlags;
  const std::uint32_t rest = argument & ~flags;
  bool can_balance = rest == kMpolBind;
  std::uint32_t mpol_max = kMpolPreferredMany;
  if (mm.profile.mempolicy_modes == MempolicyModes::kWithWeights) {
    can_balance = can_balance || rest == kMpolPreferredMany;
    mpol_max = kMpolWeightedInterleave;
  }
  if (rest > mpol_max || (flags & kUserNodemaskFlags) == kUserNodemaskFlags ||
      ((flags & kMpolNumaBalancing) != 0 && !can_balance)) {
    return std::unexpected{Errno::kEINVAL};
  }
  return Mode{static_cast<std::uint16_t>(rest), static_cast<std::uint16_t>(flags)};
}

/// mpol_relative_nodemask: node n of the mask is the n-th of those there are, counted round.
std::uint64_t relative_nodemask(std::uint64_t nodes, std::uint64_t there) {
  const int count = std::popcount(there);
  std::uint64_t folded = 0;
  for (unsigned node = 0; node < kNodeCount; ++node) {
    if ((nodes >> node & 1) != 0)
      folded |= std::uint64_t{1} << (node % static_cast<unsigned>(count));
  }
  std::uint64_t out = 0;
  for (unsigned index = 0; there != 0; ++index, there &= there - 1) {
    if ((folded >> index & 1) != 0) out |= there & -there;
  }
  return out;
}

/// mpol_new: what mode, flags and mask say by themselves; the nodes are still those asked for.
PolicyOrErrno mpol_new(const MmStruct& mm, const Mode& asked, std::uint64_t nodes) {
  auto [mode, flags] = asked;
  const bool keeps_nodemask = (flags & kUserNodemaskFlags) != 0;
  switch (mode) {
    case kMpolDefault:
      if (nodes != 0) return std::unexpected{Errno::kEINVAL};
      return MemPolicy{};
    case kMpolPreferred:
      if (nodes != 0) break;
      if (keeps_nodemask) return std::unexpected{Errno::kEINVAL};
      mode = kMpolLocal;
      break;
    case kMpolLocal:
      if (nodes != 0 || keeps_nodemask) return std::unexpected{Errno::kEINVAL};
      break;
    default:
      if (nodes == 0) return std::unexpected{Errno::kEINVAL};
  }
  if (mm.should_fail()) return std::unexpected{Errno::kENOMEM};
  return MemPolicy{mode, flags, static_cast<std::uint16_t>(nodes), 0};
}

/// mpol_set_nodemask: the nodes in effect, of those that there are.
Failure mpol_set_nodemask(const MmStruct& mm, MemPolicy& policy) {
  if (policy.mode == kMpolDefault || policy.mode == kMpolLocal) return std::nullopt;
  const std::uint64_t asked = policy.nodes;
  const std::uint64_t there = mm.setup->nodes;
  std::uint64_t nodes =
      (policy.flags & kMpolRelativeNodes) != 0 ? relative_nodemask(asked, there) : asked & there;
  if (nodes == 0) return Errno::kEINVAL;
  if (policy.mode == kMpolPreferred) nodes &= -nodes;
  const std::uint32_t storing =
      mm.profile.asked_nodes == AskedNodes::kWithAnyFlag ? kModeFlags : kUserNodemaskFlags;
  if ((policy.flags & storing) != 0) policy.asked = static_cast<std::uint16_t>(asked);
  policy.nodes = static_cast<std::uint16_t>(nodes);
  return std::nullopt;
}

/// queue_pages_range: a hole anywhere in the range is an error. For the default policy holes are
/// no matter, as long as there is something.
bool is_mapped_enough(const MmStruct& mm, Address start, Address end, const MemPolicy& policy) {
  const VmArea* vma = mm.find_vma_intersection(start, end);
  if (vma == nullptr) return false;
  if (policy.mode == kMpolDefault) return true;
  while (vma != nullptr && vma->vm_start <= start) {
    start = vma->vm_end;
    if (start >= end) return true;
    vma = mm.find_vma_intersection(start, end);
  }
  return false;
}

/// mbind_range of each VMA in turn. What changed before an error stays.
Failure mbind_range(MmStruct& mm, Address start, Address end, const MemPolicy& policy) {
  const auto bind = [&mm, &policy](VmArea* prev, VmArea& vma, Address from, Address to) {
    if (vma.vm_policy == policy) return std::expected<VmArea*, Errno>{&vma};
    const auto modified = vma_modify_policy(mm, prev, vma, from, to, policy);
    if (modified) (*modified)->vm_policy = policy;
    return modified;
  };
  return for_each_vma_range(mm, start, end, bind);
}

}  // namespace

Outcome sys_mbind(MmStruct& mm, const Mbind& call) {
  if (mm.setup->nodes == 0) return Outcome::fail(Errno::kENOSYS);
  const auto mode = sanitize_mpol_flags(mm, call.mode, call.mode_flags);
  if (!mode) return Outcome::fail(mode.error());
  const auto flags = static_cast<std::uint32_t>(call.flags);  // so wide is the kernel's argument
  if ((flags & ~(kMpolMfStrict | kMpolMfMove | kMpolMfMoveAll)) != 0) {
    return Outcome::fail(Errno::kEINVAL);
  }
  // No process here has CAP_SYS_NICE.
  if ((flags & kMpolMfMoveAll) != 0) return Outcome::fail(Errno::kEPERM);
  if (!is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  const Address end = call.addr + page_up(call.length);
  if (end < call.addr) return Outcome::fail(Errno::kEINVAL);
  if (end == call.addr) return Outcome::ok();
  auto policy = mpol_new(mm, *mode, call.nodes);
  if (!policy) return Outcome::fail(policy.error());
  if (const Failure failed = mpol_set_nodemask(mm, *policy)) return Outcome::fail(*failed);
  if (!is_mapped_enough(mm, call.addr, end, *policy)) return Outcome::fail(Errno::kEFAULT);
  const Failure failed = mbind_range(mm, call.addr, end, *policy);
  return failed ? Outcome::fail(*failed) : Outcome::ok();
}

Outcome sys_set_mempolicy(MmStruct& mm, const SetMempolicy& call) {
  if (mm.setup->nodes == 0) return Outcome::fail(Errno::kENOSYS);
  const auto mode = sanitize_mpol_flags(mm, call.mode, call.mode_flags);
  if (!mode) return Outcome::fail(mode.error());
  auto policy = mpol_new(mm, *mode, call.nodes);
  if (!policy) return Outcome::fail(policy.error());
  const Failure failed = mpol_set_nodemask(mm, *policy);
  return failed ? Outcome::fail(*failed) : Outcome::ok();
}

}  // namespace vmadiff::impl
