#define MAYBE_UNUSED __attribute__((unused))

/* A system call as the kernel gives it: a value, or minus an errno. */
MAYBE_UNUSED static long call(long number, unsigned long a, unsigned long b, unsigned long c,
			      unsigned long d, unsigned long e, unsigned long f)
{
	long result = syscall(number, a, b, c, d, e, f);

	return result == -1 ? -errno : result;
}

#define do_mmap(a, l, p, f, fd, o) call(SYS_mmap, a, l, p, f, fd, o)
#define do_munmap(a, l) call(SYS_munmap, a, l, 0, 0, 0, 0)
#define do_mprotect(a, l, p) call(SYS_mprotect, a, l, p, 0, 0, 0)
#define do_madvise(a, l, advice) call(SYS_madvise, a, l, advice, 0, 0, 0)
#define do_prctl(o, a, b, c, d) call(SYS_prctl, o, a, b, c, d, 0)
#define do_mremap(a, l, n, f, to) call(SYS_mremap, a, l, n, f, to, 0)
#define do_mlock(a, l) call(SYS_mlock, a, l, 0, 0, 0, 0)
#define do_mlock2(a, l, f) call(SYS_mlock2, a, l, f, 0, 0, 0)
#define do_munlock(a, l) call(SYS_munlock, a, l, 0, 0, 0, 0)
#define do_mseal(a, l, f) call(462 /* mseal */, a, l, f, 0, 0, 0)
#define do_pkey_mprotect(a, l, p, k) call(SYS_pkey_mprotect, a, l, p, k, 0, 0)
#define do_msync(a, l, f) call(SYS_msync, a, l, f, 0, 0, 0)
#define do_add_seals(fd, seals) call(SYS_fcntl, fd, 1033 /* F_ADD_SEALS */, seals, 0, 0, 0)
#define do_remap_file_pages(a, l, p, o, f) call(SYS_remap_file_pages, a, l, p, o, f, 0)

#define do_shmdt(a) call(SYS_shmdt, a, 0, 0, 0, 0, 0)
#define do_pkey_alloc(f, r) call(SYS_pkey_alloc, f, r, 0, 0, 0, 0)
#define do_pkey_free(k) call(SYS_pkey_free, k, 0, 0, 0, 0, 0)

/* System V segments, made at the first use of each. They are marked to go, and stay for as long as
 * they are attached somewhere. */
MAYBE_UNUSED static long do_shmat(unsigned long number, unsigned long a, unsigned long flags)
{
	static const unsigned long sizes[4] = { 0x1000, 0x2000, 0x4000, 0x7001 };
	static long segments[4] = { -1, -1, -1, -1 };

	if (number >= 4)
		return call(SYS_shmat, ~0ul, a, flags, 0, 0, 0);
	if (segments[number] < 0) {
		segments[number] = call(SYS_shmget, 0 /* IPC_PRIVATE */, sizes[number], 0700, 0, 0,
					0);
		call(SYS_shmat, (unsigned long)segments[number], 0, 0, 0, 0, 0);
		call(SYS_shmctl, (unsigned long)segments[number], 0 /* IPC_RMID */, 0, 0, 0, 0);
	}
	return call(SYS_shmat, (unsigned long)segments[number], a, flags, 0, 0, 0);
}

/* The mask is a value; the kernel takes one node less than it is told. */
MAYBE_UNUSED static long do_mbind(unsigned long a, unsigned long l, unsigned long mode,
				  unsigned long mode_flags, unsigned long nodes,
				  unsigned long flags)
{
	return call(SYS_mbind, a, l, mode | mode_flags, (unsigned long)&nodes, 65, flags);
}

MAYBE_UNUSED static long do_set_mempolicy(unsigned long mode, unsigned long mode_flags,
					  unsigned long nodes)
{
	return call(SYS_set_mempolicy, mode | mode_flags, (unsigned long)&nodes, 65, 0, 0, 0);
}

#define do_set_vma_name(a, l, name) \
	call(SYS_prctl, 0x53564d41 /* PR_SET_VMA */, 0, a, l, name, 0)

/* Of the process itself; the second range is none where it is at 0 and empty. */
MAYBE_UNUSED static long do_process_madvise(unsigned long a, unsigned long l, unsigned long a2,
					    unsigned long l2, unsigned long advice,
					    unsigned long flags)
{
	unsigned long ranges[4] = { a, l, a2, l2 };
	long self = call(434 /* pidfd_open */, (unsigned long)getpid(), 0, 0, 0, 0, 0);
	long result;

	if (self < 0)
		return self;
	result = call(440 /* process_madvise */, (unsigned long)self, (unsigned long)ranges,
		      a2 != 0 || l2 != 0 ? 2 : 1, advice, flags, 0);
	close((int)self);
	return result;
}

/* Userfaultfds, by number; each, unless it is opened, made at its first use with no features. */
static int userfaultfds[4] = { -1, -1, -1, -1 };

MAYBE_UNUSED static long do_uffd_open(unsigned long number, unsigned long features)
{
	unsigned long argument[3] = { 0xaa /* UFFD_API */, features, 0 };
	int was_there;
	long result;

	if (number >= 4)
		return -EBADF;
	was_there = userfaultfds[number] >= 0;
	if (!was_there) {
		result = call(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | 1, 0, 0, 0, 0, 0);
		if (result < 0)
			return result;
		userfaultfds[number] = (int)result;
	}
	result = call(SYS_ioctl, (unsigned long)userfaultfds[number], 0xc018aa3f /* API */,
		      (unsigned long)argument, 0, 0, 0);
	if (result < 0 && !was_there) {
		close(userfaultfds[number]);
		userfaultfds[number] = -1;
	}
	return result;
}

MAYBE_UNUSED static long do_uffd_close(unsigned long number)
{
	if (number >= 4 || userfaultfds[number] < 0)
		return -EBADF;
	close(userfaultfds[number]);
	userfaultfds[number] = -1;
	return 0;
}

MAYBE_UNUSED static long with_userfaultfd(unsigned long number, unsigned long request,
					  unsigned long a, unsigned long l, unsigned long mode)
{
	unsigned long argument[4] = { a, l, mode, 0 };
	long result;

	if (number >= 4 || userfaultfds[number] < 0) {
		result = do_uffd_open(number, 0);
		if (result < 0)
			return result;
	}
	return call(SYS_ioctl, (unsigned long)userfaultfds[number], request,
		    (unsigned long)argument, 0, 0, 0);
}

#define WP 2ul
#define RWP 8ul
#define do_uffd_register(a, l, mode, number) with_userfaultfd(number, 0xc020aa00, a, l, mode)
#define do_uffd_unregister(a, l, number) with_userfaultfd(number, 0x8010aa01, a, l, 0)

static sigjmp_buf after_fault;

MAYBE_UNUSED static void on_fault(int number)
{
	siglongjmp(after_fault, number);
}

enum touches { READ, WRITE };

/* One access to each page, up to the first that faults for good: 0, or the signal. */
MAYBE_UNUSED static long do_touch(unsigned long a, unsigned long l, enum touches how)
{
	struct sigaction action, old_segv, old_bus;
	volatile unsigned long page = a & ~4095ul;
	const unsigned long end = a + l;
	volatile int number = 0;
	int caught;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_fault;
	sigaction(SIGSEGV, &action, &old_segv);
	sigaction(SIGBUS, &action, &old_bus);
	caught = sigsetjmp(after_fault, 1);
	if (caught != 0)
		number = caught;
	for (; number == 0 && l != 0 && page < end; page += 4096) {
		volatile char *at = (volatile char *)page;

		if (how == WRITE)
			*at = 1;
		else
			(void)*at;
	}
	sigaction(SIGSEGV, &old_segv, NULL);
	sigaction(SIGBUS, &old_bus, NULL);
	return number;
}

/* Files of 64 pages, with data, and without a name. */
MAYBE_UNUSED static int filled(int fd)
{
	char page[4096];
	int i;

	memset(page, 'v', sizeof(page));
	for (i = 0; fd >= 0 && i < 64; i++) {
		if (write(fd, page, sizeof(page)) != (ssize_t)sizeof(page))
			return -1;
	}
	return fd;
}

/* That may be sealed, with a flag that kernels before 6.3 do not know. */
MAYBE_UNUSED static int open_memfd(unsigned int flag)
{
	int fd = (int)syscall(SYS_memfd_create, "vmadiff", 2u | flag);

	if (fd < 0)
		fd = (int)syscall(SYS_memfd_create, "vmadiff", 2u);
	return filled(fd);
}

MAYBE_UNUSED static int open_regular(int flags)
{
	char path[] = "/var/tmp/vmadiff-XXXXXX", again[32];
	int fd = mkstemp(path);

	if (fd >= 0)
		unlink(path);
	if (filled(fd) < 0 || flags == O_RDWR)
		return fd;
	snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
	return open(again, flags);
}

/* A VMA by what PROCMAP_QUERY (6.11 and later) says of it. */
struct area {
	unsigned long start, end, offset;
	const char *permissions;
};

struct area_query {
	unsigned long long size, flags, address, start, end, vma_flags, page_size, offset, inode;
	unsigned int major, minor, name_size, build_id_size;
	unsigned long long name_address, build_id_address;
};

/* Whether just these are mapped in [low, high). */
static int is_layout(unsigned long low, unsigned long high, const struct area *wanted, int count)
{
	int fd = open("/proc/self/maps", O_RDONLY), i = 0, same = 1;
	struct area_query q;

	for (;;) {
		char permissions[5] = "----";

		memset(&q, 0, sizeof(q));
		q.size = sizeof(q);
		q.flags = 0x10; /* PROCMAP_QUERY_COVERING_OR_NEXT_VMA */
		q.address = low;
		if (call(SYS_ioctl, (unsigned long)fd, 0xc0686611 /* PROCMAP_QUERY */,
			 (unsigned long)&q, 0, 0, 0) != 0 ||
		    q.start >= high)
			break;
		if (q.vma_flags & 1)
			permissions[0] = 'r';
		if (q.vma_flags & 2)
			permissions[1] = 'w';
		if (q.vma_flags & 4)
			permissions[2] = 'x';
		permissions[3] = q.vma_flags & 8 ? 's' : 'p';
		if (i >= count || q.start != wanted[i].start || q.end != wanted[i].end ||
		    (q.inode != 0 && q.offset != wanted[i].offset) ||
		    strcmp(permissions, wanted[i].permissions) != 0)
			same = 0;
		SAY("# actual   %llx-%llx %s %08llx\n", q.start, q.end, permissions,
		    q.inode != 0 ? q.offset : 0);
		low = (unsigned long)q.end;
		i++;
	}
	close(fd);
	if (i != count)
		same = 0;
	for (i = 0; !same && i < count; i++)
		SAY("# expected %lx-%lx %s %08lx\n", wanted[i].start, wanted[i].end,
		    wanted[i].permissions, wanted[i].offset);
	return same;
}

/* Whether PROCMAP_QUERY is there. */
MAYBE_UNUSED static int can_look(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);
	struct area_query q;
	long result;

	memset(&q, 0, sizeof(q));
	q.size = sizeof(q);
	q.flags = 0x10;
	result = call(SYS_ioctl, (unsigned long)fd, 0xc0686611, (unsigned long)&q, 0, 0, 0);
	close(fd);
	return result == 0;
}
