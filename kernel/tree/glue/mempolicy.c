// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the tree's mm/mempolicy.c, with its caches and without a policy of the system's own.
#include "mm/mempolicy.c"

#include "kernel/tree/glue/glue.h"

int glue_mempolicy_init(void) {
  policy_cache = kmem_cache_create("numa_policy", sizeof(struct mempolicy), 0, 0, NULL);
  sn_cache = kmem_cache_create("shared_policy_node", sizeof(struct sp_node), 0, 0, NULL);
  return policy_cache == NULL || sn_cache == NULL ? -ENOMEM : 0;
}
