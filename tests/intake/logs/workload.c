/* tests of intake: what the logs beside this are of. Two threads, a child that forks no more, one that runs another
 * program, files of several classes, and each memory call that a program makes often. See make-logs. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void *thread(void *unused) {
  char *at = mmap(NULL, 0x3000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  at[0] = 1;
  munmap(at + 0x1000, 0x1000);
  usleep(1000);
  munmap(at, 0x3000);
  return unused;
}

int main(void) {
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, thread, NULL);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);

  int memfd = memfd_create("name, with (signs)", MFD_CLOEXEC);
  ftruncate(memfd, 0x4000);
  int twice = dup(memfd);
  char *shared = mmap(NULL, 0x4000, PROT_READ | PROT_WRITE, MAP_SHARED, twice, 0);
  close(twice);
  shared[0] = 1;
  int file = open("/etc/services", O_RDONLY | O_CLOEXEC);
  char *text = mmap(NULL, 0x2000, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  int zero = open("/dev/zero", O_RDWR);
  char *zeros = mmap(NULL, 0x2000, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
  mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE, 99, 0);

  char *area = mmap(NULL, 0x10000, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  mprotect(area + 0x4000, 0x4000, PROT_READ | PROT_WRITE);
  area[0x4000] = 1;
  mmap(area + 0x8000, 0x1000, PROT_READ, MAP_SHARED | MAP_FIXED, memfd, 0x1000);
  madvise(area + 0x4000, 0x2000, MADV_DONTFORK);
  mremap(area + 0x4000, 0x1000, 0x8000, MREMAP_MAYMOVE);
  mlock(zeros, 0x1000);
  munlock(zeros, 0x1000);
  sbrk(0x21000);
  struct rlimit limit = {1L << 40, RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &limit);

  if (fork() == 0) {
    munmap(text, 0x2000);
    munmap(area, 0x2000);
    _exit(3);
  }
  wait(NULL);
  if (vfork() == 0) {
    execl("/bin/true", "true", (char *)NULL);
    _exit(4);
  }
  wait(NULL);
  return 0;
}
