// impl: stacks that grow when they are touched. Whatever they grow towards, they never merge with
// it.
#include "impl/expand_stack.h"

#include "impl/accounting.h"
#include "impl/anon_vma.h"
#include "impl/limits.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// acct_stack_growth: whether the limits allow a stack of `size` bytes, `grow` pages of them new.
bool acct_stack_growth(const MmStruct& mm, const VmArea& vma, Address size, std::uint64_t grow) {
  return may_expand_vm(mm, vma.vm_flags, grow) && size <= mm.limits.stack &&
         mlock_future_ok(mm, vma.vm_flags, grow << kPageShift) && vm_enough_memory(mm, grow);
}

/// expand_downwards: makes the VMA, which grows down, begin at `addr` (page-aligned, below its
/// start, above the VMA before it). An anon_vma that it did not have stays where a limit refuses
/// the growth. What grows is not populated, though it may be locked.
bool expand_downwards(MmStruct& mm, VmArea& vma, Address addr) {
  if (addr < mm.setup->placement_min_addr) return false;
  const VmArea* prev = mm.vma_before(vma.vm_start);
  const Address guard_gap = mm.setup->stack_guard_gap << kPageShift;
  if (prev != nullptr && (prev->vm_flags & kVmGrowsdown) == 0 &&
      (prev->vm_flags & kVmAccessFlags) != 0 && addr - prev->vm_end < guard_gap) {
    return false;
  }
  if (!mm.preallocate(addr, vma.vm_end - 1) || !anon_vma_prepare(mm, vma)) return false;
  const std::uint64_t grow = (vma.vm_start - addr) >> kPageShift;
  if (grow > vma.vm_pgoff || !acct_stack_growth(mm, vma, vma.vm_end - addr, grow)) return false;
  if ((vma.vm_flags & kVmLocked) != 0) mm.counters.locked_vm += grow;
  vm_stat_account(mm, vma.vm_flags, grow);
  vma.vm_start = addr;
  vma.vm_pgoff -= grow;
  vma.anon_pgoff -= grow;
  mm.mm_mt.store_preallocated(addr, vma.vm_end - 1, &vma);
  return true;
}

}  // namespace

VmArea* find_vma_or_expand(MmStruct& mm, Address addr) {
  VmArea* vma = mm.find_vma(addr);
  if (vma == nullptr || vma->vm_start <= addr) return vma;
  const bool grown =
      (vma->vm_flags & kVmGrowsdown) != 0 && expand_downwards(mm, *vma, page_down(addr));
  return grown ? vma : nullptr;
}

}  // namespace vmadiff::impl
