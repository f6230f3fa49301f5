// model: what should happen? The reference model of the memory calls: short, slow, obviously right.
// It knows spec/ and nothing else of this project; least of all impl/.
#pragma once

#include <memory>

#include "spec/kernel_profile.h"
#include "spec/system.h"

namespace vmadiff::model {

/// A System named "model" that behaves as the kernel of `profile` promises. It observes
/// everything.
[[nodiscard]] std::unique_ptr<spec::System> make_model(const spec::KernelProfile& profile);

}  // namespace vmadiff::model
