// model: prctl, for KSM. It sets and clears VM_MERGEABLE on whole VMAs and never joins any.
#include "model/calls.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Errno;
using spec::Outcome;

namespace {

Outcome get_memory_merge(const AddressSpace& space, const spec::Prctl& call) {
  if ((call.arg2 | call.arg3 | call.arg4 | call.arg5) != 0) return Outcome::fail(Errno::kEINVAL);
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

}  // namespace

Outcome run(AddressSpace& space, const spec::Prctl& call) {
  if (space.profile.process_ksm == spec::ProcessKsm::kAbsent) return Outcome::fail(Errno::kEINVAL);
  return call.option == spec::kPrGetMemoryMerge ? get_memory_merge(space, call)
                                                : set_memory_merge(space, call);
}

}  // namespace vmadiff::model
