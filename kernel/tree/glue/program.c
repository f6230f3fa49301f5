// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the program that a sequence begins with, and an exec maps again.
#include <linux/mm.h>
#include <linux/mman.h>

#include "internal.h"
#include "kernel/tree/glue/glue.h"
#include "vma.h"

static struct vmadiff_tree_vma program[16];
static unsigned program_size;

void glue_set_program(const struct vmadiff_tree_vma* initial, unsigned count) {
  if (count > ARRAY_SIZE(program))
    glue_broken("too many mappings to begin with", __FILE__, __LINE__);
  __builtin_memcpy(program, initial, count * sizeof(*initial));
  program_size = count;
}

// Bounds hold for what the sequence maps.
static void without_bounds(void) {
  const struct vmadiff_tree_setup setup = glue_setup;
  glue_setup.max_map_count = INT_MAX;
  glue_setup.memory_pages = ~0ull;
  glue_machine_start();
  glue_setup = setup;
}

static void map_initial(struct mm_struct* mm, const struct vmadiff_tree_vma* initial) {
  struct vm_area_struct* vma = vm_area_alloc(mm);
  if (vma == NULL) glue_broken("out of memory", __FILE__, __LINE__);
  vma->vm_start = initial->start;
  vma->vm_end = initial->end;
  VMADIFF_SET_PGOFF(vma, initial->pgoff);
  vm_flags_init(vma, initial->flags);
  vma->vm_page_prot = vm_get_page_prot(initial->flags);
  vma->vm_file = get_file(glue_file(initial->file_class, initial->file_number));
  vma->vm_file->f_op->mmap(vma->vm_file, vma);
  if (insert_vm_struct(mm, vma) != 0) glue_broken("insert_vm_struct", __FILE__, __LINE__);
  vm_stat_account(mm, initial->flags, vma_pages(vma));
  // What RLIMIT_DATA counts of the program.
  if ((initial->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE) {
    mm->start_data = initial->start;
    mm->end_data = initial->end;
  }
}

void glue_lay_out(struct mm_struct* mm) {
  without_bounds();
  mm->mmap_base = glue_setup.mmap_base;
  mm->mmap_legacy_base = glue_setup.legacy_base;
  mm->task_size = TASK_SIZE_MAX;
  mm->start_brk = glue_setup.start_brk;
  mm->brk = glue_setup.brk;
  VMADIFF_SET_TOPDOWN(mm, !glue_setup.bottom_up);
  mmap_write_lock(mm);
  for (unsigned i = 0; i < program_size; ++i) map_initial(mm, &program[i]);
  mmap_write_unlock(mm);
  glue_machine_start();
}
