// model: set_mempolicy. It is about the pages of later faults, and changes no VMA.
#include "model/calls.h"
#include "model/policy.h"

namespace vmadiff::model {

using spec::Errno;
using spec::Outcome;

Outcome run(AddressSpace& space, const spec::SetMempolicy& call) {
  const std::uint64_t nodes = space.setup->nodes;
  if (nodes == 0) return Outcome::fail(Errno::kENOSYS);
  const auto mode = policy_mode(call.mode, call.mode_flags, space.profile);
  if (!mode) return Outcome::fail(mode.error());
  const auto policy = make_policy(*mode, call.nodes, nodes, space.profile.asked_nodes);
  return policy ? Outcome::ok() : Outcome::fail(policy.error());
}

}  // namespace vmadiff::model
