/*
 * madvise(MADV_GUARD_INSTALL) of a page of a file that a userfaultfd has write-protected.
 *
 * cc -Wall guard-over-a-mark.c -o reproducer && ./reproducer
 * Exit status: 0 the call comes back, 1 it does not within ten seconds of CPU time, 3 cannot run here.
 *
 * Measured on 6.18.44, x86-64, and on Debian's 6.16.12, 6.18.15, 7.0.13 and 7.3.4: the call finds that
 * the place is not empty and empties it, which leaves the mark where it is (markers of what is not
 * anonymous outlive a zap), and restarts itself for ever. Of private anonymous memory it comes back.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define GUARD_INSTALL 102
#define PAGE 0x1000ul

/* 0: it comes back; 1: it does not; 3: what it needs is not there. */
static int install_over_a_mark(int is_file) {
  int memfd = memfd_create("reproducer", MFD_CLOEXEC);
  if (memfd < 0 || ftruncate(memfd, PAGE) != 0) return perror("memfd_create"), 3;
  void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | (is_file ? 0 : MAP_ANONYMOUS),
                    is_file ? memfd : -1, 0);
  int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
  struct uffdio_api api = {.api = UFFD_API};
  struct uffdio_register watch = {.range = {(unsigned long)page, PAGE},
                                  .mode = UFFDIO_REGISTER_MODE_WP};
  struct uffdio_writeprotect mark = {.range = {(unsigned long)page, PAGE},
                                     .mode = UFFDIO_WRITEPROTECT_MODE_WP};
  if (page == MAP_FAILED || uffd < 0 || ioctl(uffd, UFFDIO_API, &api) != 0 ||
      ioctl(uffd, UFFDIO_REGISTER, &watch) != 0 || ioctl(uffd, UFFDIO_WRITEPROTECT, &mark) != 0)
    return perror("userfaultfd"), 3;
  pid_t child = fork(); /* has no userfaultfd and no mark: only to see that the advice is known */
  if (child == 0) _exit(madvise(page, PAGE, GUARD_INSTALL) != 0);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fprintf(stderr, "this kernel does not install guards there\n"), 3;
  struct rlimit limit = {10, 10};
  setrlimit(RLIMIT_CPU, &limit);
  return madvise(page, PAGE, GUARD_INSTALL) != 0 ? (perror("MADV_GUARD_INSTALL"), 3) : 0;
}

static int in_a_process(int is_file) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) _exit(install_over_a_mark(is_file));
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(void) {
  int anonymous = in_a_process(0);
  int file = anonymous == 3 ? 3 : in_a_process(1);
  if (file == 3) return 3;
  printf("of anonymous memory: %s\n", anonymous ? "does not come back" : "comes back");
  printf("of a file's: %s\n", file ? "does not come back" : "comes back");
  return file;
}
