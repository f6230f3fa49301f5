// impl: what happens, fast? This file: the calls, as the system-call table has them. Each takes its
// arguments as the user gave them and does all checks of its own.
#pragma once

#include "impl/mm.h"
#include "spec/outcome.h"
#include "spec/syscall.h"

namespace vmadiff::impl {

[[nodiscard]] spec::Outcome sys_mmap(MmStruct& mm, const spec::Mmap& call);
[[nodiscard]] spec::Outcome sys_munmap(MmStruct& mm, const spec::Munmap& call);
[[nodiscard]] spec::Outcome sys_mprotect(MmStruct& mm, const spec::Mprotect& call);
[[nodiscard]] spec::Outcome sys_brk(MmStruct& mm, const spec::Brk& call);
[[nodiscard]] spec::Outcome sys_madvise(MmStruct& mm, const spec::Madvise& call);
[[nodiscard]] spec::Outcome sys_prctl(MmStruct& mm, const spec::Prctl& call);
[[nodiscard]] spec::Outcome sys_mlock(MmStruct& mm, const spec::Mlock& call);
[[nodiscard]] spec::Outcome sys_mlock2(MmStruct& mm, const spec::Mlock2& call);
[[nodiscard]] spec::Outcome sys_munlock(MmStruct& mm, const spec::Munlock& call);
[[nodiscard]] spec::Outcome sys_mlockall(MmStruct& mm, const spec::Mlockall& call);
[[nodiscard]] spec::Outcome sys_munlockall(MmStruct& mm, const spec::Munlockall& call);
[[nodiscard]] spec::Outcome sys_mremap(MmStruct& mm, const spec::Mremap& call);
[[nodiscard]] spec::Outcome sys_mseal(MmStruct& mm, const spec::Mseal& call);
[[nodiscard]] spec::Outcome sys_pkey_mprotect(MmStruct& mm, const spec::PkeyMprotect& call);
[[nodiscard]] spec::Outcome sys_remap_file_pages(MmStruct& mm, const spec::RemapFilePages& call);
[[nodiscard]] spec::Outcome sys_setrlimit(MmStruct& mm, const spec::Setrlimit& call);
[[nodiscard]] spec::Outcome userfaultfd_open(MmStruct& mm, const spec::UffdOpen& call);
[[nodiscard]] spec::Outcome userfaultfd_close(MmStruct& mm, const spec::UffdClose& call);
[[nodiscard]] spec::Outcome userfaultfd_register(MmStruct& mm, const spec::UffdRegister& call);
[[nodiscard]] spec::Outcome userfaultfd_unregister(MmStruct& mm, const spec::UffdUnregister& call);
[[nodiscard]] spec::Outcome userfaultfd_writeprotect(MmStruct& mm,
                                                     const spec::UffdWriteprotect& call);
[[nodiscard]] spec::Outcome userfaultfd_rwprotect(MmStruct& mm, const spec::UffdRwprotect& call);
[[nodiscard]] spec::Outcome sys_mbind(MmStruct& mm, const spec::Mbind& call);
[[nodiscard]] spec::Outcome sys_set_mempolicy(MmStruct& mm, const spec::SetMempolicy& call);
[[nodiscard]] spec::Outcome prctl_set_vma(MmStruct& mm, const spec::SetVmaName& call);
[[nodiscard]] spec::Outcome sys_shmat(MmStruct& mm, const spec::Shmat& call);
[[nodiscard]] spec::Outcome sys_shmdt(MmStruct& mm, const spec::Shmdt& call);
[[nodiscard]] spec::Outcome sys_pkey_alloc(MmStruct& mm, const spec::PkeyAlloc& call);
[[nodiscard]] spec::Outcome sys_pkey_free(MmStruct& mm, const spec::PkeyFree& call);
[[nodiscard]] spec::Outcome sys_msync(MmStruct& mm, const spec::Msync& call);
[[nodiscard]] spec::Outcome sys_process_madvise(MmStruct& mm, const spec::ProcessMadvise& call);
/// madvise_behavior_valid, as far as it is modelled.
[[nodiscard]] bool is_valid_advice(const MmStruct& mm, std::int32_t advice);
[[nodiscard]] spec::Outcome touch(MmStruct& mm, const spec::Touch& call);

}  // namespace vmadiff::impl
