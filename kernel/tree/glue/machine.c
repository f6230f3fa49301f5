// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the machine and the parts of the kernel that are not built from the tree: what they
// are asked for here, and what is answered. docs/tree.md sums it up.
#include <asm/processor.h>
#include <linux/backing-dev.h>
#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/cred.h>
#include <linux/init.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/percpu_counter.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/spinlock.h>
#include <linux/swap.h>

#include "internal.h"
#include "kernel/tree/glue/glue.h"

// Data

struct cpuinfo_x86 boot_cpu_data;
unsigned long __per_cpu_offset[NR_CPUS];
struct cpumask __cpu_online_mask = {.bits = {1}};
struct cpumask __cpu_possible_mask = {.bits = {1}};
struct cpumask __cpu_present_mask = {.bits = {1}};
struct cpumask __cpu_dying_mask;
atomic_t __num_online_cpus = ATOMIC_INIT(1);
nodemask_t node_states[NR_NODE_STATES];
static struct pglist_data nodes[MAX_NUMNODES];
struct pglist_data* node_data[MAX_NUMNODES];
atomic_long_t _totalram_pages;
unsigned long mmap_min_addr;
unsigned long dac_mmap_min_addr;
struct user_namespace init_user_ns;
unsigned long volatile jiffies;
atomic64_t last_mm_ctx_id;
DEFINE_PER_CPU(int, numa_node);
DEFINE_PER_CPU(int, cpu_number);
DEFINE_PER_CPU(unsigned long, this_cpu_off);

unsigned int nr_cpu_ids = 1;
atomic_t lru_disable_count;
long total_swap_pages;
s32 vm_committed_as_batch = 32;
unsigned int pgdir_shift = 39;
unsigned int ptrs_per_p4d = 1;
pteval_t __supported_pte_mask = ~0;

void glue_machine_init(void) {
  void maple_tree_init(void);
  void mm_cache_init(void);
  void proc_caches_init(void);
  for (int i = 0; i < MAX_NUMNODES; ++i) {
    node_data[i] = &nodes[i];
    nodes[i].node_present_pages = 1 << 20;
  }
  node_states[N_POSSIBLE] = NODE_MASK_ALL;
  node_set_state(0, N_MEMORY);
  glue_pages_init();
  set_cpu_cap(&boot_cpu_data, X86_FEATURE_PSE);  // huge pages
  maple_tree_init();
  mm_cache_init();
  proc_caches_init();
  anon_vma_init();
}

void glue_machine_start(void) {
  mmap_min_addr = glue_setup.placement_min_addr;
  dac_mmap_min_addr = glue_setup.mmap_min_addr;
  sysctl_max_map_count = glue_setup.max_map_count;
  stack_guard_gap = glue_setup.stack_guard_gap << PAGE_SHIFT;
  atomic_long_set(&_totalram_pages,
                  glue_setup.memory_pages > LONG_MAX / 2 ? LONG_MAX / 2 : glue_setup.memory_pages);
  nodes_clear(node_states[N_MEMORY]);
  nodes_addr(node_states[N_MEMORY])[0] = glue_setup.nodes;
  node_states[N_ONLINE] = node_states[N_MEMORY];
}

// Locks: nobody else is there. Held or not is kept, since the kernel asserts it.

void _raw_spin_lock(raw_spinlock_t* lock) { atomic_set(&lock->raw_lock.val, 1); }
void _raw_spin_lock_irq(raw_spinlock_t* lock) { _raw_spin_lock(lock); }
unsigned long _raw_spin_lock_irqsave(raw_spinlock_t* lock) {
  _raw_spin_lock(lock);
  return 0;
}
void _raw_spin_unlock_irqrestore(raw_spinlock_t* lock, unsigned long flags) {
  _raw_spin_unlock(lock);
}
int _raw_spin_trylock(raw_spinlock_t* lock) {
  _raw_spin_lock(lock);
  return 1;
}
void _raw_read_lock(rwlock_t* lock) {}
void _raw_write_lock(rwlock_t* lock) {}
void _raw_spin_unlock(raw_spinlock_t* lock) { atomic_set(&lock->raw_lock.val, 0); }
void _raw_spin_unlock_irq(raw_spinlock_t* lock) { _raw_spin_unlock(lock); }
void _raw_read_unlock(rwlock_t* lock) {}
void _raw_write_unlock(rwlock_t* lock) {}
void mutex_lock(struct mutex* lock) {}
void mutex_unlock(struct mutex* lock) {}
int mutex_trylock(struct mutex* lock) { return 1; }
bool mutex_is_locked(struct mutex* lock) { return true; }

// Memory of the caller: the tool's own.

unsigned long _copy_from_user(void* to, const void __user* from, unsigned long size) {
  __builtin_memcpy(to, (const void*)from, size);
  return 0;
}
// What points into the kernel's half cannot be read.
long strnlen_user(const char __user* text, long count) {
  const char* bytes = (const char*)text;
  long length = 0;
  if ((long)bytes < 0) return 0;
  while (length < count && bytes[length] != '\0') ++length;
  return length + 1;
}
unsigned long _copy_to_user(void __user* to, const void* from, unsigned long size) {
  __builtin_memcpy((void*)to, from, size);
  return 0;
}

// Who asks: a user without privileges, but that fork events may be his.

bool capable(int capability) { return capability == CAP_SYS_PTRACE && glue_setup.may_trace != 0; }
bool ns_capable(struct user_namespace* namespace, int capability) { return false; }

// No file is written back: whether it could be is asked for page protections alone.

struct backing_dev_info* inode_to_bdi(struct inode* inode) {
  static struct backing_dev_info none;
  return &none;
}

// Numbers that nobody looks up.

int ida_alloc_range(struct ida* ida, unsigned int first, unsigned int last, gfp_t flags) {
  return first;
}
void ida_free(struct ida* ida, unsigned int number) {}

unsigned int get_random_u32(void) { return 0; }

void refcount_warn_saturate(refcount_t* r, enum refcount_saturation_type t) {
  glue_broken("a reference count that is none any more", __FILE__, __LINE__);
}
