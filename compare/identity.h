// compare: which behaviours does a real kernel have? Found by running deciding traces on it and on
// the model, once for each value that a behaviour can have.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/recording.h"
#include "spec/behaviours.h"
#include "spec/kernel_profile.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::compare {

/// The first step at which two runs, looked at after every step, gave different things in what
/// `seen` shows; nothing where they are alike.
[[nodiscard]] std::optional<std::size_t> first_difference(const Recording& one,
                                                          const Recording& other,
                                                          const spec::Observes& seen);
/// Whether two runs gave the same, in all that `seen` shows.
[[nodiscard]] bool is_alike(const Recording& one, const Recording& other,
                            const spec::Observes& seen);

/// "madvise gives EINVAL, not ok"; "mmap leaves another layout (flags)": of that kernel, not of the
/// other, at the step where they differ.
[[nodiscard]] std::string what_differs(const spec::Sequence& sequence, const Recording& kernel,
                                       const Recording& other, std::size_t step,
                                       const spec::Observes& seen);

/// What a kernel does about one behaviour.
struct BehaviourFound {
  const spec::Behaviour* behaviour = nullptr;
  std::vector<std::string_view> traces;  ///< as text
  /// The values with which the model does the same; none where it does the same with no value.
  std::vector<std::size_t> values;
  std::string not_asked;  ///< why it could not be asked; else empty
  /// With the other behaviours as the kernel has them all values give the same.
  bool is_invisible = false;
};

/// "several-vmas"; "absent or present"; "not asked: …", "none that is known", and where nothing
/// shows it "cannot be seen, as its other behaviours are".
[[nodiscard]] std::string values_text(const BehaviourFound& found);

/// Where a kernel does as no profile: not with any value of the behaviour that was asked about, or
/// in what all profiles have in common.
struct Unknown {
  std::string about;        ///< "mremap moves (mremap_move)", "MADV_DOFORK on hugetlb memory"
  std::string seen;         ///< "madvise gives EINVAL, not ok"
  spec::Sequence sequence;  ///< up to the call where it shows
};

struct Identity {
  std::vector<BehaviourFound> findings;  ///< in the order of spec::behaviours()
  std::vector<Unknown> unknown;          ///< each kind of difference once
  /// The profiles that do most as the kernel does, the newest last: several, where nothing that was
  /// asked tells them apart.
  std::vector<const spec::KernelProfile*> alike;
  const spec::KernelProfile* nearest = nullptr;  ///< the last of them
  /// The nearest profile with the behaviours that were found.
  spec::KernelProfile profile;
  bool is_exact = false;  ///< the nearest profile does all that was asked as the kernel does
};

[[nodiscard]] std::expected<Identity, spec::ToolFault> identify(spec::System& kernel,
                                                                const spec::Setup& setup);

}  // namespace vmadiff::compare
