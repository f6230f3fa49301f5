// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the tree's kernel/fork.c, and a door to what is static in it.
#include "kernel/fork.c"

#include "kernel/tree/glue/glue.h"

struct mm_struct* glue_dup_mm(struct task_struct* child, struct mm_struct* mm) {
  return dup_mm(child, mm);
}
