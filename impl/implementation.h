// impl: what happens, fast? This file: the room's door.
#pragma once

#include <memory>

#include "spec/kernel_profile.h"
#include "spec/system.h"

namespace vmadiff::impl {

/// The system "impl": Linux's mmap path on a maple tree of our own, as `profile` has it. It
/// observes everything. Not thread-safe; any number of them can be used side by side.
[[nodiscard]] std::unique_ptr<spec::System> make_implementation(const spec::KernelProfile& profile);

}  // namespace vmadiff::impl
