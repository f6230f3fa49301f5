// model: prctl. For KSM it sets and clears VM_MERGEABLE on whole VMAs and never joins any; for MDWE
// and for transparent huge pages it is about later calls.
#include "model/calls.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Errno;
using spec::Outcome;

namespace {

bool has_argument(const spec::Prctl& call) {
  return (call.arg2 | call.arg3 | call.arg4 | call.arg5) != 0;
}

Outcome get_memory_merge(const AddressSpace& space, const spec::Prctl& call) {
  if (has_argument(call)) return Outcome::fail(Errno::kEINVAL);
  return Outcome::ok(space.merge_any ? 1 : 0);
}

// Switching to the mode that is on already does nothing: a VMA that madvise took out stays out.
Outcome set_memory_merge(AddressSpace& space, const spec::Prctl& call) {
  if ((call.arg3 | call.arg4 | call.arg5) != 0) return Outcome::fail(Errno::kEINVAL);
  if (!space.setup->may_set_memory_merge) return Outcome::fail(Errno::kEPERM);
  const bool enable = call.arg2 != 0;
  if (enable == space.merge_any) return Outcome::ok();
  space.merge_any = enable;
  for (auto& [start, vma] : space.vmas.all()) {
    vma.flags = enable ? space.with_ksm_flag(vma.flags) : vma.flags & ~spec::kVmMergeable;
  }
  return Outcome::ok();
}

// What is on stays on, and as it is.
Outcome set_mdwe(AddressSpace& space, const spec::Prctl& call) {
  const bool has_no_inherit = space.profile.mdwe == spec::Mdwe::kOptional;
  const std::uint64_t known =
      spec::kMdweRefuseExecGain | (has_no_inherit ? spec::kMdweNoInherit : 0);
  if ((call.arg3 | call.arg4 | call.arg5 | (call.arg2 & ~known)) != 0) {
    return Outcome::fail(Errno::kEINVAL);
  }
  if (call.arg2 == spec::kMdweNoInherit) return Outcome::fail(Errno::kEINVAL);
  if (space.mdwe != 0 && space.mdwe != call.arg2) return Outcome::fail(Errno::kEPERM);
  space.mdwe = call.arg2;
  return Outcome::ok();
}

// They are off from the beginning; what would turn them on is not modelled.
Outcome set_thp_disable(const spec::Prctl& call) {
  const bool is_refused = (call.arg3 | call.arg4 | call.arg5) != 0;
  return is_refused ? Outcome::fail(Errno::kEINVAL) : Outcome::ok();
}

}  // namespace

Outcome run(AddressSpace& space, const spec::Prctl& call) {
  const bool has_ksm = space.profile.process_ksm == spec::ProcessKsm::kPresent;
  const bool has_mdwe = space.profile.mdwe != spec::Mdwe::kAbsent;
  switch (call.option) {
    case spec::kPrSetMdwe:
      return has_mdwe ? set_mdwe(space, call) : Outcome::fail(Errno::kEINVAL);
    case spec::kPrGetMdwe:
      return has_mdwe && !has_argument(call) ? Outcome::ok(space.mdwe)
                                             : Outcome::fail(Errno::kEINVAL);
    case spec::kPrSetThpDisable:
      return set_thp_disable(call);
    case spec::kPrGetThpDisable:
      return has_argument(call) ? Outcome::fail(Errno::kEINVAL) : Outcome::ok(1);
    default:
      if (!has_ksm) return Outcome::fail(Errno::kEINVAL);
      return call.option == spec::kPrGetMemoryMerge ? get_memory_merge(space, call)
                                                    : set_memory_merge(space, call);
  }
}

}  // namespace vmadiff::model
