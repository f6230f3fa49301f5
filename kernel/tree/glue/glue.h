// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: what the files of the glue know of each other.
#ifndef VMADIFF_TREE_GLUE_H
#define VMADIFF_TREE_GLUE_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "kernel/tree/glue/interface.h"

// Of the C library.
void* malloc(size_t size);
void* calloc(size_t count, size_t size);
int posix_memalign(void** memory, size_t alignment, size_t size);
void free(void* memory);

// fork.c, hugetlbfs.c, ksm.c, mempolicy.c, shmem.c, userfaultfd.c, mem.c
int glue_hugetlbfs_init(void);
struct file* glue_hugetlb_file(void);
// What a sequence has left in a memfd: the policies of its ranges.
void glue_shmem_forget(struct file* file);
// A memfd's seals as they are when it is made.
void glue_shmem_unseal(struct file* file, bool is_executable);
bool glue_shmem_is_write_sealed(const struct file* file);
int glue_mempolicy_init(void);
int glue_ksm_init(void);
struct mm_struct* glue_dup_mm(struct task_struct* child, struct mm_struct* mm);
int glue_shmem_init(void);
int glue_userfaultfd_init(void);
// Reads what waits to be read of the userfaultfd. The one that came of a fork, or NULL.
struct file* glue_userfaultfd_read(struct file* file);
const struct file_operations* glue_zero_fops(void);
const struct file_operations* glue_null_fops(void);

// memory.c
extern long long glue_allocations;                  // that are not given back
extern unsigned long long glue_allocation_to_fail;  // counts down; 0: none
void glue_pass_grace_period(void);                  // what waits for it is freed
bool glue_allocation_fails(gfp_t flags);            // whether this one is to

// pages.c
void glue_pages_init(void);

// files.c
int glue_files_init(void);
// As they are when a sequence begins.
void glue_files_forget(void);
long long glue_files_writers(void);  // that they count, or deny
struct file* glue_file(unsigned file_class, unsigned number);
void glue_file_id(const struct file* file, unsigned* file_class, unsigned* number);
// Whether mapping it is something that the kernel warns of.
bool glue_warns_by_nature(unsigned descriptor);
// Pages that can be accessed; ~0 of a file without an end.
unsigned long glue_file_pages(const struct file* file);

// faults.c
bool glue_was_faulted(struct vm_area_struct* vma, unsigned long address);
// 0, -ENOMEM to try again, or the signal's number.
long glue_touch(struct mm_struct* mm, unsigned long address, bool is_write);

// calls.c
// The current process has made a file that it has the descriptor of.
void glue_install_file(struct file* file);
// While it is true the kernel's warnings are what was asked for, and are not told.
extern bool glue_expects_warnings;
extern struct vmadiff_tree_setup glue_setup;

// blocks.c
void glue_count_blocks(unsigned char* where, unsigned int size_bits);

// listing.c
void glue_state(const struct mm_struct* mm, struct vmadiff_tree_state* out);
unsigned glue_vmas(struct mm_struct* mm, struct file* const* userfaultfds, unsigned long from,
                   struct vmadiff_tree_vma* out, unsigned count);

// program.c
void glue_set_program(const struct vmadiff_tree_vma* initial, unsigned count);
// The program in an address space of its own, and the machine as glue_setup says.
void glue_lay_out(struct mm_struct* mm);

// machine.c
void glue_machine_init(void);
// As it is when a sequence begins.
void glue_machine_start(void);

#endif
