// impl: how an address space begins.
#include "impl/fork.h"

#include <new>

#include "impl/accounting.h"
#include "impl/anon_vma.h"
#include "impl/hugetlb.h"
#include "impl/ksm.h"
#include "impl/mlock.h"
#include "impl/userfaultfd.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// The length of any anon_vma chain that is not singular (spec::Vma::anon_vma_links).
constexpr std::uint32_t kForkedChain = 2;

/// anon_vma_fork: the copy gets an anon_vma of its own, at the end of the chain of its parent's.
/// False where memory is exhausted.
bool anon_vma_fork(MmStruct& mm, VmArea& vma) {
  if (vma.anon_vma == kNoAnonVma) return true;
  if ((vma.vm_flags & kVmWipeonfork) != 0) {
    vma.anon_vma = kNoAnonVma;
    vma.anon_vma_chain = 0;
    return true;
  }
  if (mm.should_fail()) return false;
  vma.anon_vma = ++mm.anon_vmas;
  vma.anon_vma_chain = kForkedChain;
  return true;
}

/// mmf_init_flags, of what MDWE has there. exec goes by it, too.
std::uint64_t inherited_mdwe(const MmStruct& mm) {
  return (mm.mdwe & kMdweNoInherit) != 0 ? 0 : mm.mdwe;
}

Failure dup_mmap(MmStruct& mm, const MmStruct& oldmm) {
  if (mm.should_fail()) return Errno::kENOMEM;
  mm.mm_mt.copy(oldmm.mm_mt);
  mm.guards.copy(oldmm.guards);
  for (const auto& [first, last, old_vma] : oldmm.mm_mt) {
    if ((old_vma->vm_flags & kVmDontcopy) != 0) {
      if (!mm.mm_mt.erase(first, last)) return Errno::kENOMEM;
      vm_stat_unaccount(mm, old_vma->vm_flags, old_vma->pages());
      mm.guards.zap(old_vma->vm_start, old_vma->vm_end);
      continue;
    }
    if ((old_vma->vm_flags & kVmAccount) != 0 && !vm_enough_memory(oldmm, old_vma->pages())) {
      return Errno::kENOMEM;
    }
    VmArea* vma = mm.vm_area_alloc();
    if (vma == nullptr || !vma_dup_policy(mm, *old_vma)) return Errno::kENOMEM;
    *vma = *old_vma;
    if ((vma->vm_flags & kVmWipeonfork) != 0) mm.guards.zap(vma->vm_start, vma->vm_end);
    vma->vm_flags &= ~kVmLockedMask;
    if (!dup_userfaultfd(mm, oldmm, *vma)) return Errno::kENOMEM;
    hugetlb_dup_vma_private(*vma);
    if (!anon_vma_fork(mm, *vma)) return Errno::kENOMEM;
    // The tree has its shape already: each entry is only exchanged for the copy.
    if (!mm.mm_mt.store(first, last, vma)) return Errno::kENOMEM;
    ++mm.counters.map_count;
    copy_hugetlb_page_range(mm, oldmm, *vma);
  }
  return {};
}

}  // namespace

Failure dup_mm(MmStruct* mm, const MmStruct& oldmm) try {
  if (oldmm.should_fail()) return Errno::kENOMEM;
  // Each member is set: the structure may have been another process's.
  mm->vmas.reset();
  mm->userfaultfds.fill(std::nullopt);
  mm->def_flags = 0;
  mm->setup = oldmm.setup;
  mm->counters = oldmm.counters;
  mm->counters.map_count = 0;
  mm->counters.locked_vm = 0;
  mm->limits = oldmm.limits;
  mm->brk = oldmm.brk;
  mm->data_bytes = oldmm.data_bytes;
  mm->merge_any = oldmm.merge_any;
  mm->mdwe = inherited_mdwe(oldmm);
  mm->memfds = oldmm.memfds;
  mm->anon_vmas = oldmm.anon_vmas;
  mm->shmem_pages = oldmm.shmem_pages;
  mm->pkeys = oldmm.pkeys;  // arch_dup_pkeys; the register is the thread's
  mm->attachments = oldmm.attachments;
  mm->enter_machine();
  const Failure failed = dup_mmap(*mm, oldmm);
  if (failed) mm->leave_machine();
  return failed;
} catch (const std::bad_alloc&) {
  mm->leave_machine();
  return Errno::kENOMEM;
}

void exec_mmap(MmStruct& mm) {
  const Limits limits = mm.limits;
  const bool merge_any = mm.merge_any;
  hugetlb_exit_mmap(mm);
  const std::uint64_t mdwe = inherited_mdwe(mm);
  // The set-up was good when the sequence began.
  static_cast<void>(mm.start_again(*mm.setup));
  mm.limits = limits;
  mm.merge_any = merge_any;
  mm.mdwe = mdwe;
  mm.mm_mt.for_each_value([&mm](VmArea* vma) { vma->vm_flags = ksm_vma_flags(mm, vma->vm_flags); });
}

}  // namespace vmadiff::impl
