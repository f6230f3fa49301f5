// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: what is said across the wall between the tool and code built from a kernel tree. C,
// and no type of either side: numbers, bytes and pages only. Who changes it counts the version up.
#ifndef VMADIFF_TREE_INTERFACE_H
#define VMADIFF_TREE_INTERFACE_H

#ifdef __cplusplus
extern "C" {
#endif

#define VMADIFF_TREE_VERSION 4

/* The descriptor of a file: this, and its class times so many, and its number. */
#define VMADIFF_TREE_FIRST_DESCRIPTOR 16
#define VMADIFF_TREE_FILES_PER_CLASS 4
#define VMADIFF_TREE_PROCESSES 64
/* Userfaultfds of one process. */
#define VMADIFF_TREE_USERFAULTFDS 4

typedef unsigned long long vmadiff_u64;

/* The machine that sequences run on. Bytes, but where pages are said. */
struct vmadiff_tree_setup {
  vmadiff_u64 mmap_base;
  vmadiff_u64 legacy_base; /* where the upwards search begins */
  int bottom_up;
  vmadiff_u64 start_brk;
  vmadiff_u64 brk;
  vmadiff_u64 mmap_min_addr;      /* below is EPERM */
  vmadiff_u64 placement_min_addr; /* where the search ends */
  vmadiff_u64 max_map_count;
  vmadiff_u64 stack_guard_gap; /* pages */
  vmadiff_u64 limit_data, limit_stack, limit_memlock, limit_as;
  vmadiff_u64 hard_stack, hard_memlock;
  vmadiff_u64 memory_pages; /* RAM and swap: no single charge is larger */
  vmadiff_u64 nodes;        /* a bit each */
  int has_userfaultfd;
  int has_vma_names;
  int may_trace; /* CAP_SYS_PTRACE, which a userfaultfd's events on forks want */
  int has_protection_keys;
  int may_set_memory_merge;
  int maps_zero_page; /* a read fault of private anonymous memory */
  int zero_is_noexec, file_is_noexec;
};

/* Flags of VMAs whose bits releases differ in, as the tool has them; all others are the kernel's.
 */
#define VMADIFF_TREE_UFFD_MINOR (1ull << 38)
#define VMADIFF_TREE_DROPPABLE (1ull << 40)
#define VMADIFF_TREE_UFFD_RWP (1ull << 43)
#define VMADIFF_TREE_SEALED (1ull << 63)

struct vmadiff_tree_vma {
  vmadiff_u64 start, end; /* [start, end) */
  vmadiff_u64 flags;
  vmadiff_u64 pgoff;       /* pages */
  vmadiff_u64 anon_pgoff;  /* pages; of a kernel that keeps one, else 0 */
  vmadiff_u64 anon_vma;    /* an identity, 0 is none */
  unsigned anon_vma_links; /* 0, 1, or 2 for more */
  unsigned file_class;     /* the tool's own numbers (spec::FileClass) */
  unsigned file_number;
  unsigned policy_mode, policy_flags;
  vmadiff_u64 policy_nodes, policy_asked;
  unsigned userfaultfd; /* one more than its number in the process; 0 is none */
  const char* name;     /* until the next call; or NULL */
};

struct vmadiff_tree_state {
  vmadiff_u64 map_count, total_vm, locked_vm, data_vm, stack_vm, exec_vm; /* pages */
  vmadiff_u64 brk;
};

/* What is there of the kernel where no process is. */
struct vmadiff_tree_leftovers {
  long long committed;   /* pages (Committed_AS) */
  long long allocations; /* that were not given back */
  long long writers;     /* of files: shared mappings that may write, counted and gone */
};

struct vmadiff_tree_result {
  long value;         /* as the system call gives it: -errno is an error */
  const char* broken; /* else nothing: what the kernel's code, or the glue, has given up with */
};

/* A process's number is the tool's own, 0 is the first. Threads: one at a time. */
struct vmadiff_tree {
  int version;
  /* Back to the beginning, and what there is before the first process. */
  struct vmadiff_tree_result (*start)(const struct vmadiff_tree_setup* setup,
                                      const struct vmadiff_tree_vma* initial, unsigned count,
                                      struct vmadiff_tree_leftovers* before);
  /* A system call of x86-64 by its number. */
  struct vmadiff_tree_result (*call)(unsigned process, unsigned number, const vmadiff_u64* args);
  /* One access to the page: 0, -ENOMEM to try again, or a signal's number. */
  struct vmadiff_tree_result (*touch)(unsigned process, vmadiff_u64 address, int is_write);
  struct vmadiff_tree_result (*fork)(unsigned process, unsigned child);
  struct vmadiff_tree_result (*exit)(unsigned process);
  /* execve of the program that the sequence began with. */
  struct vmadiff_tree_result (*exec)(unsigned process);
  /* Makes one of the process's userfaultfds, which must not be there yet. */
  struct vmadiff_tree_result (*new_userfaultfd)(unsigned process, unsigned number);
  /* The ioctl UFFDIO_API, UFFDIO_REGISTER or UFFDIO_UNREGISTER of one that is there, with its
   * argument. */
  struct vmadiff_tree_result (*userfaultfd_ioctl)(unsigned process, unsigned number,
                                                  unsigned request, void* argument);
  /* Closes one; nothing where it is not there. */
  struct vmadiff_tree_result (*close_userfaultfd)(unsigned process, unsigned number);
  int (*has_userfaultfd)(unsigned process, unsigned number);
  void (*state)(unsigned process, struct vmadiff_tree_state* state);
  /* The VMAs from `from` on, at most so many: how many there are. */
  unsigned (*vmas)(unsigned process, vmadiff_u64 from, struct vmadiff_tree_vma* vmas,
                   unsigned count);
  /* Ends all processes, and what there is then. */
  struct vmadiff_tree_result (*leftovers)(struct vmadiff_tree_leftovers* left);
  /* The allocation of that number from now on, the next being 1, fails; 0: none. Whether the last
   * one that was asked for has failed. */
  int (*fail_allocation)(vmadiff_u64 number);
  /* Writes down what was run since the last time; nothing where the code has no counters. */
  void (*write_coverage)(void);
  /* From here on each block of code that is run is counted in one of 2^size_bits bytes, up to 255.
   * Nothing where the code does not tell its blocks. */
  void (*count_blocks)(unsigned char* counters, unsigned size_bits);
};

__attribute__((visibility("default"))) const struct vmadiff_tree* vmadiff_tree_door(void);

#ifdef __cplusplus
}
#endif

#endif
