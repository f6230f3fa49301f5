// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: page faults. Where the page tables say something (only markers do: there are no
// pages) the tree's own code says what becomes of the fault; else it is ours. What stays of it in
// VMAs is the anon_vma, which the tree's own code finds or makes.
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mmu_context.h>
#include <linux/rmap.h>

#include "internal.h"
#include "kernel/tree/glue/glue.h"

static struct {
  struct mm_struct* mm;
  unsigned long page;
} faulted;

bool glue_was_faulted(struct vm_area_struct* vma, unsigned long address) {
  const bool was = faulted.mm == vma->vm_mm && faulted.page == (address & PAGE_MASK);
  if (was) faulted.mm = NULL;
  return was;
}

// do_anonymous_page: a read maps the zero page, unless the machine has none to map; do_cow_fault: a
// private page of its own comes before the file is looked at.
static bool needs_anon_folio(struct vm_area_struct* vma, bool is_write) {
  if ((vma->vm_flags & VM_SHARED) != 0) return false;
  return is_write || (vma_is_anonymous(vma) && !glue_setup.maps_zero_page);
}

static bool has_entry(struct mm_struct* mm, unsigned long address) {
  pmd_t* pmd = mm_find_pmd(mm, address);
  pte_t* pte = pmd == NULL ? NULL : pte_offset_map(pmd, address);
  bool has;
  if (pte == NULL) return false;
  has = !pte_none(ptep_get(pte));
  pte_unmap(pte);
  return has;
}

// The tree's (parts.cc).
vm_fault_t vmadiff_tree_handle_mm_fault(struct vm_area_struct* vma, unsigned long address,
                                        unsigned int flags, struct pt_regs* regs);

vm_fault_t handle_mm_fault(struct vm_area_struct* vma, unsigned long address, unsigned int flags,
                           struct pt_regs* regs) {
  const bool is_write = (flags & FAULT_FLAG_WRITE) != 0;
  const unsigned long page = vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT);
  // The pool of huge pages is empty.
  if (is_vm_hugetlb_page(vma)) return VM_FAULT_SIGBUS;
  if (has_entry(vma->vm_mm, address))
    return vmadiff_tree_handle_mm_fault(vma, address, flags, regs);
  if (needs_anon_folio(vma, is_write) && anon_vma_prepare(vma) != 0) return VM_FAULT_OOM;
  if (!vma_is_anonymous(vma) && vma->vm_file != NULL && page >= glue_file_pages(vma->vm_file))
    return VM_FAULT_SIGBUS;
  faulted.mm = vma->vm_mm;
  faulted.page = address & PAGE_MASK;
  return 0;
}

// exc_page_fault of x86, as far as VMAs go.
long glue_touch(struct mm_struct* mm, unsigned long address, bool is_write) {
  const int segmentation_fault = 11;
  const int bus_error = 7;
  struct vm_area_struct* vma;
  vm_fault_t fault;
  mmap_write_lock(mm);
  vma = find_vma(mm, address);
  if (vma != NULL && vma->vm_start > address) {
    if ((vma->vm_flags & VM_GROWSDOWN) == 0 || expand_stack_locked(vma, address) != 0) vma = NULL;
  }
  if (vma != NULL && (is_write ? (vma->vm_flags & VM_WRITE) == 0 : !vma_is_accessible(vma)))
    vma = NULL;
  if (vma != NULL && !arch_vma_access_permitted(vma, is_write, false, false)) vma = NULL;
  if (vma == NULL) {
    mmap_write_unlock(mm);
    return segmentation_fault;
  }
  fault = handle_mm_fault(vma, address, is_write ? FAULT_FLAG_WRITE : 0, NULL);
  faulted.mm = NULL;
  mmap_write_unlock(mm);
  if ((fault & VM_FAULT_SIGSEGV) != 0) return segmentation_fault;
  if ((fault & VM_FAULT_OOM) != 0) return -ENOMEM;
  return (fault & VM_FAULT_SIGBUS) != 0 ? bus_error : 0;
}
