// model: mbind. A hole in the range changes nothing, though the default policy may be set around
// holes; then VMA by VMA, and what came before an error keeps its new policy.
#include "model/calls.h"
#include "model/join.h"
#include "model/policy.h"
#include "model/walk.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Errno;
using spec::Outcome;
using spec::Range;
using spec::Vma;

Outcome run(AddressSpace& space, const spec::Mbind& call) {
  const std::uint64_t nodes = space.setup->nodes;
  if (nodes == 0) return Outcome::fail(Errno::kENOSYS);
  const auto mode = policy_mode(call.mode, call.mode_flags, space.profile);
  if (!mode) return Outcome::fail(mode.error());

  constexpr std::uint64_t kKnown = spec::kMpolMfStrict | spec::kMpolMfMove | spec::kMpolMfMoveAll;
  const std::uint64_t flags = call.flags & 0xffffffff;  // an int to the kernel
  if ((flags & ~kKnown) != 0) return Outcome::fail(Errno::kEINVAL);
  // No CAP_SYS_NICE.
  if ((flags & spec::kMpolMfMoveAll) != 0) return Outcome::fail(Errno::kEPERM);
  if (!spec::is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  const Range range{call.addr, call.addr + spec::page_up(call.length)};
  if (range.end < range.start) return Outcome::fail(Errno::kEINVAL);
  if (range.end == range.start) return Outcome::ok();

  const auto policy = make_policy(*mode, call.nodes, nodes, space.profile.asked_nodes);
  if (!policy) return Outcome::fail(policy.error());
  const bool may_have_holes = policy->mode == spec::kMpolDefault;
  const bool is_there =
      may_have_holes ? !space.vmas.is_free(range) : space.vmas.is_all_mapped(range);
  if (!is_there) return Outcome::fail(Errno::kEFAULT);
  const Result done =
      for_each_part(space, range, [&space, &policy](Range part, const Vma& vma) -> Result {
        if (vma.policy == *policy) return {};
        return change_policy(space, part, *policy);
      });
  return done ? Outcome::ok() : Outcome::fail(done.error());
}

}  // namespace vmadiff::model
