/* How it works: the calls are made by a process of its own, the subject, which is made for it. Its
   program is the few instructions below ("subject:"), without a C library; its address space is
   cleared, so that nothing lies in it but that program (at 0x20000000 to 0x20020000, the break
   behind it) and a window of shared memory (0x10000000 to 0x10100000). This process tells it by the
   window what to call, one call after the other, and reads /proc/PID/smaps after each. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if !defined(__x86_64__) || defined(__ILP32__)
#error "these are system calls of x86-64"
#endif

typedef unsigned long u64;

/* What a step does, besides system calls by their number; one of these is a call that headers may
   not know yet. */
enum {
  CALL_MSEAL = 462,
  TOUCH = 10000,
  SETRLIMIT,
  FORK,
  EXEC,
  EXIT,
  UFFD_REGISTER,
  UFFD_UNREGISTER,
  MBIND,
  SET_MEMPOLICY,
  SET_VMA_NAME,
  UFFD_OPEN,
  UFFD_CLOSE,
  SHMAT,
  ADD_SEALS,
  PROCESS_MADVISE,
  UFFD_WRITEPROTECT,
  UFFD_RWPROTECT
};
enum file_kind {
  MEMFD,
  REGULAR,
  READ_ONLY,
  ZERO,
  NULL_DEVICE,
  HUGETLB,
  MEMORY_DEVICE,
  NOWHERE,
  NO_FILE
};
enum result { ANY, IS, FAILS };
/* What the expected results rest on besides the calls and the kernel. */
enum trait {
  HAS_KSM,
  ALLOWS_KSM,
  MAX_MAP_COUNT,
  MMAP_MIN_ADDR,
  PLACEMENT_MIN_ADDR,
  STACK_GUARD_GAP,
  NR_HUGEPAGES,
  NR_OVERCOMMIT_HUGEPAGES,
  ZERO_PAGE,
  DEVICE_NOEXEC,
  FILE_NOEXEC,
  MEMLOCK_LIMIT,
  NODES,
  USERFAULTFD,
  VMA_NAMES,
  UFFD_EVENT_FORK,
  UFFD_KERNEL_FAULTS,
  PROTECTION_KEYS,
  MMAP_BASE,
  GIVES_PAGES,
  REFUSES_PAGES,
  OTHER_MEMORY,
  NO_TRAIT
};

struct file {
  enum file_kind kind;
  const char* name;
  int fd;
  char inode[64];
};

struct need {
  enum trait trait;
  u64 value;
  const char* text;
};

/* A mapping as /proc/PID/smaps shows it. */
struct vma {
  u64 start, end;
  const char* text; /* permissions, offset, what is mapped, [VmFlags], [anon:NAME] */
};

struct step {
  int process;
  long call;
  u64 argument[6];
  int file;
  const char* name;
  enum result result;
  u64 value;                /* or the errno */
  int first_vma, vma_count; /* the process's layout afterwards; -1: not looked at */
  const char* text;
};

struct end {
  int process;
  int first_vma, vma_count;
  u64 brk;
  int merges;
  long size, locked, data, stack, exec; /* kB more than at the beginning */
};

struct settings {
  const char *held, *differed; /* what is said at the end */
  const char* known_codes;     /* of smaps' VmFlags */
  u64 memlock;                 /* bytes */
  int bottom_up, ignores_mergeable, looks_at_committed, leaves_something;
};
