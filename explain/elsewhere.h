// explain: in which releases is a step otherwise, and why? The models of all releases run beside
// the one whose story is told; what of a difference goes back to which behaviours is asked of the
// model, as compare/difference_cause.h does.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "spec/kernel_profile.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::explain {

/// A behaviour that is another one there.
struct OtherBehaviour {
  std::string name;   ///< "ksm_early"
  std::string what;   ///< "KSM flag before the merge attempt, for"
  std::string there;  ///< its values
  std::string here;
  std::string origin;  ///< "here since 6.17: cf7e7a3503df"; empty for what was always so
};

/// What some releases do otherwise at a step.
struct Otherwise {
  std::vector<std::string> profiles;  ///< in the order of spec::profiles()
  std::string what;                   ///< "gives EINVAL", "leaves 2 VMAs, not 1"
  std::vector<std::string> lines;     ///< of VMAs that are there and not here
  std::vector<OtherBehaviour> behaviours;
  std::optional<std::size_t> follows_from;  ///< the step (from 0) where it began, without new cause
  std::ptrdiff_t surplus = 0;               ///< VMAs more there than here
  bool gives_other = false;                 ///< the result is another one
  /// In result and number of VMAs it differs no more than after that process's last step.
  bool is_consequence = false;
  bool is_looked_into = true;  ///< else the trace is too long for the question why
};

class Elsewhere {
 public:
  /// `sequence`, `setup` and `here` outlive it.
  Elsewhere(const spec::Sequence& sequence, const spec::Setup& setup,
            const spec::KernelProfile& here);

  /// Makes the next step in every release, and says where it is otherwise than `outcome` and
  /// `after`, the state of the process that made it: those only whose difference is another than
  /// after the last step of that process.
  [[nodiscard]] std::vector<Otherwise> step(const spec::Outcome& outcome,
                                            const spec::Snapshot& after);

 private:
  struct Release;
  void explain(Otherwise& otherwise, const std::vector<Release*>& group);

  const spec::Sequence& sequence_;
  const spec::Setup& setup_;
  const spec::KernelProfile& here_;
  std::vector<std::shared_ptr<Release>> releases_;
  std::size_t next_ = 0;
  std::size_t causes_ = 0;
};

}  // namespace vmadiff::explain
