/* Signals are told from errnos by this distance. */
enum { SIGNALLED = 4095 };

static const char* error_name(int error) {
  static const struct {
    int error;
    const char* name;
  } names[] = {{EPERM, "EPERM"},
               {ENOENT, "ENOENT"},
               {ESRCH, "ESRCH"},
               {EINTR, "EINTR"},
               {EIO, "EIO"},
               {ENXIO, "ENXIO"},
               {E2BIG, "E2BIG"},
               {EBADF, "EBADF"},
               {EAGAIN, "EAGAIN"},
               {ENOMEM, "ENOMEM"},
               {EACCES, "EACCES"},
               {EFAULT, "EFAULT"},
               {EBUSY, "EBUSY"},
               {EEXIST, "EEXIST"},
               {ENODEV, "ENODEV"},
               {EINVAL, "EINVAL"},
               {ENFILE, "ENFILE"},
               {EMFILE, "EMFILE"},
               {ETXTBSY, "ETXTBSY"},
               {EFBIG, "EFBIG"},
               {ENOSPC, "ENOSPC"},
               {ENOSYS, "ENOSYS"},
               {EOVERFLOW, "EOVERFLOW"},
               {EOPNOTSUPP, "EOPNOTSUPP"},
               {EHWPOISON, "EHWPOISON"},
               {SIGNALLED + SIGSEGV, "SIGSEGV"},
               {SIGNALLED + SIGBUS, "SIGBUS"}};
  static char number[32];
  for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
    if (names[i].error == error) return names[i].name;
  }
  snprintf(number, sizeof number, "ERRNO_%d", error);
  return number;
}

/* --- files ------------------------------------------------------------------------------------ */

/* "08:01 1234" of the mapping at `address` in this process. */
static void inode_at(void* address, char* inode, size_t size) {
  char line[512];
  FILE* maps = fopen("/proc/self/maps", "r");
  if (!maps) cannot("/proc/self/maps: %s", strerror(errno));
  while (fgets(line, sizeof line, maps)) {
    u64 start;
    char device[16], number[32];
    if (sscanf(line, "%lx-%*x %*s %*x %15s %31s", &start, device, number) != 3) continue;
    if (start == (u64)address) snprintf(inode, size, "%s %s", device, number);
  }
  fclose(maps);
}

static void fill(int fd, const char* what) {
  char page[4096];
  memset(page, 'v', sizeof page);
  for (int i = 0; i < 64; ++i) {
    if (write(fd, page, sizeof page) != (ssize_t)sizeof page)
      cannot("%s: %s", what, strerror(errno));
  }
}

/* A file without a name where its file system maps by the rules that are expected: ext4, xfs or
 * btrfs. */
static int open_regular(void) {
  const char* const directories[] = {getenv("TMPDIR"), "/var/tmp", "/tmp", "."};
  for (int i = 0; i < 4; ++i) {
    struct statfs status;
    char path[512];
    int fd;
    if (!directories[i] || statfs(directories[i], &status) != 0) continue;
    if (status.f_type != 0xef53 && status.f_type != 0x58465342 && status.f_type != 0x9123683e)
      continue;
    snprintf(path, sizeof path, "%s/vmadiff-XXXXXX", directories[i]);
    fd = mkstemp(path);
    if (fd < 0) continue;
    unlink(path);
    return fd;
  }
  cannot("set TMPDIR to a directory on ext4, xfs or btrfs");
  return -1;
}

static int open_file(const struct file* f) {
  char path[64];
  int fd;
  switch (f->kind) {
    case MEMFD:
      /* That may be sealed, and MFD_NOEXEC_SEAL for one of them, else MFD_EXEC: since 6.3. */
      fd = (int)syscall(SYS_memfd_create, "vmadiff", strcmp(f->name, "memfd:3") == 0 ? 10u : 18u);
      if (fd < 0) fd = (int)syscall(SYS_memfd_create, "vmadiff", 2u);
      if (fd >= 0) fill(fd, f->name);
      return fd;
    case REGULAR:
    case READ_ONLY:
      fd = open_regular();
      fill(fd, f->name);
      if (f->kind == REGULAR) return fd;
      snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
      return open(path, O_RDONLY);
    case ZERO:
      return open("/dev/zero", O_RDWR);
    case NULL_DEVICE:
      return open("/dev/null", O_RDWR);
    case HUGETLB:
      return (int)syscall(SYS_memfd_create, "vmadiff", 4u | 21u << 26 /* HUGETLB, 2 MiB */);
    case MEMORY_DEVICE:
      if (!getenv("VMADIFF_DEV_MEM")) {
        cannot(
            "%s is the first MiB of /dev/mem, and the calls may write to it: in a machine that may "
            "break, set "
            "VMADIFF_DEV_MEM=1",
            f->name);
      }
      return open("/dev/mem", O_RDWR);
    default:
      cannot("no program can open %s: it is a driver that only models have", f->name);
  }
  return -1;
}

/* Opens the files, above the numbers that the subject gives them. */
static void open_files(void) {
  for (struct file* f = files; f->kind != NO_FILE; ++f) {
    void* mapped;
    int fd = open_file(f);
    size_t size = f->kind == HUGETLB ? 2ul << 20 : 4096;
    if (fd < 0) cannot("%s: %s", f->name, strerror(errno));
    f->fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OWN);
    if (f->fd < 0) cannot("%s: %s", f->name, strerror(errno));
    close(fd);
    mapped = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, f->fd, 0);
    if (mapped == MAP_FAILED) continue; /* that may be what is expected */
    inode_at(mapped, f->inode, sizeof f->inode);
    munmap(mapped, size);
  }
}

/* --- calls ------------------------------------------------------------------------------------ */

static u64 touch(int process, u64 address, u64 length, u64 writes) {
  u64 end = address + length, first = address & ~4095ul;
  if (length == 0) return 0;
  if (length > 16ul << 20 || end < address || end > 0x7ffffffff000) return SIGSEGV;
  return ask(process, writes ? TOUCH_WRITE : TOUCH_READ, first,
             (((end + 4095) & ~4095ul) - first) / 4096, 0, 0, 0, 0);
}

static u64 set_limit(int process, u64 resource, u64 soft) {
  u64 result = ask(process, SYS_prlimit64, 0, resource, 0, room_address(0), 0, 0);
  if (result != 0) return result;
  window->room[0] = soft;
  return ask(process, SYS_prlimit64, 0, resource, room_address(0), 0, 0, 0);
}

/* The process makes it, and this one takes it over. */
static u64 open_userfaultfd(int process, u64 number, u64 features) {
  struct userfaultfd* u;
  u64 made, result;
  int pidfd, fd, is_told_all;
  if (number >= USERFAULTFDS) return (u64)-EBADF;
  u = &processes[process].userfaultfds[number];
  if (u->fd != 0) return uffd_ioctl(u->fd, 0xc018aa3ful /* UFFDIO_API */, 0xaa, features, 0);
  made = ask(process, SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK, 0, 0, 0, 0, 0);
  is_told_all = made != (u64)-EPERM;
  if (!is_told_all)
    made = ask(process, SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1 /* USER_MODE_ONLY */, 0, 0, 0,
               0, 0);
  if (is_error(made)) return made;
  pidfd = (int)syscall(434 /* pidfd_open */, processes[process].pid, 0);
  fd = (int)syscall(438 /* pidfd_getfd */, pidfd, (int)made, 0);
  if (fd < 0) cannot("a userfaultfd cannot be taken over: pidfd_getfd: %s", strerror(errno));
  close(pidfd);
  ask(process, SYS_close, made, 0, 0, 0, 0, 0);
  result = uffd_ioctl(fd, 0xc018aa3ful, 0xaa, features, 0);
  if (result != 0) {
    close(fd);
    return result;
  }
  u->fd = fd;
  u->features = features;
  u->is_told_all = is_told_all;
  u->tells_of_faults = 0;
  return 0;
}

/* One that is not there is made first, with no features. */
static u64 need_userfaultfd(int process, u64 number) {
  if (number >= USERFAULTFDS) return (u64)-EBADF;
  if (processes[process].userfaultfds[number].fd != 0) return 0;
  return open_userfaultfd(process, number, 0);
}

/* From now on it may tell of faults. */
static u64 expect_faults(int process, u64 number) {
  struct userfaultfd* u;
  u64 result = need_userfaultfd(process, number);
  if (result != 0) return result;
  u = &processes[process].userfaultfds[number];
  if (!u->is_told_all) return (u64)-EPERM;
  u->tells_of_faults = 1;
  return 0;
}

static u64 with_userfaultfd(int process, u64 number, u64 request, u64 start, u64 length, u64 mode) {
  u64 result = need_userfaultfd(process, number);
  if (result != 0) return result;
  return uffd_ioctl(processes[process].userfaultfds[number].fd, request, start, length, mode);
}

/* For missing pages and minor faults (modes 1 and 4) it begins with memory that is empty. */
static u64 register_range(int process, u64 start, u64 length, u64 mode, u64 number) {
  if ((mode & 5) != 0) {
    u64 result = expect_faults(process, number);
    if (result == 0)
      result = ask(process, SYS_madvise, start, length, 24 /* DONTNEED_LOCKED */, 0, 0, 0);
    if (result != 0 && result != (u64)-ENOMEM) return result;
  }
  return with_userfaultfd(process, number, 0xc020aa00ul, start, length, mode);
}

/* Any of them can set marks. Told of them is the one that the memory is registered with. */
static u64 protect_range(int process, u64 request, const u64* a) {
  u64 result = expect_faults(process, a[3]);
  for (int i = 0; result == 0 && i < USERFAULTFDS; ++i)
    processes[process].userfaultfds[i].tells_of_faults = 1;
  return result != 0 ? result : with_userfaultfd(process, a[3], request, a[0], a[1], a[2]);
}

/* What is punched out of a memfd is filled at once. */
static u64 advise(int process, u64 start, u64 length, u64 advice) {
  u64 result = ask(process, SYS_madvise, start, length, advice, 0, 0, 0);
  for (const struct file* f = files; advice == 9 /* MADV_REMOVE */ && f->kind != NO_FILE; ++f) {
    if (f->kind == MEMFD) syscall(SYS_fallocate, f->fd, 0, 0, 64 * 4096);
  }
  return result;
}

static u64 close_userfaultfd(int process, u64 number) {
  struct userfaultfd* u;
  if (number >= USERFAULTFDS) return (u64)-EBADF;
  u = &processes[process].userfaultfds[number];
  if (u->fd == 0) return (u64)-EBADF;
  close(u->fd);
  u->fd = 0;
  return 0;
}

/* The kernel reads 80 bytes of a name at most. */
static u64 name_memory(int process, u64 start, u64 length, u64 pointer, const char* name) {
  if (name) {
    strncpy((char*)&window->room[0], name, 80);
    pointer = room_address(0);
  }
  return ask(process, SYS_prctl, 0x53564d41 /* PR_SET_VMA */, 0, start, length, pointer, 0);
}

/* System V segments, made at the first use of each. They are marked to go, and stay for as long as
 * this process has them attached. */
enum { SEGMENTS = 4 };
static int segments[SEGMENTS] = {-1, -1, -1, -1};

static u64 attach(int process, u64 number, u64 address, u64 flags) {
  static const size_t sizes[SEGMENTS] = {0x1000, 0x2000, 0x4000, 0x7001};
  if (number >= SEGMENTS) return ask(process, SYS_shmat, ~0ul, address, flags, 0, 0, 0);
  if (segments[number] < 0) {
    int id = shmget(IPC_PRIVATE, sizes[number], IPC_CREAT | 0700);
    void* attached = id < 0 ? (void*)-1 : shmat(id, NULL, 0);
    if (attached == (void*)-1) cannot("sysv:%d: %s", (int)number, strerror(errno));
    shmctl(id, IPC_RMID, NULL);
    segments[number] = id;
  }
  return ask(process, SYS_shmat, (u64)segments[number], address, flags, 0, 0, 0);
}

/* The second range is none where it is at 0 and empty. */
static u64 advise_self(int process, const u64* a) {
  u64 result, self = ask(process, 434 /* pidfd_open */, (u64)processes[process].pid, 0, 0, 0, 0, 0);
  if (is_error(self)) return self;
  memcpy((void*)window->room, a, 4 * sizeof(u64));
  result = ask(process, 440 /* process_madvise */, self, room_address(0),
               a[2] != 0 || a[3] != 0 ? 2 : 1, a[4], a[5], 0);
  ask(process, SYS_close, self, 0, 0, 0, 0, 0);
  return result;
}

static u64 fork_process(int process) {
  int child = last_process + 1;
  u64 pid;
  if (child >= PROCESSES) return (u64)-EAGAIN;
  window->mailbox[process].child = mailbox_address(child);
  memset(forked, 0, sizeof forked);
  pid = ask(process, SYS_clone, 0x8000 /* CLONE_PARENT */ | SIGCHLD, 0, 0, 0, 0, 0);
  if (pid == (u64)-EAGAIN)
    cannot("fork: no more processes are allowed: ulimit -u, or pids.max of the cgroup");
  if (is_error(pid)) return pid;
  processes[child].pid = (pid_t)pid;
  for (int i = 0; i < USERFAULTFDS; ++i) {
    processes[child].userfaultfds[i] = processes[process].userfaultfds[i];
    processes[child].userfaultfds[i].fd = forked[i];
  }
  last_process = child;
  ask(child, SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0, 0);
  return (u64)child;
}

static u64 exec_again(int process) {
  u64 result;
  window->who = mailbox_address(process);
  memcpy(&window->room[8], "subject", 8);
  window->room[0] = room_address(8), window->room[1] = window->room[2] = 0;
  window->room[4] = 0; /* "" */
  result =
      ask(process, SYS_execveat, 4, room_address(4), room_address(0), room_address(2), 0x1000, 0);
  if (is_error(result)) return result;
  close_userfaultfds(process);
  clear(process);
  return 0;
}

static u64 exit_process(int process) {
  struct mailbox* box = &window->mailbox[process];
  if (process == 0) return (u64)-EPERM;
  box->number = SYS_exit_group;
  box->argument[0] = 0;
  __atomic_store_n(&box->asked, 1, __ATOMIC_RELEASE);
  futex(&box->asked, 1, 1, NULL);
  waitpid(processes[process].pid, NULL, 0);
  processes[process].pid = 0;
  close_userfaultfds(process);
  return 0;
}

/* Runs the call; gives its value, or sets *error. */
static u64 run(const struct step* s, int* error) {
  const u64* a = s->argument;
  int p = s->process;
  u64 result;
  *error = 0;
  if (processes[p].pid == 0) {
    *error = ESRCH;
    return 0;
  }
  switch (s->call) {
    case SYS_mmap:
      result = ask(p, SYS_mmap, a[0], a[1], a[2], a[3],
                   s->file < 0 ? ~0ul : (u64)(FIRST_FILE + s->file), a[5]);
      break;
    case TOUCH:
      result = touch(p, a[0], a[1], a[2]);
      if (result == 0 || is_error(result)) break;
      *error = SIGNALLED + (int)result;
      return 0;
    case SETRLIMIT:
      result = set_limit(p, a[0], a[1]);
      break;
    case FORK:
      result = fork_process(p);
      break;
    case EXEC:
      result = exec_again(p);
      break;
    case EXIT:
      result = exit_process(p);
      break;
    case UFFD_REGISTER:
      result = register_range(p, a[0], a[1], a[2], a[3]);
      break;
    case UFFD_WRITEPROTECT:
      result = protect_range(p, UFFDIO_MARK_WRITES, a);
      break;
    case UFFD_RWPROTECT:
      result = protect_range(p, UFFDIO_MARK_ACCESSES, a);
      break;
    case SYS_madvise:
      result = advise(p, a[0], a[1], a[2]);
      break;
    case UFFD_UNREGISTER:
      result = with_userfaultfd(p, a[2], 0x8010aa01ul, a[0], a[1], 0);
      break;
    case UFFD_OPEN:
      result = open_userfaultfd(p, a[0], a[1]);
      break;
    case UFFD_CLOSE:
      result = close_userfaultfd(p, a[0]);
      break;
    case MBIND: /* the kernel takes one node less than it is told */
      window->room[0] = a[4];
      result = ask(p, SYS_mbind, a[0], a[1], a[2] | a[3], room_address(0), 65, a[5]);
      break;
    case SHMAT:
      result = attach(p, a[0], a[1], a[2]);
      break;
    case SET_MEMPOLICY:
      window->room[0] = a[2];
      result = ask(p, SYS_set_mempolicy, a[0] | a[1], room_address(0), 65, 0, 0, 0);
      break;
    case SET_VMA_NAME:
      result = name_memory(p, a[0], a[1], a[2], s->name);
      break;
    case ADD_SEALS:
      result = ask(p, SYS_fcntl, s->file < 0 ? ~0ul : (u64)(FIRST_FILE + s->file),
                   1033 /* F_ADD_SEALS */, a[1], 0, 0, 0);
      break;
    case PROCESS_MADVISE:
      result = advise_self(p, a);
      break;
    default:
      result = ask(p, s->call, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
  if (s->call == SYS_brk || !is_error(result)) return result;
  *error = (int)-(long)result;
  return 0;
}
