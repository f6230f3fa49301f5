// properties: ReviewPredicateIsIndistinguishable.
//
// The patch computes the KSM flag early for a file only where it has .mmap_prepare; the review
// asks why not wherever it has no .mmap. Both give the same results and layouts at every step.
// Source: a file has exactly one of the two hooks: with neither, mmap is ENODEV before the
// predicate is asked, and with both it is refused (file_has_valid_mmap_hooks).
// Not covered: kernels that would let a file with both hooks through. Only asked where the profile
// is one of the two that differ in this predicate.
#include "properties/claims/relation.h"

namespace vmadiff::properties {

RelationResult review_predicate_is_indistinguishable(RelationRoom& room,
                                                     const spec::Sequence& sequence) {
  if (room.other_profile == nullptr) return std::nullopt;
  room.first.clear();
  room.counterpart.clear();
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    room.first.add(sequence[i], i);
    room.counterpart.push_back(i);
  }
  auto run = record(*room.system, *room.setup, sequence, room.first_run);
  if (run) run = record(*room.other_profile, *room.setup, sequence, room.second_run);
  if (!run) return std::unexpected(run.error());
  return compare_runs(room, {.leeway = {},
                             .anon_vmas = true,
                             .has_halves = false,
                             .first_name = "this profile's predicate",
                             .second_name = "the other profile's predicate"});
}

}  // namespace vmadiff::properties
