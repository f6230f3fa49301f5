// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the tree's mm/ksm.c without its thread.
#include "mm/ksm.c"

#include "kernel/tree/glue/glue.h"

int glue_ksm_init(void) { return ksm_slab_init(); }
