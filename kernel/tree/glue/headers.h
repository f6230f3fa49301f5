// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: what is read before every file, and is compiled once for all of them: what the
// kernel's own build reads first, the prefix, and the headers that nearly all files have in common.

// In this order.
// clang-format off
#include <linux/compiler-version.h>
#include <linux/kconfig.h>
#include <linux/compiler_types.h>
#include "kernel/tree/glue/prefix.h"
#include <probes.h>  // of this tree
// clang-format on

#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/swap.h>
#include <linux/syscalls.h>
#include <linux/userfaultfd_k.h>
