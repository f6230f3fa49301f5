// compare: which values of behaviours do the kept traces not tell apart?
#pragma once

#include <cstddef>
#include <vector>

#include "spec/behaviours.h"
#include "spec/kernel_profile.h"
#include "spec/setup.h"

namespace vmadiff::compare {

/// The standard set-up on a machine with 1 GiB: as on every real one a charge can be refused.
[[nodiscard]] spec::Setup plain_machine();

/// A release, and the same with another value of one behaviour.
struct Undecided {
  const spec::KernelProfile* release = nullptr;
  const spec::Behaviour* behaviour = nullptr;
  std::size_t value = 0;  ///< the other

  [[nodiscard]] spec::KernelProfile changed() const { return behaviour->changed(*release, value); }
};

/// Those two whose models do the same in every kept trace, as far as a real kernel shows it. Of
/// values that a kernel cannot show (a flag of KSM on one without KSM for processes) no trace ever
/// will. The newest release first.
[[nodiscard]] std::vector<Undecided> undecided(const spec::Setup& setup);

}  // namespace vmadiff::compare
