// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: processes, and the way into the tree's system calls.
#include <asm/syscall.h>
#include <asm/unistd.h>
#include <linux/cred.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/ksm.h>
#include <linux/memfd.h>
#include <linux/mempolicy.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pkeys.h>
#include <linux/pid.h>
#include <linux/prctl.h>
#include <linux/rmap.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/syscalls.h>
#include <linux/userfaultfd.h>

#include "internal.h"
#include "kernel/tree/glue/glue.h"
#include "vma.h"

#define PROCESSES VMADIFF_TREE_PROCESSES

struct process {
  struct task_struct task;
  struct signal_struct signal;
  struct file* userfaultfds[VMADIFF_TREE_USERFAULTFDS];
};
static struct process* processes[PROCESSES];
static struct cred nobody = {.user_ns = &init_user_ns};
struct vmadiff_tree_setup glue_setup;

#ifdef VMADIFF_PCPU_HOT
DEFINE_PER_CPU_ALIGNED(struct pcpu_hot, pcpu_hot) = {.preempt_count = PREEMPT_ENABLED};
asm(".globl const_pcpu_hot\n.set const_pcpu_hot, pcpu_hot\n");
#else
DEFINE_PER_CPU(struct task_struct*, current_task);
DEFINE_PER_CPU(__typeof__(__preempt_count), __preempt_count) = PREEMPT_ENABLED;
asm(".globl const_current_task\n.set const_current_task, current_task\n");
#endif

// What a call comes back by where the kernel's code has given up.

static void* way_back[5];
static bool is_inside;
static char broken[512];

int snprintf(char* out, size_t size, const char* format, ...);

void glue_broken(const char* what, const char* file, int line) {
  // What the compiler itself says of a place has the tree's directory in front.
  const size_t directory = sizeof(VMADIFF_TREE_DIRECTORY) - 1;
  if (strncmp(file, VMADIFF_TREE_DIRECTORY, directory) == 0) file += directory;
  const char* short_name = file;
  for (const char* at = file; *at != '\0'; ++at) {
    if (at[0] == '.' && at[1] == '/') short_name = at + 2;
  }
  snprintf(broken, sizeof(broken), "%s at %s:%d", what, short_name, line);
  if (!is_inside) __builtin_trap();
  __builtin_longjmp(way_back, 1);
}

bool glue_expects_warnings;

void glue_warn(const char* what, const char* file, int line) {
  if (!glue_expects_warnings) glue_broken(what, file, line);
}

void __attribute__((noreturn, cold)) glue_missing(const char* name) {
  snprintf(broken, sizeof(broken), "%s is called, which is not built from the tree", name);
  if (!is_inside) __builtin_trap();
  __builtin_longjmp(way_back, 1);
}

// Of missing.h: where nothing may be looked at.
extern char __start_vmadiff_missing[] __attribute__((weak, visibility("hidden")));
extern char __stop_vmadiff_missing[] __attribute__((weak, visibility("hidden")));
int mprotect(void* memory, size_t size, int protection);

static void lock_what_is_missing(void) {
  const size_t size = __stop_vmadiff_missing - __start_vmadiff_missing;
  if (size != 0 && mprotect(__start_vmadiff_missing, size, PROT_NONE) != 0)
    glue_broken("mprotect", __FILE__, __LINE__);
}

#define GUARDED(result, ...)                             \
  do {                                                   \
    broken[0] = '\0';                                    \
    is_inside = true;                                    \
    if (__builtin_setjmp(way_back) == 0) {               \
      __VA_ARGS__;                                       \
    }                                                    \
    is_inside = false;                                   \
    (result).broken = broken[0] == '\0' ? NULL : broken; \
  } while (0)

static struct process* become(unsigned number) {
  struct process* process = processes[number];
  VMADIFF_CURRENT = process == NULL ? NULL : &process->task;
  return process;
}

// The descriptor that was last made.
static struct file* installed;
void glue_install_file(struct file* file) { installed = file; }

// What came of the fork at hand, by the number of the parent's userfaultfd.
static struct file* forked[VMADIFF_TREE_USERFAULTFDS];

// Who waits, waits for a reader of a userfaultfd.
void schedule(void) {
  const struct process* self = container_of(current, struct process, task);
  for (unsigned i = 0; i < VMADIFF_TREE_USERFAULTFDS; ++i) {
    struct file* made =
        self->userfaultfds[i] == NULL ? NULL : glue_userfaultfd_read(self->userfaultfds[i]);
    if (made != NULL) forked[i] = made;
  }
}

static void close_userfaultfds(struct process* process) {
  for (unsigned i = 0; i < VMADIFF_TREE_USERFAULTFDS; ++i) {
    if (process->userfaultfds[i] != NULL) fput(process->userfaultfds[i]);
    process->userfaultfds[i] = NULL;
  }
}

static void set_limits(struct signal_struct* signal) {
  for (int i = 0; i < RLIM_NLIMITS; ++i) {
    signal->rlim[i].rlim_cur = RLIM_INFINITY;
    signal->rlim[i].rlim_max = RLIM_INFINITY;
  }
  signal->rlim[RLIMIT_DATA].rlim_cur = glue_setup.limit_data;
  signal->rlim[RLIMIT_STACK].rlim_cur = glue_setup.limit_stack;
  signal->rlim[RLIMIT_STACK].rlim_max = glue_setup.hard_stack;
  signal->rlim[RLIMIT_MEMLOCK].rlim_cur = glue_setup.limit_memlock;
  signal->rlim[RLIMIT_MEMLOCK].rlim_max = glue_setup.hard_memlock;
  signal->rlim[RLIMIT_AS].rlim_cur = glue_setup.limit_as;
}

static struct process* new_process(unsigned number) {
  struct process* process = calloc(1, sizeof(*process));
  if (process == NULL) glue_broken("out of memory", __FILE__, __LINE__);
  process->task.signal = &process->signal;
  process->task.group_leader = &process->task;
  refcount_set(&process->task.usage, 1);
  init_rwsem(&process->signal.exec_update_lock);
  INIT_LIST_HEAD(&process->signal.thread_head);
  process->signal.nr_threads = 1;
  rcu_assign_pointer(process->task.cred, &nobody);
  rcu_assign_pointer(process->task.real_cred, &nobody);
  spin_lock_init(&process->task.alloc_lock);
  processes[number] = process;
  return process;
}

static void free_process(unsigned number) {
  struct process* process = become(number);
  if (process == NULL) return;
  if (process->task.mm != NULL) {
    struct mm_struct* mm = process->task.mm;
    process->task.mm = NULL;
    process->task.active_mm = NULL;
    mmput(mm);
  }
  close_userfaultfds(process);
  mpol_put_task_policy(&process->task);
  processes[number] = NULL;
  VMADIFF_CURRENT = NULL;
  free(process);
}

static void end_all(struct vmadiff_tree_leftovers* left) {
  for (unsigned i = 0; i < PROCESSES; ++i) free_process(i);
  glue_files_forget();
  glue_pass_grace_period();
  left->committed = percpu_counter_sum(&vm_committed_as);
  left->allocations = glue_allocations;
  left->writers = glue_files_writers();
}

u32 glue_read_pkru(void) { return current->thread.pkru; }
void glue_write_pkru(u32 pkru) { current->thread.pkru = pkru; }

// That of arch/x86/kernel/fpu/xstate.c, which the registers are kept by.
int arch_set_user_pkey_access(VMADIFF_TASK_OF_PKEY int pkey, unsigned long rights) {
  const unsigned shift = (unsigned)pkey * PKRU_BITS_PER_PKEY;
  u32 pkru = read_pkru() & ~((u32)(PKRU_AD_BIT | PKRU_WD_BIT) << shift);
  if (!cpu_feature_enabled(X86_FEATURE_OSPKE)) return -EINVAL;
  if ((rights & PKEY_DISABLE_ACCESS) != 0) pkru |= PKRU_AD_BIT << shift;
  if ((rights & PKEY_DISABLE_WRITE) != 0) pkru |= PKRU_WD_BIT << shift;
  write_pkru(pkru);
  return 0;
}

#define CALLS(CALL)   \
  CALL(mmap)          \
  CALL(munmap)        \
  CALL(mprotect)      \
  CALL(brk)           \
  CALL(madvise)       \
  CALL(prctl)         \
  CALL(mremap)        \
  CALL(mlock)         \
  CALL(mlock2)        \
  CALL(munlock)       \
  CALL(mlockall)      \
  CALL(munlockall)    \
  CALL(mseal)         \
  CALL(pkey_mprotect) \
  CALL(pkey_alloc)    \
  CALL(pkey_free)     \
  CALL(remap_file_pages) CALL(setrlimit) CALL(mbind) CALL(set_mempolicy) CALL(userfaultfd) \
  CALL(msync) CALL(process_madvise)

#define DECLARE(name) long __x64_sys_##name(const struct pt_regs*);
CALLS(DECLARE)
#undef DECLARE

static struct vmadiff_tree_result start(const struct vmadiff_tree_setup* setup,
                                        const struct vmadiff_tree_vma* initial, unsigned count,
                                        struct vmadiff_tree_leftovers* before) {
  struct vmadiff_tree_result result = {};
  static bool is_made;
  GUARDED(result, {
    if (!is_made) {
      lock_what_is_missing();
      glue_machine_init();
      if (glue_ksm_init() != 0 || glue_mempolicy_init() != 0 || glue_userfaultfd_init() != 0 ||
          glue_shmem_init() != 0 || glue_hugetlbfs_init() != 0 || glue_files_init() != 0)
        glue_broken("out of memory", __FILE__, __LINE__);
      is_made = true;
    }
    end_all(before);
    glue_setup = *setup;
    if (setup->has_protection_keys) {
      set_cpu_cap(&boot_cpu_data, X86_FEATURE_OSPKE);
    } else {
      clear_bit(X86_FEATURE_OSPKE, (unsigned long*)boot_cpu_data.x86_capability);
    }
    glue_set_program(initial, count);
    struct process* first = new_process(0);
    set_limits(&first->signal);
    become(0);
    pkru_write_default();
    struct mm_struct* mm = mm_alloc();
    if (mm == NULL) glue_broken("out of memory", __FILE__, __LINE__);
    first->task.mm = mm;
    first->task.active_mm = mm;
    glue_lay_out(mm);
    // Huge pages are off, as they are for a real kernel's agent.
    struct pt_regs no_huge_pages = {.di = PR_SET_THP_DISABLE, .si = 1};
    if (__x64_sys_prctl(&no_huge_pages) != 0) glue_broken("PR_SET_THP_DISABLE", __FILE__, __LINE__);
    glue_pass_grace_period();
  });
  return result;
}

// Whatever descriptor it is, it is of the process that asks.
struct task_struct* pidfd_get_task(int pidfd, unsigned int* flags) {
  *flags = 0;
  return get_task_struct(current);
}

// fcntl, of which nothing but seals is asked.
static long add_seals(unsigned descriptor, unsigned command, unsigned long seals) {
  struct file* file = fget(descriptor);
  long result;
  if (file == NULL) return -EBADF;
  result = memfd_fcntl(file, command, seals);
  fput(file);
  return result;
}

static long dispatch(unsigned number, const struct pt_regs* regs) {
  // A policy of the machine's.
  if (number == __NR_prctl && regs->di == PR_SET_MEMORY_MERGE && !glue_setup.may_set_memory_merge &&
      regs->dx == 0 && regs->r10 == 0 && regs->r8 == 0)
    return -EPERM;
  // A kernel without names of memory.
  if (number == __NR_prctl && regs->di == PR_SET_VMA && !glue_setup.has_vma_names) return -EINVAL;
  // A kernel without NUMA.
  if (glue_setup.nodes == 0 && (number == __NR_mbind || number == __NR_set_mempolicy))
    return -ENOSYS;
  switch (number) {
#define CASE(name)  \
  case __NR_##name: \
    return __x64_sys_##name(regs);
    CALLS(CASE)
    case __NR_fcntl:
      return add_seals(regs->di, regs->si, regs->dx);
#undef CASE
    default:
      return -ENOSYS;
  }
}

static struct vmadiff_tree_result call(unsigned process, unsigned number, const vmadiff_u64* args) {
  struct vmadiff_tree_result result = {};
  struct pt_regs regs = {
      .di = args[0], .si = args[1], .dx = args[2], .r10 = args[3], .r8 = args[4], .r9 = args[5]};
  become(process);
  GUARDED(result, {
    glue_expects_warnings = number == __NR_mmap && glue_warns_by_nature(args[4]);
    result.value = dispatch(number, &regs);
    glue_expects_warnings = false;
    glue_pass_grace_period();
  });
  return result;
}

static struct vmadiff_tree_result touch(unsigned process, vmadiff_u64 address, int is_write) {
  struct vmadiff_tree_result result = {};
  struct process* self = become(process);
  GUARDED(result, {
    result.value = glue_touch(self->task.mm, address, is_write != 0);
    glue_pass_grace_period();
  });
  return result;
}

static struct vmadiff_tree_result do_fork(unsigned process, unsigned child) {
  struct vmadiff_tree_result result = {};
  struct process* self = become(process);
  GUARDED(result, {
    struct process* made = new_process(child);
    __builtin_memcpy(made->signal.rlim, self->signal.rlim, sizeof(self->signal.rlim));
    made->task.thread.pkru = self->task.thread.pkru;
    struct mempolicy* policy = mpol_dup(self->task.mempolicy);
    const bool has_policy = !IS_ERR(policy);
    if (has_policy) made->task.mempolicy = policy;
    __builtin_memset(forked, 0, sizeof(forked));
    struct mm_struct* mm = has_policy ? glue_dup_mm(&made->task, self->task.mm) : NULL;
    __builtin_memcpy(made->userfaultfds, forked, sizeof(forked));
    made->task.mm = mm;
    made->task.active_mm = mm;
    if (mm == NULL) {
      free_process(child);
      result.value = -ENOMEM;
    }
    glue_pass_grace_period();
  });
  return result;
}

static long prctl(unsigned long option, unsigned long argument) {
  struct pt_regs regs = {.di = option, .si = argument};
  return __x64_sys_prctl(&regs);
}

// exec_mmap, as far as it goes here: a memory of its own that inherits what mm_init lets it.
static struct vmadiff_tree_result do_exec(unsigned process) {
  struct vmadiff_tree_result result = {};
  struct process* self = become(process);
  // It is the glue's own, and so are its allocations: none of them is to fail.
  const unsigned long long to_fail = glue_allocation_to_fail;
  glue_allocation_to_fail = 0;
  GUARDED(result, {
    struct mm_struct* old = self->task.mm;
    const bool is_merging = prctl(PR_GET_MEMORY_MERGE, 0) == 1;
    struct mm_struct* mm = mm_alloc();
    if (mm == NULL) glue_broken("out of memory", __FILE__, __LINE__);
    self->task.mm = mm;
    self->task.active_mm = mm;
    pkru_write_default();
    glue_lay_out(mm);
    // The program's mappings are mergeable as all new ones are: by the tree's own loop over them.
    if (is_merging) {
      VMADIFF_CLEAR_MM_FLAG(mm, MMF_VM_MERGE_ANY);
      if (prctl(PR_SET_MEMORY_MERGE, 1) != 0) glue_broken("ksm_execve", __FILE__, __LINE__);
    }
    mmput(old);
    close_userfaultfds(self);
    glue_pass_grace_period();
  });
  glue_allocation_to_fail = to_fail;
  return result;
}

static struct vmadiff_tree_result new_userfaultfd(unsigned process, unsigned number) {
  struct vmadiff_tree_result result = {};
  struct process* self = become(process);
  GUARDED(result, {
    struct pt_regs regs = {.di = UFFD_USER_MODE_ONLY | O_CLOEXEC};
    const long descriptor = glue_setup.has_userfaultfd ? __x64_sys_userfaultfd(&regs) : -ENOSYS;
    if (descriptor >= 0) self->userfaultfds[number] = installed;
    result.value = descriptor < 0 ? descriptor : 0;
    glue_pass_grace_period();
  });
  return result;
}

static struct vmadiff_tree_result userfaultfd_ioctl(unsigned process, unsigned number,
                                                    unsigned request, void* argument) {
  struct vmadiff_tree_result result = {};
  struct process* self = become(process);
  GUARDED(result, {
    struct file* file = self->userfaultfds[number];
    result.value = file->f_op->unlocked_ioctl(file, request, (unsigned long)argument);
    glue_pass_grace_period();
  });
  return result;
}

static struct vmadiff_tree_result close_userfaultfd(unsigned process, unsigned number) {
  struct vmadiff_tree_result result = {};
  struct process* self = become(process);
  GUARDED(result, {
    struct file* file = self->userfaultfds[number];
    self->userfaultfds[number] = NULL;
    if (file != NULL) fput(file);
    glue_pass_grace_period();
  });
  return result;
}

static int has_userfaultfd(unsigned process, unsigned number) {
  return processes[process]->userfaultfds[number] != NULL;
}

static struct vmadiff_tree_result do_exit_process(unsigned process) {
  struct vmadiff_tree_result result = {};
  GUARDED(result, {
    free_process(process);
    glue_pass_grace_period();
  });
  return result;
}

static void state(unsigned process, struct vmadiff_tree_state* out) {
  glue_state(processes[process]->task.mm, out);
}

static unsigned vmas(unsigned process, vmadiff_u64 from, struct vmadiff_tree_vma* out,
                     unsigned count) {
  const struct process* self = processes[process];
  return glue_vmas(self->task.mm, self->userfaultfds, from, out, count);
}

static struct vmadiff_tree_result leftovers(struct vmadiff_tree_leftovers* left) {
  struct vmadiff_tree_result result = {};
  GUARDED(result, end_all(left));
  return result;
}

static int fail_allocation(vmadiff_u64 number) {
  static bool was_asked;
  const int has_failed = was_asked && glue_allocation_to_fail == 0;
  was_asked = number != 0;
  glue_allocation_to_fail = number;
  return has_failed;
}

#ifdef VMADIFF_COVERAGE
void __gcov_dump(void);
void __gcov_reset(void);
static void write_coverage(void) {
  __gcov_dump();
  __gcov_reset();
}
#else
static void write_coverage(void) {}
#endif

const struct vmadiff_tree* vmadiff_tree_door(void) {
  static const struct vmadiff_tree tree = {
      .version = VMADIFF_TREE_VERSION,
      .start = start,
      .call = call,
      .touch = touch,
      .fork = do_fork,
      .exit = do_exit_process,
      .exec = do_exec,
      .new_userfaultfd = new_userfaultfd,
      .userfaultfd_ioctl = userfaultfd_ioctl,
      .close_userfaultfd = close_userfaultfd,
      .has_userfaultfd = has_userfaultfd,
      .state = state,
      .vmas = vmas,
      .leftovers = leftovers,
      .fail_allocation = fail_allocation,
      .write_coverage = write_coverage,
      .count_blocks = glue_count_blocks,
  };
  return &tree;
}
