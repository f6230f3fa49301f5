// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: what is seen of an address space, in the tool's words.
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rmap.h>

#include "internal.h"
#include "kernel/tree/glue/glue.h"
#include "vma.h"

void glue_state(const struct mm_struct* mm, struct vmadiff_tree_state* out) {
  out->map_count = mm->map_count;
  out->total_vm = mm->total_vm;
  out->locked_vm = mm->locked_vm;
  out->data_vm = mm->data_vm;
  out->stack_vm = mm->stack_vm;
  out->exec_vm = mm->exec_vm;
  out->brk = mm->brk;
}

static void write_policy(const struct mempolicy* policy, struct vmadiff_tree_vma* out) {
  out->policy_mode = 0;
  out->policy_flags = 0;
  out->policy_nodes = 0;
  out->policy_asked = 0;
  if (policy == NULL) return;
  out->policy_mode = policy->mode;
  out->policy_flags = policy->flags & MPOL_MODE_FLAGS;
  out->policy_nodes = policy->mode == MPOL_LOCAL ? 0 : nodes_addr(policy->nodes)[0];
  if ((policy->flags & VMADIFF_NODEMASK_FLAGS) != 0)
    out->policy_asked = nodes_addr(policy->w.user_nodemask)[0];
}

static vmadiff_u64 flags_of(const struct vm_area_struct* vma) {
  const vmadiff_u64 flags = vma->vm_flags;
  vmadiff_u64 out = flags & ~(vmadiff_u64)(VM_UFFD_MINOR | VM_DROPPABLE | VM_SEALED);
#ifdef VM_UFFD_RWP
  out &= ~(vmadiff_u64)VM_UFFD_RWP;
  if ((flags & VM_UFFD_RWP) != 0) out |= VMADIFF_TREE_UFFD_RWP;
#endif
  if ((flags & VM_UFFD_MINOR) != 0) out |= VMADIFF_TREE_UFFD_MINOR;
  if ((flags & VM_DROPPABLE) != 0) out |= VMADIFF_TREE_DROPPABLE;
  if ((flags & VM_SEALED) != 0) out |= VMADIFF_TREE_SEALED;
  return out;
}

// One that is none of the process's has a number that none has.
static unsigned userfaultfd_of(const struct vm_area_struct* vma, struct file* const* files) {
  const void* ctx = vma->vm_userfaultfd_ctx.ctx;
  unsigned number = 0;
  if (ctx == NULL) return 0;
  while (number < VMADIFF_TREE_USERFAULTFDS &&
         (files[number] == NULL || files[number]->private_data != ctx))
    ++number;
  return number + 1;
}

unsigned glue_vmas(struct mm_struct* mm, struct file* const* userfaultfds, unsigned long from,
                   struct vmadiff_tree_vma* out, unsigned count) {
  struct vm_area_struct* vma;
  unsigned written = 0;
  VMA_ITERATOR(iterator, mm, from);
  for_each_vma(iterator, vma) {
    if (written == count) break;
    struct vmadiff_tree_vma* row = &out[written++];
    row->start = vma->vm_start;
    row->end = vma->vm_end;
    row->flags = flags_of(vma);
    row->pgoff = vma->vm_pgoff;
    row->anon_pgoff = VMADIFF_ANON_PGOFF(vma);
    row->anon_vma = (unsigned long)vma->anon_vma;
    row->anon_vma_links = vma->anon_vma == NULL                    ? 0
                          : list_is_singular(&vma->anon_vma_chain) ? 1
                                                                   : 2;
    glue_file_id(vma->vm_file, &row->file_class, &row->file_number);
    write_policy(vma->vm_policy, row);
    row->name = vma->anon_name == NULL ? NULL : vma->anon_name->name;
    row->userfaultfd = userfaultfd_of(vma, userfaultfds);
  }
  return written;
}
