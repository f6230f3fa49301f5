// spec: the behaviours of a profile as a list, so that one can be changed, compared and named
// without knowing which it is.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "spec/kernel_profile.h"

namespace vmadiff::spec {

/// One field of KernelProfile. Its values are numbered as its enum is.
struct Behaviour {
  std::string_view name;  ///< the field's
  std::string_view what;  ///< the question that it answers, a few words
  std::size_t count;      ///< of its values
  std::string_view (*value_name)(std::size_t value);
  std::size_t (*get)(const KernelProfile& profile);
  void (*set)(KernelProfile& profile, std::size_t value);

  /// The profile with another value of this behaviour.
  [[nodiscard]] KernelProfile changed(KernelProfile profile, std::size_t value) const {
    set(profile, value);
    return profile;
  }
};

/// In the order of KernelProfile.
[[nodiscard]] std::span<const Behaviour> behaviours();

}  // namespace vmadiff::spec
