// properties: EnablingKsmChangesNoLayout.
//
// A sequence that makes no KSM calls of its own gives the same results and the same layout, but for
// VM_MERGEABLE, whether PR_SET_MEMORY_MERGE was turned on before it or not.
// Source: the purpose of the patch. Eligibility depends on flags that neighbours must share to
// merge, so where the flag is set before the merge attempt it never keeps two VMAs apart.
// Not covered: KSM calls in the middle (they are left out of both runs), and, where the kernel sets
// the flag early for some mappings only, private mappings of files with a legacy .mmap hook: these
// are left out of both runs and counted (LegacyMmapHookUnderKsm). A kernel that sets it early for
// none has no such excuse, and breaks the claim at once.
#include "properties/claims/ksm_calls.h"
#include "properties/claims/relation.h"

namespace vmadiff::properties {
namespace {

bool gets_the_flag_late(const spec::Syscall& call, const spec::KernelProfile& profile) {
  const auto* mmap = std::get_if<spec::Mmap>(&call);
  if (mmap == nullptr || profile.ksm_early == spec::KsmEarly::kNever) return false;
  if ((mmap->flags & spec::kMapAnonymous) != 0 || mmap->file.cls == spec::FileClass::kMemfd) {
    return false;
  }
  return (mmap->flags & spec::kMapType) == spec::kMapPrivate &&
         hooks_of(mmap->file.cls, profile).mmap;
}

}  // namespace

RelationResult enabling_ksm_changes_no_layout(RelationRoom& room, const spec::Sequence& sequence) {
  if (!room.setup->may_set_memory_merge) return std::nullopt;
  room.first.clear();
  room.second.clear();
  room.counterpart.clear();
  room.second.add({.process = 0, .call = spec::Prctl{.arg2 = 1}, .expected = {}}, 0);
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const spec::Step& step = sequence[i];
    if (is_of_ksm(step.call)) continue;
    if (gets_the_flag_late(step.call, *room.profile)) {
      room.exemptions->count(Exemption::kLegacyMmapHookUnderKsm);
      continue;
    }
    room.first.add(step, i);
    room.counterpart.push_back(room.second.sequence.size());
    room.second.add(step, i);
  }
  return run_both(room, {.leeway = {.flags = spec::kVmSticky | spec::kVmMergeable,
                                    .moved = 0,
                                    .merge_any = true,
                                    .still_below = 0},
                         .anon_vmas = true,
                         .has_halves = false,
                         .first_name = "KSM off",
                         .second_name = "KSM on from the start"});
}

}  // namespace vmadiff::properties
