// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the tree's drivers/char/mem.c: /dev/zero and /dev/null are its own.
#include "drivers/char/mem.c"

#include "kernel/tree/glue/glue.h"

const struct file_operations* glue_zero_fops(void) { return &zero_fops; }
const struct file_operations* glue_null_fops(void) { return &null_fops; }
