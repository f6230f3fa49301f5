// explain: one step of a trace, told. It knows the call, its result, and the state of its process
// before and after; in which releases it is otherwise is elsewhere.h's.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "explain/boundary.h"
#include "explain/elsewhere.h"
#include "spec/sequence.h"

namespace vmadiff::explain {

struct StepStory {
  std::size_t index = 0;  ///< of the step, from 0
  spec::Step step{};
  spec::Outcome outcome{};
  std::vector<std::string> sentences{};  ///< what happened; one at least
  std::vector<std::string> gone{};       ///< lines of VMAs that were there and are not
  std::vector<std::string> come{};       ///< the other way
  std::vector<Boundary> boundaries{};
  std::vector<Otherwise> otherwise{};
};

/// What a call did, besides its boundaries: sentences, and the VMAs that it changed.
void tell_success(const Moment& moment, StepStory& out);
/// What a fork made: the child's state beside its parent's.
void tell_child(const spec::Snapshot& parent, const spec::Snapshot& child, StepStory& out);
/// The lines of what is different.
void tell_changes(const spec::Snapshot& before, const spec::Snapshot& after, StepStory& out);

}  // namespace vmadiff::explain
