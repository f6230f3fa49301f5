// model: memory policies.
#include "model/policy.h"

#include <bit>

#include "spec/flags.h"

namespace vmadiff::model {

using spec::Errno;
using spec::MemPolicy;

namespace {

constexpr std::uint16_t kNodesAsAsked = spec::kMpolStaticNodes | spec::kMpolRelativeNodes;
constexpr std::uint16_t kModeFlags = kNodesAsAsked | spec::kMpolNumaBalancing;

// Node n stands for the (n modulo their number)th of the nodes that there are.
std::uint64_t relative_nodes(std::uint64_t asked, std::uint64_t available) {
  const int count = std::popcount(available);
  std::uint64_t nodes = 0;
  for (int n = 0; n < 64; ++n) {
    if ((asked >> n & 1) == 0) continue;
    std::uint64_t left = available;
    for (int skipped = 0; skipped < n % count; ++skipped) left &= left - 1;
    nodes |= left & -left;
  }
  return nodes;
}

bool are_nodes_valid(PolicyMode mode, std::uint64_t asked) {
  switch (mode.mode) {
    case spec::kMpolDefault:
      return asked == 0;
    case spec::kMpolLocal:
      return asked == 0 && (mode.flags & kNodesAsAsked) == 0;
    case spec::kMpolPreferred:  // of no node is MPOL_LOCAL
      return asked != 0 || (mode.flags & kNodesAsAsked) == 0;
    default:
      return asked != 0;
  }
}

}  // namespace

std::expected<PolicyMode, Errno> policy_mode(std::uint16_t mode, std::uint64_t mode_flags,
                                             const spec::KernelProfile& profile) {
  const bool with_weights = profile.mempolicy_modes == spec::MempolicyModes::kWithWeights;
  const auto argument = static_cast<std::uint32_t>(mode | mode_flags);  // an int to the kernel
  const std::uint32_t plain = argument & ~std::uint32_t{kModeFlags};
  const auto flags = static_cast<std::uint16_t>(argument & kModeFlags);
  const std::uint32_t last =
      with_weights ? spec::kMpolWeightedInterleave : spec::kMpolPreferredMany;
  if (plain > last) return std::unexpected{Errno::kEINVAL};
  if ((flags & kNodesAsAsked) == kNodesAsAsked) return std::unexpected{Errno::kEINVAL};
  const bool can_balance =
      plain == spec::kMpolBind || (with_weights && plain == spec::kMpolPreferredMany);
  if ((flags & spec::kMpolNumaBalancing) != 0 && !can_balance) {
    return std::unexpected{Errno::kEINVAL};
  }
  return PolicyMode{.mode = static_cast<std::uint16_t>(plain), .flags = flags};
}

std::expected<MemPolicy, Errno> make_policy(PolicyMode mode, std::uint64_t asked,
                                            std::uint64_t available, spec::AskedNodes rule) {
  if (!are_nodes_valid(mode, asked)) return std::unexpected{Errno::kEINVAL};
  if (mode.mode == spec::kMpolDefault) return MemPolicy{};
  if (asked == 0) return MemPolicy{.mode = spec::kMpolLocal, .flags = mode.flags};

  std::uint64_t nodes = (mode.flags & spec::kMpolRelativeNodes) != 0
                            ? relative_nodes(asked, available)
                            : asked & available;
  if (nodes == 0) return std::unexpected{Errno::kEINVAL};
  if (mode.mode == spec::kMpolPreferred) nodes &= -nodes;
  MemPolicy policy{.mode = mode.mode,
                   .flags = mode.flags,
                   .nodes = static_cast<std::uint16_t>(nodes & spec::kNodesMask)};
  // Flags make what was asked for part of the policy (mpol_store_user_nodemask).
  const bool keeps_asked =
      rule == spec::AskedNodes::kWithAnyFlag ? mode.flags != 0 : (mode.flags & kNodesAsAsked) != 0;
  if (keeps_asked) policy.asked = static_cast<std::uint16_t>(asked & spec::kNodesMask);
  return policy;
}

}  // namespace vmadiff::model
