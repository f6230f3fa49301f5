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
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Mremap& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Mseal& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::PkeyMprotect& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::RemapFilePages& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Setrlimit& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::UffdOpen& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::UffdClose& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::UffdRegister& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::UffdUnregister& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::UffdWriteprotect& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::UffdRwprotect& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Mbind& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::SetMempolicy& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::SetVmaName& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Shmat& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Shmdt& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::PkeyAlloc& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::PkeyFree& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Msync& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::AddSeals& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::ProcessMadvise& call);

[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Mlock& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Mlock2& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Munlock& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Mlockall& call);
[[nodiscard]] spec::Outcome run(AddressSpace& space, const spec::Munlockall& call);

}  // namespace vmadiff::model
