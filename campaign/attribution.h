// campaign: why does a real kernel do otherwise than the profile? Named where a behaviour with
// another value does the same, so that a difference with one cause is one finding, however many
// sequences show it.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "campaign/crew.h"
#include "compare/call_pattern.h"
#include "compare/recording.h"
#include "properties/claims/finding.h"
#include "spec/kernel_profile.h"
#include "spec/system.h"

namespace vmadiff::campaign {

/// Whether a real kernel and another system disagree in it: not a promise that is broken for its
/// own sake, and not two of ours that disagree.
[[nodiscard]] bool is_of_a_real_kernel(const properties::Finding& finding);

/// The differences that a campaign has reported, by their causes.
class Attribution {
 public:
  /// `by_pattern`: what fits no behaviour is told by its calls, and what contains these is another
  /// sight of it (only where the profile is the kernel's own: else differences are many).
  Attribution(spec::KernelProfile profile, bool by_pattern)
      : profile_(profile), by_pattern_(by_pattern) {}

  /// Before a finding is made small: it without the calls of what is known. Nothing where it shows
  /// nothing then: it was another sight of that, which is counted.
  [[nodiscard]] std::expected<std::optional<properties::Finding>, spec::ToolFault> without_known(
      const Crew& crew, properties::Finding finding);

  /// Of a small finding: adds its cause to the explanation where a known behaviour does the same.
  /// False where the cause was reported before: it is counted.
  [[nodiscard]] std::expected<bool, spec::ToolFault> is_new(const Crew& crew,
                                                            properties::Finding& finding);

  /// "madvise(MADV_DOFORK) behind mmap(…)" or "mremap_move=one-vma": how many more findings had
  /// that cause.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& more() const { return more_; }

  /// Something that fits no behaviour, reported by somebody else.
  void add(const spec::Sequence& sequence) { patterns_.push_back(compare::pattern_of(sequence)); }

 private:
  spec::KernelProfile profile_;
  bool by_pattern_;
  std::vector<compare::CallPattern> patterns_;
  std::map<std::string, std::uint64_t> more_;
  std::set<std::string> causes_;
};

/// Behaviours of other values, one or two, with which the model does as the kernel.
struct KnownCause {
  std::string name;  ///< "mremap_move=one-vma"
  std::string text;  ///< the same as a sentence, with the profiles that have it
};
/// Of that sequence, of which the kernel made that recording, looked at after every step.
[[nodiscard]] std::optional<KnownCause> known_cause(const spec::KernelProfile& profile,
                                                    const spec::Setup& setup,
                                                    const spec::Sequence& sequence,
                                                    const compare::Recording& kernel,
                                                    const spec::Observes& seen);

}  // namespace vmadiff::campaign
