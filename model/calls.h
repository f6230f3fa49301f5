// model: the calls. One function each, in a file of its name; arguments as the user gave them.
#pragma once

#include "model/address_space.h"
#include "spec/outcome.h"
#include "spec/syscall.h"

namespace vmadiff::model {

[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Mmap& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Munmap& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Mprotect& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Brk& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Madvise& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Prctl& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Touch& call);

}  // namespace vmadiff::model
