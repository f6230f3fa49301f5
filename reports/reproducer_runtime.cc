// reports: the C text of the reproducer's runtime, a program in itself and long as such. It is C11
// with GNU extensions, allocates nothing (malloc would move the break and add mappings), and prints
// through its own small buffer.
#include "reports/reproducer_runtime.h"

namespace vmadiff::reports {

std::string_view reproducer_prologue() {
  return R"c(#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

typedef unsigned long u64;

enum kind {
  MMAP, MUNMAP, MPROTECT, BRK, MADVISE, PRCTL, TOUCH, MREMAP, MLOCK, MLOCK2, MUNLOCK, MLOCKALL,
  MUNLOCKALL, MSEAL, PKEY_MPROTECT, REMAP_FILE_PAGES, SETRLIMIT, FORK, EXEC, EXIT, UFFD_REGISTER,
  UFFD_UNREGISTER, MBIND, SET_MEMPOLICY, END
};
enum file_kind { MEMFD, REGULAR, READ_ONLY, ZERO, HUGETLB, NULL_DEVICE, IMPOSSIBLE, NO_FILE };
enum result { ANY, IS, IS_FROM_BREAK, FAILS };

struct file {
  enum file_kind kind;
  const char *name;
  int fd;
  dev_t dev;
  ino_t ino;
};

/* One call: bit i of from_break says that argument i is counted from the first break. */
struct call {
  enum kind kind;
  u64 arg[6];
  unsigned from_break;
  int file;
  enum result result;
  u64 value;
  int error;
  const char *text;
};

struct mapping {
  u64 start, end;
  int from_break;
  const char *permissions;
  u64 offset;
  const char *backing;
  const char *flags;
};

struct span {
  u64 start, end;
  int from_break;
};

)c";
}

std::string_view reproducer_runtime() {
  return R"c(/* Signals are told from errnos by this distance. */
enum { SIGNALLED = 4095 };
enum { FILE_BYTES = 64 * 4096 };

static u64 first_break;
static sigjmp_buf recover;
static char text[1 << 20];
static struct { u64 start, end; char line[200]; } found[4096];
static struct { u64 start, end; } own[512];
static int own_count;

static void say(const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length > (int)sizeof line - 1) length = sizeof line - 1;
  if (length > 0 && write(1, line, (size_t)length) != length) _exit(3);
}

static void cannot(const char *why) {
  say("cannot run here: %s\n", why);
  _exit(3);
}

static const char *error_name(int error) {
  const char *name = error == SIGNALLED + SIGSEGV ? "SIGSEGV"
                     : error == SIGNALLED + SIGBUS ? "SIGBUS"
                                                   : strerrorname_np(error);
  return name ? name : "an unknown error";
}

static void open_files(void) {
  static const char *const directories[] = {".", "/var/tmp", "/tmp"};
  for (struct file *f = files; f->kind != NO_FILE; ++f) {
    char path[64];
    struct stat st;
    switch (f->kind) {
      case MEMFD:
      case HUGETLB:
        f->fd = memfd_create(f->name, f->kind == HUGETLB ? MFD_HUGETLB | 21u << 26 : 0);
        if (f->kind == MEMFD && ftruncate(f->fd, FILE_BYTES) != 0) cannot("ftruncate failed");
        break;
      case REGULAR:
      case READ_ONLY:
        for (int i = 0; i < 3 && f->fd < 0; ++i) {
          snprintf(path, sizeof path, "%s/vmadiff-XXXXXX", directories[i]);
          f->fd = mkstemp(path);
        }
        if (f->fd < 0) break;
        memset(text, 0, FILE_BYTES);
        if (write(f->fd, text, FILE_BYTES) != FILE_BYTES) cannot("a temporary file is cut short");
        if (f->kind == READ_ONLY) {
          close(f->fd);
          f->fd = open(path, O_RDONLY);
        }
        unlink(path);
        break;
      case ZERO: f->fd = open("/dev/zero", O_RDWR); break;
      case NULL_DEVICE: f->fd = open("/dev/null", O_RDWR); break;
      default: say("no program can open %s: it is a device that only a model has\n", f->name);
    }
    if (f->fd < 0 || fstat(f->fd, &st) != 0) cannot(f->name);
    f->dev = st.st_dev;
    f->ino = st.st_ino;
  }
}

static u64 argument(const struct call *c, int i) {
  return c->arg[i] + ((c->from_break >> i & 1) ? first_break : 0);
}

/* All capabilities but CAP_SYS_RESOURCE are given up: they change what mmap allows. */
static void drop_capabilities(void) {
  struct { unsigned version; int pid; } header = {0x20080522, 0};
  struct { unsigned effective, permitted, inheritable; } sets[2];
  if (syscall(SYS_capget, &header, sets) != 0) return;
  sets[0].effective = sets[0].permitted = sets[0].permitted & 1u << 24;
  sets[1].effective = sets[1].permitted = 0;
  sets[0].inheritable = sets[1].inheritable = 0;
  syscall(SYS_capset, &header, sets);
}

static void on_fault(int signal_number) { siglongjmp(recover, signal_number); }

/* One access to each page, in ascending order, up to the first that faults for good. */
static int touch(u64 address, u64 length, int writes) {
  u64 end = address + length;
  if (length == 0) return 0;
  if (length > 16ul << 20 || end < address || end > 0x7ffffffff000) return SIGNALLED + SIGSEGV;
  int signal_number = sigsetjmp(recover, 1);
  if (signal_number != 0) return SIGNALLED + signal_number;
  for (u64 page = address & ~4095ul; page < end; page += 4096) {
    volatile char *at = (volatile char *)(page < address ? address : page);
    if (writes) *at = 1;
    else (void)*at;
  }
  return 0;
}

static long number_of(enum kind kind) {
  switch (kind) {
    case MUNMAP: return SYS_munmap;
    case MPROTECT: return SYS_mprotect;
    case BRK: return SYS_brk;
    case MADVISE: return SYS_madvise;
    case PRCTL: return SYS_prctl;
    case MREMAP: return SYS_mremap;
    case MLOCK: return SYS_mlock;
    case MLOCK2: return SYS_mlock2;
    case MUNLOCK: return SYS_munlock;
    case MLOCKALL: return SYS_mlockall;
    case MUNLOCKALL: return SYS_munlockall;
    case MSEAL: return 462; /* mseal(2), newer than some headers */
    case PKEY_MPROTECT: return SYS_pkey_mprotect;
    case REMAP_FILE_PAGES: return SYS_remap_file_pages;
    default: return -1;
  }
}

/* The one userfaultfd, made at its first use, with no features. */
static long with_userfaultfd(unsigned long request, void *argument) {
  static int descriptor = -1;
  if (descriptor < 0) {
    struct uffdio_api api = {UFFD_API, 0, 0};
    int made = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1 /* UFFD_USER_MODE_ONLY */);
    if (made < 0) return -1;
    if (ioctl(made, UFFDIO_API, &api) != 0) return -1;
    descriptor = made;
  }
  return ioctl(descriptor, request, argument);
}

/* Runs the call; gives its value, or sets *error. */
static u64 run(const struct call *c, int *error) {
  u64 a = argument(c, 0);
  long value = 0;
  errno = 0;
  switch (c->kind) {
    case MMAP:
      value = syscall(SYS_mmap, a, c->arg[1], c->arg[2], c->arg[3],
                      (long)(c->file < 0 ? -1 : files[c->file].fd), c->arg[5]);
      break;
    case TOUCH: *error = touch(a, c->arg[1], (int)c->arg[2]); return 0;
    case SETRLIMIT: {
      struct rlimit limit;
      value = getrlimit((int)a, &limit);
      limit.rlim_cur = c->arg[1];
      if (value == 0) value = setrlimit((int)a, &limit);
      break;
    }
    case MUNMAP: case MPROTECT: case BRK: case MADVISE: case PRCTL: case MREMAP: case MLOCK:
    case MLOCK2: case MUNLOCK: case MLOCKALL: case MUNLOCKALL: case MSEAL: case PKEY_MPROTECT:
    case REMAP_FILE_PAGES:
      value = syscall(number_of(c->kind), a, c->arg[1], c->arg[2], c->arg[3], argument(c, 4));
      break;
    case UFFD_REGISTER: {
      struct uffdio_register range = {{a, c->arg[1]}, c->arg[2], 0};
      value = with_userfaultfd(UFFDIO_REGISTER, &range);
      break;
    }
    case UFFD_UNREGISTER: {
      struct uffdio_range range = {a, c->arg[1]};
      value = with_userfaultfd(UFFDIO_UNREGISTER, &range);
      break;
    }
    /* The kernel takes one node less than it is told. */
    case MBIND:
      value = syscall(SYS_mbind, a, c->arg[1], c->arg[2] | c->arg[3], &c->arg[4], 65ul, c->arg[5]);
      break;
    case SET_MEMPOLICY:
      value = syscall(SYS_set_mempolicy, a | c->arg[1], &c->arg[2], 65ul);
      break;
    case FORK: case EXEC: case EXIT: cannot("this program is one process");
    case END: break;
  }
  *error = value == -1 ? errno : 0;
  return (u64)value;
}

static int as_expected(const struct call *c, u64 value, int error) {
  switch (c->result) {
    case IS: return error == 0 && value == c->value;
    case IS_FROM_BREAK: return error == 0 && value == c->value + first_break;
    case FAILS: return error == c->error;
    case ANY: break;
  }
  return 1;
}

static void run_and_print(const struct call *c, int *different) {
  int error = 0;
  u64 value = run(c, &error);
  say("%s", c->text);
  if (error != 0) say(" = -1 %s", error_name(error));
  else say(value < 10 ? " = %lu" : " = 0x%lx", value);
  if (!as_expected(c, value, error)) {
    *different = 1;
    if (c->result == FAILS) say("   <-- expected -1 %s", error_name(c->error));
    else say("   <-- expected 0x%lx", c->value + (c->result == IS_FROM_BREAK ? first_break : 0));
  }
  say("\n");
}

/* Reads all of smaps. The text is big enough for some thousand mappings. */
static void read_smaps(void) {
  int fd = open("/proc/self/smaps", O_RDONLY);
  size_t length = 0;
  ssize_t got;
  if (fd < 0) cannot("/proc/self/smaps cannot be read");
  while ((got = read(fd, text + length, sizeof text - 1 - length)) > 0) length += (size_t)got;
  close(fd);
  text[length] = 0;
  if (length == sizeof text - 1) cannot("there are more mappings than this program reads");
}

static void remember_own(void) {
  read_smaps();
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    u64 start, end;
    char permissions[8];
    if (sscanf(line, "%lx-%lx %7s", &start, &end, permissions) != 3) continue;
    if (own_count == 512) cannot("this program itself has too many mappings");
    own[own_count].start = start;
    own[own_count++].end = end;
  }
}

/* A call that would change this program's own memory cannot be run. */
static void refuse_own(const struct call *c) {
  if (c->kind == BRK || c->kind == PRCTL || c->kind == MLOCKALL || c->kind == MUNLOCKALL ||
      c->kind == SETRLIMIT || c->kind == SET_MEMPOLICY || c->kind == END) {
    return;
  }
  if (c->kind == MMAP && !(c->arg[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE))) return;
  if (c->result == FAILS && c->error == EINVAL) return;
  u64 start = argument(c, 0) & ~4095ul, end = argument(c, 0) + c->arg[1];
  if (end < start) return;
  for (int i = 0; i < own_count; ++i) {
    if (start < own[i].end && own[i].start < end) {
      say("%s\n", c->text);
      cannot("this call would change memory of the program itself");
    }
  }
}

static const char *backing_of(u64 device, u64 inode, const char *path) {
  if (inode == 0) return "anon";
  if (strstr(path, "/dev/zero (deleted)")) return "anon-shared";
  for (const struct file *f = files; f->kind != NO_FILE; ++f) {
    if (f->dev == device && f->ino == inode) return f->name;
  }
  return "other";
}

/* "VmFlags: rd wr sd \n" without soft-dirty and the space at the end. */
static void clean_flags(char *flags) {
  char *out = flags;
  for (char *code = flags; *code && *code != '\n'; code += 3) {
    if (code[0] == 's' && code[1] == 'd') continue;
    if (IGNORES_MERGEABLE && code[0] == 'm' && code[1] == 'g') continue;
    memmove(out, code, 2);
    out[2] = ' ';
    out += 3;
    if (code[2] != ' ') break;
  }
  *out = 0;
  if (out > flags) out[-1] = 0;
}

static int add_found(int count, u64 start, u64 end, const char *permissions, u64 offset,
                     const char *backing, const char *flags) {
  if (count == 4096) cannot("the calls made more mappings than this program reads");
  found[count].start = start;
  found[count].end = end;
  snprintf(found[count].line, sizeof found[count].line, "%08lx-%08lx %s %08lx %s [%s]", start, end,
           permissions, offset, backing, flags);
  return count + 1;
}

/* What of [start, end) belongs to the sequence: at most one run, since the rest is not mapped. */
static int belongs(u64 *start, u64 *end) {
  u64 low = ~0ul, high = 0;
  for (const struct span *s = footprint; s->start != s->end; ++s) {
    u64 from = s->start + (s->from_break ? first_break : 0);
    u64 to = s->end + (s->from_break ? first_break : 0);
    if (*start >= to || from >= *end) continue;
    if (from < *start) from = *start;
    if (to > *end) to = *end;
    if (from < low) low = from;
    if (to > high) high = to;
  }
  *start = low;
  *end = high;
  return low < high;
}

static int read_layout(void) {
  int count = 0;
  u64 start = 0, end = 0, offset = 0, inode = 0;
  unsigned major_number = 0, minor_number = 0;
  char permissions[8] = "", path[200] = "";
  read_smaps();
  for (char *line = text, *next; *line; line = next) {
    next = strchr(line, '\n');
    next = next ? (*next = 0, next + 1) : line + strlen(line);
    if (strncmp(line, "VmFlags: ", 9) == 0) {
      const char *backing = backing_of(makedev(major_number, minor_number), inode, path);
      u64 from = start, to = end;
      clean_flags(line + 9);
      if (!belongs(&from, &to)) continue;
      count = add_found(count, from, to, permissions,
                        inode == 0 ? 0 : offset + (from - start), backing, line + 9);
      continue;
    }
    u64 s, e, o, i;
    unsigned ma, mi;
    char p[8];
    int at = 0;
    if (sscanf(line, "%lx-%lx %7s %lx %x:%x %lu%n", &s, &e, p, &o, &ma, &mi, &i, &at) != 7) continue;
    start = s, end = e, offset = o, inode = i, major_number = ma, minor_number = mi;
    memcpy(permissions, p, sizeof p);
    snprintf(path, sizeof path, "%.190s", line + at);
  }
  return count;
}

static int compare_layout(int count) {
  int different = 0, i = 0;
  say("\nmaps\n");
  for (const struct mapping *m = expected;; ++m) {
    char line[200] = "";
    u64 base = m->from_break ? first_break : 0;
    int at_end = m->start == m->end;
    for (; i < count && (at_end || found[i].start < m->start + base); ++i) {
      say("! %s   <-- not expected\n", found[i].line);
      different = 1;
    }
    if (at_end) return different;
    snprintf(line, sizeof line, "%08lx-%08lx %s %08lx %s [%s]", m->start + base, m->end + base,
             m->permissions, m->offset, m->backing, m->flags);
    if (i < count && found[i].start == m->start + base) {
      int same = strcmp(line, found[i].line) == 0;
      say("%c %s\n", same ? ' ' : '!', found[i].line);
      if (!same) say("!   <-- expected %s\n", line);
      different |= !same;
      ++i;
    } else {
      say("!   <-- expected %s\n", line);
      different = 1;
    }
  }
}

/* Committed_AS in kB. */
static long committed(void) {
  int fd = open("/proc/meminfo", O_RDONLY);
  ssize_t length = read(fd, text, sizeof text - 1);
  const char *line;
  close(fd);
  text[length < 0 ? 0 : length] = 0;
  line = strstr(text, "\nCommitted_AS:");
  if (!line) cannot("/proc/meminfo does not say Committed_AS");
  return strtol(line + strlen("\nCommitted_AS:"), NULL, 10);
}

/* The calls, made by many processes one after the other, and what is left of them. A page each is
   enough to be told from what else happens on a quiet machine. */
static int leaves_something(void) {
  enum { PROCESSES = 256 };
  long before = committed(), after;
  for (int i = 0; i < PROCESSES; ++i) {
    pid_t child = fork();
    if (child == 0) {
      int error;
      for (const struct call *c = calls; c->kind != END; ++c) run(c, &error);
      _exit(0);
    }
    if (child < 0 || waitpid(child, NULL, 0) != child) cannot("no process can be made");
  }
  after = committed();
  say("\nCommitted_AS: %ld kB, and %ld kB after %d processes made these calls\n", before, after,
      PROCESSES);
  return labs(after - before) >= PROCESSES * 4 / 2;
}

int main(int argc, char **argv) {
  int different = 0, current = personality(0xffffffff);
  (void)argc;
  if (current >= 0 && !(current & ADDR_NO_RANDOMIZE) && !getenv("VMADIFF_STARTED_AGAIN")) {
    setenv("VMADIFF_STARTED_AGAIN", "1", 1);
    if (personality((unsigned long)current | ADDR_NO_RANDOMIZE) >= 0) {
      execv("/proc/self/exe", argv);
    }
  }
  open_files();
  drop_capabilities();
  if (USES_KSM && prctl(68, 0, 0, 0, 0) < 0) cannot("this kernel has no PR_SET_MEMORY_MERGE");
  if (USES_KSM && (prctl(67, 1, 0, 0, 0) != 0 || prctl(67, 0, 0, 0, 0) != 0)) {
    cannot("PR_SET_MEMORY_MERGE is refused here");
  }
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  struct rlimit locked;
  if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur > MEMLOCK_LIMIT) {
    locked.rlim_cur = MEMLOCK_LIMIT;
    setrlimit(RLIMIT_MEMLOCK, &locked);
  }
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_fault;
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  first_break = ((u64)syscall(SYS_brk, 0) + 4095) & ~4095ul;
  syscall(SYS_brk, first_break);
  remember_own();
  for (const struct call *c = calls; c->kind != END; ++c) refuse_own(c);

  for (const struct call *c = calls; c->kind != END; ++c) run_and_print(c, &different);
  different |= compare_layout(read_layout());
  if (LOOKS_AT_COMMITTED) different = leaves_something();
  say("\n%s\n", different ? DIFFERED : HELD);
  return different;
}
)c";
}

}  // namespace vmadiff::reports
