// spec: how the profiles came about. Each release is the one before it and what changed, each patch
// its base and what it changes, each change with where it is known from.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "spec/behaviours.h"
#include "spec/kernel_profile.h"

namespace vmadiff::spec {

/// One behaviour that became another.
struct ProfileChange {
  void (*apply)(KernelProfile& profile);
  std::string_view since;   ///< the release that brought it, "6.13"; "patch" of what none has yet
  std::string_view source;  ///< a commit, a kernel's function, or on what it was measured
};

/// A release or a patch, or a state between two releases, from which a patch departs.
struct ProfileStep {
  std::string_view name;
  std::string_view base;  ///< an earlier step's name; empty: the first, which is `first`
  std::string_view summary;
  bool is_profile = true;  ///< can be chosen; else only others begin there
  std::span<const ProfileChange> changes;
};

/// Each behind its base; those that can be chosen in the order of profiles().
[[nodiscard]] std::span<const ProfileStep> profile_history();

/// What the step of that name is, a profile or not. Requires that there is one.
[[nodiscard]] KernelProfile profile_of_step(std::string_view name);

/// Whether it is what a release does, and not what a patch makes of one.
[[nodiscard]] bool is_release(const KernelProfile& profile);

/// The changes that gave a behaviour that value, those of patches left out, in the order of the
/// steps; none for the value with which the history begins.
[[nodiscard]] std::vector<const ProfileChange*> origins_of(const Behaviour& behaviour,
                                                           std::size_t value);

}  // namespace vmadiff::spec
