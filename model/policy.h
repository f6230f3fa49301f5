// model: memory policies, as mbind and set_mempolicy are given them: which are valid, and what of
// one makes it equal to another.
#pragma once

#include <cstdint>
#include <expected>

#include "spec/errno.h"
#include "spec/kernel_profile.h"
#include "spec/policy.h"

namespace vmadiff::model {

struct PolicyMode {
  std::uint16_t mode = 0;   ///< MPOL_*
  std::uint16_t flags = 0;  ///< MPOL_F_*
};

/// The two as one argument has them: the flags are its upper bits, in `mode` too. EINVAL: unknown
/// mode or flags, or flags that do not go together or not with the mode (sanitize_mpol_flags).
[[nodiscard]] std::expected<PolicyMode, spec::Errno> policy_mode(
    std::uint16_t mode, std::uint64_t mode_flags, const spec::KernelProfile& profile);

/// The policy on the nodes asked for, of those that there are. EINVAL: nodes with a mode that takes
/// none, or none with a mode that needs some, or none of them there (mpol_new, mpol_set_nodemask).
[[nodiscard]] std::expected<spec::MemPolicy, spec::Errno> make_policy(PolicyMode mode,
                                                                      std::uint64_t asked,
                                                                      std::uint64_t available,
                                                                      spec::AskedNodes rule);

}  // namespace vmadiff::model
