// impl: which anon_vma a VMA gets with its first private page.
#include "impl/anon_vma.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// anon_vma_compatible: `a` lies right before `b`, and mprotect could make them one.
bool anon_vma_compatible(const MmStruct& mm, const VmArea& a, const VmArea& b) {
  return a.vm_end == b.vm_start && a.vm_policy == b.vm_policy && a.vm_file == b.vm_file &&
         ((a.vm_flags ^ b.vm_flags) & ~(kVmAccessFlags | kVmSticky)) == 0 &&
         b.vm_pgoff == a.vm_pgoff + a.pages() &&
         (b.anon_pgoff == a.anon_pgoff + a.pages() || !has_anon_pgoff(mm, a.vm_flags));
}

/// Whether `lender` has an anon_vma to share: one that did not come through fork.
bool can_lend(const VmArea& lender) {
  return lender.anon_vma != kNoAnonVma && lender.has_single_link();
}

/// find_mergeable_anon_vma.
AnonVmaId find_mergeable_anon_vma(const MmStruct& mm, const VmArea& vma) {
  const VmArea* next = mm.vma_lookup(vma.vm_end);
  if (next != nullptr && anon_vma_compatible(mm, vma, *next) && can_lend(*next))
    return next->anon_vma;
  const VmArea* prev = vma.vm_start == 0 ? nullptr : mm.vma_lookup(vma.vm_start - 1);
  if (prev != nullptr && anon_vma_compatible(mm, *prev, vma) && can_lend(*prev))
    return prev->anon_vma;
  return kNoAnonVma;
}

}  // namespace

bool anon_vma_prepare(MmStruct& mm, VmArea& vma) {
  if (vma.anon_vma != kNoAnonVma) return true;
  if (mm.should_fail()) return false;
  const AnonVmaId shared = find_mergeable_anon_vma(mm, vma);
  vma.anon_vma = shared != kNoAnonVma ? shared : ++mm.anon_vmas;
  vma.anon_vma_chain = 1;
  return true;
}

}  // namespace vmadiff::impl
