/* The subject's program. Its mailbox is where rbx points to: whether something is asked (4 bytes;
   8: the result; 16: a system call's number, or a touch; 24 to 64: its arguments; 72: the mailbox
   of the process that a clone makes). It answers, waits for a question, and so on. */
enum { TOUCH_READ = 20000, TOUCH_WRITE = 20001 };
extern const char subject_code[], subject_on_fault[], subject_return[], subject_end[];
__asm__(
    ".pushsection .text\n"
    ".globl subject_code, subject_on_fault, subject_return, subject_end\n"
    ".hidden subject_code, subject_on_fault, subject_return, subject_end\n"
    "subject_code:\n"
    "  movl $0x20020000, %esp\n"
    "  movl $9, %eax\n" /* mmap(0x10000000, 1 MiB, READ|WRITE, SHARED|FIXED_NOREPLACE, 3, 0) */
    "  movl $0x10000000, %edi\n"
    "  movl $0x100000, %esi\n"
    "  movl $3, %edx\n"
    "  movl $0x100001, %r10d\n"
    "  movl $3, %r8d\n"
    "  xorl %r9d, %r9d\n"
    "  syscall\n"
    "  cmpq $0x10000000, %rax\n"
    "  jne 9f\n"
    "  movq 0x10000000, %rbx\n" /* the first word of the window: whose program this is */
    "  xorl %eax, %eax\n"
    "1:\n" /* answer */
    "  movq %rax, 8(%rbx)\n"
    "  movl $0, (%rbx)\n"
    "  movl $202, %eax\n" /* futex(mailbox, WAKE, 1) */
    "  movq %rbx, %rdi\n"
    "  movl $1, %esi\n"
    "  movl $1, %edx\n"
    "  syscall\n"
    "2:\n" /* wait for a question */
    "  cmpl $0, (%rbx)\n"
    "  jne 3f\n"
    "  movl $202, %eax\n" /* futex(mailbox, WAIT, 0, NULL) */
    "  movq %rbx, %rdi\n"
    "  xorl %esi, %esi\n"
    "  xorl %edx, %edx\n"
    "  xorl %r10d, %r10d\n"
    "  syscall\n"
    "  jmp 2b\n"
    "3:\n"
    "  movq 16(%rbx), %rax\n"
    "  movq 24(%rbx), %rdi\n"
    "  movq 32(%rbx), %rsi\n"
    "  movq 40(%rbx), %rdx\n"
    "  movq 48(%rbx), %r10\n"
    "  movq 56(%rbx), %r8\n"
    "  movq 64(%rbx), %r9\n"
    "  movq 72(%rbx), %r12\n"
    "  movq %rax, %r13\n"
    "  cmpq $20000, %rax\n"
    "  je 4f\n"
    "  cmpq $20001, %rax\n"
    "  je 5f\n"
    "  syscall\n"
    "  cmpq $56, %r13\n" /* clone, in the new process */
    "  jne 1b\n"
    "  testq %rax, %rax\n"
    "  jne 1b\n"
    "  movq %r12, %rbx\n"
    "  jmp 2b\n"
    "4:\n" /* one access to each of rsi pages */
    "  movb (%rdi), %al\n"
    "  addq $4096, %rdi\n"
    "  decq %rsi\n"
    "  jnz 4b\n"
    "  xorl %eax, %eax\n"
    "  jmp 1b\n"
    "5:\n"
    "  movb $1, (%rdi)\n"
    "  addq $4096, %rdi\n"
    "  decq %rsi\n"
    "  jnz 5b\n"
    "  xorl %eax, %eax\n"
    "  jmp 1b\n"
    "subject_on_fault:\n" /* rdi: the signal, rdx: its context. Goes on at 1 with the signal in rax
                           */
    "  movq 168(%rdx), %rax\n"
    "  leaq 4b(%rip), %rcx\n"
    "  cmpq %rax, %rcx\n"
    "  je 6f\n"
    "  leaq 5b(%rip), %rcx\n"
    "  cmpq %rax, %rcx\n"
    "  jne 9f\n"
    "6:\n"
    "  leaq 1b(%rip), %rax\n"
    "  movq %rax, 168(%rdx)\n"
    "  movq %rdi, 144(%rdx)\n"
    "  ret\n"
    "subject_return:\n"
    "  movl $15, %eax\n" /* rt_sigreturn */
    "  syscall\n"
    "9:\n"
    "  movl $231, %eax\n" /* exit_group(127) */
    "  movl $127, %edi\n"
    "  syscall\n"
    "subject_end:\n"
    ".popsection\n");

enum {
  WINDOW = 0x10000000,
  WINDOW_SIZE = 0x100000,
  PROGRAM = 0x20000000,
  CODE = 0x20001000,
  SEGMENT = 0x10000
};
enum { PROCESSES = 64, FIRST_FILE = 16, FIRST_OWN = 64, PATIENCE_S = 20 };

struct mailbox {
  int asked, unused;
  u64 result, number, argument[6], child;
};

/* The window: the first word, a mailbox for each process, and room for what calls take by address.
 */
struct window {
  u64 who;
  struct mailbox mailbox[PROCESSES];
  u64 room[512];
};

/* One that a process has made. This one holds it, so that it can read of forks and moves while the
 * process waits for that. */
struct userfaultfd {
  int fd; /* 0: there is none */
  u64 features;
  int is_told_all;     /* of the kernel's own faults, too */
  int tells_of_faults; /* it may */
};
enum { USERFAULTFDS = 4, UFFD_EVENT_FORK_BIT = 2, UFFD_EVENT_REMAP_BIT = 4 };

struct process {
  pid_t pid; /* 0: it is not there */
  struct userfaultfd userfaultfds[USERFAULTFDS];
};

static struct window* window;
static struct process processes[PROCESSES];
static int last_process, window_fd, program_fd;
/* What came of the fork at hand, by the number of the parent's userfaultfd. */
static int forked[USERFAULTFDS];
static struct vma own[16],
    kept[16]; /* what the kernel maps of its own at exec, and what of it stays */
static int own_count, kept_count;

static void cannot(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  printf("cannot run here: ");
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
  fflush(stdout);
  _exit(3);
}

static u64 mailbox_address(int process) {
  return WINDOW + (u64)((char*)&window->mailbox[process] - (char*)window);
}

static u64 room_address(int word) {
  return WINDOW + (u64)((char*)&window->room[word] - (char*)window);
}

static long futex(int* word, int operation, int value, const struct timespec* timeout) {
  return syscall(SYS_futex, word, operation, value, timeout, NULL, 0);
}

static void ended(int process, int status) {
  processes[process].pid = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
    fflush(stdout);
    _exit(3); /* it said why */
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
    cannot("the process was killed from outside, or for want of memory");
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
    cannot("a seccomp policy kills who makes this call");
}

static int has_events(const struct userfaultfd* u) {
  return u->fd != 0 && ((u->features & (UFFD_EVENT_FORK_BIT | UFFD_EVENT_REMAP_BIT)) != 0 ||
                        u->tells_of_faults);
}

static u64 uffd_ioctl(int fd, u64 request, u64 a, u64 b, u64 c) {
  u64 argument[4] = {a, b, c, 0};
  return ioctl(fd, request, argument) == 0 ? 0 : (u64)-errno;
}

/* Requests of struct uffdio_copy and of those that begin with a range. */
#define UFFD_COPY 0xc028aa03ul
#define UFFD_ZEROPAGE 0xc020aa04ul
#define UFFD_CONTINUE 0xc020aa07ul
#define UFFDIO_MARK_WRITES 0xc018aa06ul
#define UFFDIO_MARK_ACCESSES 0xc018aa09ul

enum { HUGE_PAGE = 1 << 21 };

/* Until it is done, or there is no sense in it. */
static u64 insist(int fd, u64 request, u64 start, u64 size) {
  static char page[4096] __attribute__((aligned(4096))); /* what is copied */
  for (;;) {
    u64 argument[5] = {start, size, 0, 0, 0}, result;
    if (request == UFFD_COPY) argument[1] = (u64)page, argument[2] = size;
    result = ioctl(fd, request, argument) == 0 ? 0 : (u64)-errno;
    if (result != (u64)-EAGAIN && result != (u64)-ENOMEM) return result;
    sched_yield();
  }
}

/* Missing pages: the zero page for a read, a copy for a write; pages of a file are mapped; marks are
 * taken off. Who cannot do that, as of huge pages that are missing, is told of nothing any more. */
static void resolve_fault(struct userfaultfd* u, u64 address, u64 flags) {
  u64 request = flags & 2   ? UFFDIO_MARK_WRITES
                : flags & 4 ? UFFD_CONTINUE
                : flags & 8 ? UFFDIO_MARK_ACCESSES
                            : UFFD_COPY;
  u64 start = address & ~4095ul, result;
  if ((flags & 15) == 0 && insist(u->fd, UFFD_ZEROPAGE, start, 4096) == 0) return;
  result = insist(u->fd, request, start, 4096);
  if (result == (u64)-EINVAL && request != UFFD_COPY)
    result = insist(u->fd, request, address & ~(HUGE_PAGE - 1ul), HUGE_PAGE);
  if (result == 0) return;
  close(u->fd);
  u->fd = 0;
}

/* Who forks, moves memory or meets a page that is told of waits until somebody has read of it.
 * Whether there may be such. */
static int read_events(int process) {
  struct {
    unsigned char event, nothing[7];
    u64 first, address, more;
  } message; /* struct uffd_msg */
  int any = 0;
  for (int i = 0; i < USERFAULTFDS; ++i) {
    struct userfaultfd* u = &processes[process].userfaultfds[i];
    if (!has_events(u)) continue;
    any = 1;
    while (has_events(u) && read(u->fd, &message, sizeof message) == (ssize_t)sizeof message) {
      if (message.event == 0x13 /* UFFD_EVENT_FORK */) forked[i] = (int)message.first;
      if (message.event == 0x12 /* UFFD_EVENT_PAGEFAULT */)
        resolve_fault(u, message.address, message.first);
    }
  }
  return any;
}

/* Waits for the answer. Gives 0 where the process has died instead. */
static int answered(int process, u64* result) {
  struct mailbox* box = &window->mailbox[process];
  struct timespec moment = {0, 50000000};
  int looks = 0, status;
  while (__atomic_load_n(&box->asked, __ATOMIC_ACQUIRE) != 0) {
    if (read_events(process)) moment.tv_nsec = 1000000;
    futex(&box->asked, 0 /* WAIT */, 1, &moment);
    if (__atomic_load_n(&box->asked, __ATOMIC_ACQUIRE) == 0) break;
    if (waitpid(processes[process].pid, &status, WNOHANG) == processes[process].pid) {
      ended(process, status);
      return 0;
    }
    if (++looks == PATIENCE_S * (1000000000 / moment.tv_nsec)) {
      kill(processes[process].pid, SIGKILL);
      processes[process].pid = 0;
      return 0;
    }
  }
  *result = box->result;
  return 1;
}

/* Has the process make a system call. Its result is as the kernel gives it: errors are -4095 to -1.
 */
static u64 ask(int process, long number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
  struct mailbox* box = &window->mailbox[process];
  u64 result = 0;
  if (processes[process].pid == 0) return (u64)-ESRCH;
  box->number = (u64)number;
  box->argument[0] = a, box->argument[1] = b, box->argument[2] = c;
  box->argument[3] = d, box->argument[4] = e, box->argument[5] = f;
  __atomic_store_n(&box->asked, 1, __ATOMIC_RELEASE);
  futex(&box->asked, 1 /* WAKE */, 1, NULL);
  if (!answered(process, &result)) return (u64)-ESRCH;
  return result;
}

static int is_error(u64 result) { return result >= (u64)-4095; }

/* An executable file of two segments, text and data, that are filled to their ends. */
static void write_program(void) {
  static char image[2 * SEGMENT];
  Elf64_Ehdr* head = (Elf64_Ehdr*)(void*)image;
  Elf64_Phdr* part = (Elf64_Phdr*)(void*)(image + sizeof *head);
  memcpy(head->e_ident, ELFMAG, SELFMAG);
  head->e_ident[EI_CLASS] = ELFCLASS64;
  head->e_ident[EI_DATA] = ELFDATA2LSB;
  head->e_ident[EI_VERSION] = EV_CURRENT;
  head->e_type = ET_EXEC;
  head->e_machine = EM_X86_64;
  head->e_version = EV_CURRENT;
  head->e_entry = CODE;
  head->e_phoff = sizeof *head;
  head->e_ehsize = sizeof *head;
  head->e_phentsize = sizeof *part;
  head->e_phnum = 3;
  for (int i = 0; i < 2; ++i) {
    part[i].p_type = PT_LOAD;
    part[i].p_flags = i == 0 ? PF_R | PF_X : PF_R | PF_W;
    part[i].p_offset = (u64)i * SEGMENT;
    part[i].p_vaddr = part[i].p_paddr = PROGRAM + (u64)i * SEGMENT;
    part[i].p_filesz = part[i].p_memsz = SEGMENT;
    part[i].p_align = 4096;
  }
  part[2].p_type = PT_GNU_STACK;
  part[2].p_flags = PF_R | PF_W;
  memcpy(image + (CODE - PROGRAM), subject_code, (size_t)(subject_end - subject_code));
  program_fd = (int)syscall(SYS_memfd_create, "subject", 1u | 16u /* CLOEXEC, EXEC */);
  if (program_fd < 0) program_fd = (int)syscall(SYS_memfd_create, "subject", 1u);
  if (program_fd < 0 || write(program_fd, image, sizeof image) != (ssize_t)sizeof image) {
    cannot("no program can be made: memfd_create: %s", strerror(errno));
  }
}

static void make_window(void) {
  window_fd = (int)syscall(SYS_memfd_create, "window", 1u);
  if (window_fd < 0 || ftruncate(window_fd, WINDOW_SIZE) != 0)
    cannot("memfd_create: %s", strerror(errno));
  window = mmap(NULL, WINDOW_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, window_fd, 0);
  if (window == MAP_FAILED) cannot("mmap: %s", strerror(errno));
}

/* The limit, or as much as the hard limit allows. */
static void limit(int resource, u64 bytes) {
  struct rlimit now;
  if (getrlimit(resource, &now) != 0) return;
  if (bytes < now.rlim_max) now.rlim_max = bytes;
  now.rlim_cur = now.rlim_max;
  setrlimit(resource, &now);
}

static void become_subject(void) {
  char *const arguments[] = {"subject", NULL}, *const environment[] = {NULL};
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  limit(RLIMIT_CORE, 1);
  limit(RLIMIT_STACK, 8ul << 20);
  limit(RLIMIT_MEMLOCK, options.memlock);
  limit(RLIMIT_AS, RLIM_INFINITY);
  limit(RLIMIT_DATA, RLIM_INFINITY);
  dup2(window_fd, 3);
  dup2(program_fd, 4);
  for (int i = 0; files[i].kind != NO_FILE; ++i) dup2(files[i].fd, FIRST_FILE + i);
  if (personality(0x0040000u | (options.bottom_up ? 0x0200000u : 0u)) < 0) {
    cannot("personality(ADDR_NO_RANDOMIZE): %s", strerror(errno));
  }
  syscall(SYS_execveat, 4, "", arguments, environment, 0x1000 /* AT_EMPTY_PATH */);
  cannot("execveat: %s", strerror(errno));
}

/* What exec takes away again: the kernel's own mappings come back, the signal handlers go. */
static void clear(int process) {
  u64 handler = CODE + (u64)(subject_on_fault - subject_code);
  u64 back = CODE + (u64)(subject_return - subject_code);
  for (int i = 0; i < own_count; ++i)
    ask(process, SYS_munmap, own[i].start, own[i].end - own[i].start, 0, 0, 0, 0);
  window->room[0] = handler, window->room[1] = 0x04000004ul /* SA_RESTORER | SA_SIGINFO */;
  window->room[2] = back, window->room[3] = 0;
  ask(process, SYS_rt_sigaction, SIGSEGV, room_address(0), 0, 8, 0, 0);
  ask(process, SYS_rt_sigaction, SIGBUS, room_address(0), 0, 8, 0, 0);
}

/* What is mapped besides the program and the window. */
static int read_maps(struct vma* ranges, int count_max) {
  char path[64], line[512];
  int count = 0;
  FILE* maps;
  snprintf(path, sizeof path, "/proc/%d/maps", (int)processes[0].pid);
  maps = fopen(path, "r");
  if (!maps) cannot("%s: %s", path, strerror(errno));
  while (fgets(line, sizeof line, maps)) {
    u64 start, end;
    if (sscanf(line, "%lx-%lx", &start, &end) != 2 || end > 0x7ffffffff000) continue;
    if (start >= WINDOW && end <= PROGRAM + 2 * SEGMENT) continue;
    if (count == count_max) cannot("the kernel maps too much of its own");
    ranges[count].start = start;
    ranges[count++].end = end;
  }
  fclose(maps);
  return count;
}

/* Makes the first process, and arranges it. */
static void begin(void) {
  u64 ignored;
  memset(window, 0, sizeof *window);
  memset(processes, 0, sizeof processes);
  last_process = 0;
  window->who = mailbox_address(0);
  window->mailbox[0].asked = 1;
  fflush(stdout);
  processes[0].pid = fork();
  if (processes[0].pid == 0) become_subject();
  if (processes[0].pid < 0) cannot("fork: %s", strerror(errno));
  if (!answered(0, &ignored)) cannot("the process that is to make the calls does not live");
  own_count = read_maps(own, 16);
  clear(0);
  kept_count = read_maps(kept, 16);
  ask(0, SYS_prctl, PR_SET_THP_DISABLE, 1, 0, 0, 0, 0);
  ask(0, SYS_prctl, 67 /* PR_SET_MEMORY_MERGE */, 0, 0, 0, 0, 0);
  /* No capability but CAP_SYS_RESOURCE, and CAP_SYS_PTRACE, which is kept through an exec: others
     change what is allowed. */
  ask(0, SYS_prctl, PR_SET_SECUREBITS, 3, 0, 0, 0, 0);
  window->room[0] = 0x20080522;
  if (ask(0, SYS_capget, room_address(0), room_address(1), 0, 0, 0, 0) == 0) {
    u64 kept = window->room[1] & (1u << 24 | 1u << 19);
    window->room[1] = kept | kept << 32;
    window->room[2] = kept & (1u << 19); /* what can be inherited */
    window->room[3] = 0;
    ask(0, SYS_capset, room_address(0), room_address(1), 0, 0, 0, 0);
    ask(0, SYS_prctl, 47 /* PR_CAP_AMBIENT */, 2 /* RAISE */, 19, 0, 0, 0);
  }
  ask(0, SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
}

static void close_userfaultfds(int process) {
  for (int i = 0; i < USERFAULTFDS; ++i) {
    struct userfaultfd* u = &processes[process].userfaultfds[i];
    if (u->fd != 0) close(u->fd);
    u->fd = 0;
  }
}

static void end_all(void) {
  for (int i = 0; i < PROCESSES; ++i) {
    close_userfaultfds(i);
    if (processes[i].pid == 0) continue;
    kill(processes[i].pid, SIGKILL);
    waitpid(processes[i].pid, NULL, 0);
    processes[i].pid = 0;
  }
}
