// explain: why did a call leave what it left? A trace told step by step, as the model runs it under
// one profile: what happened, where it tried to merge and which condition allowed or stopped that,
// why it failed, and in which releases it is otherwise. All of it is made of the states before and
// after each call and of rules; nothing is known of any one trace.
#pragma once

#include <functional>

#include "explain/step_story.h"
#include "spec/kernel_profile.h"
#include "spec/sequence.h"
#include "spec/setup.h"

namespace vmadiff::explain {

/// Tells each step in order. The trace begins in `setup`.
void tell(const spec::Sequence& sequence, const spec::Setup& setup,
          const spec::KernelProfile& profile,
          const std::function<void(const StepStory&)>& listener);

}  // namespace vmadiff::explain
