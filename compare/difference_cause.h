// compare: why do two kernels differ? Asked of the model, with each behaviour of the one kernel
// changed to that of the other.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/recording.h"
#include "spec/kernel_profile.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/snapshot.h"

namespace vmadiff::compare {

/// A kernel as the model takes it: its behaviours, and the machine it runs on.
struct ModelledKernel {
  spec::KernelProfile profile;
  spec::Setup setup;
};

/// What the model does as that kernel, looked at after every step as far as `seen` goes.
[[nodiscard]] Recording modelled(const ModelledKernel& kernel, const spec::Sequence& sequence);

/// The name of a cause that is no behaviour: memory, limits and the like.
inline constexpr std::string_view kMachineCause = "machine";

/// Why the models of two kernels differ.
struct Cause {
  std::size_t step = 0;  ///< the first that differs
  /// Names of the behaviours that it takes to make the one kernel the other, in that sequence up to
  /// that step; empty where it is not the kernels that differ but their machines.
  std::vector<std::string> behaviours;
  /// "ksm_early", "ksm_early+mmap_prepare", "machine".
  [[nodiscard]] std::string name() const;
};

/// Nothing where the models do not differ.
[[nodiscard]] std::optional<Cause> cause_of(const ModelledKernel& a, const ModelledKernel& b,
                                            const spec::Sequence& sequence,
                                            const spec::Observes& seen);

/// The fewest behaviours of `b` that make the model of `a` do as that of `b` does, in the whole
/// sequence; nothing where no behaviour does. Requires that the two differ.
[[nodiscard]] std::optional<std::vector<std::string>> behaviours_between(
    const ModelledKernel& a, const ModelledKernel& b, const spec::Sequence& sequence,
    const spec::Observes& seen);

}  // namespace vmadiff::compare
