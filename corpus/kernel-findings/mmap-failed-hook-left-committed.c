/*
 * Committed_AS after mmap calls that the file's own hook refuses: over charged memory, and over nothing. The
 * hook of a file on ext4, xfs or btrfs without DAX refuses MAP_SYNC.
 *
 * cc -Wall mmap-failed-hook-left-committed.c -o reproducer && ./reproducer
 * Exit status: 0 Committed_AS is about where it began, 1 it is not, 3 cannot run here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif

static const size_t kMib = 1 << 20;
static const int kCalls = 100;

static long committed_kib(void) {
  char line[256];
  long value = -1;
  FILE *info = fopen("/proc/meminfo", "r");
  while (info && fgets(line, sizeof line, info)) {
    if (strncmp(line, "Committed_AS:", 13) == 0) sscanf(line + 13, "%ld", &value);
  }
  if (info) fclose(info);
  return value;
}

static long leaked_by(int file, int over_charged_memory) {
  char *const at = (char *)0x100000000000;
  long before = committed_kib();
  for (int i = 0; i < kCalls; ++i) {
    if (over_charged_memory &&
        mmap(at, 16 * kMib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != at)
      return -1;
    if (mmap(at, 16 * kMib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_SYNC, file, 0) != MAP_FAILED ||
        errno != EOPNOTSUPP)
      return -1;
    munmap(at, 16 * kMib);
  }
  return committed_kib() - before;
}

int main(void) {
  int file = open("/var/tmp", O_TMPFILE | O_RDWR, 0600);
  long over_memory = file < 0 ? -1 : leaked_by(file, 1);
  long over_nothing = file < 0 ? -1 : leaked_by(file, 0);
  const long all = 100 * 16 * 1024;
  if (file < 0 || over_memory == -1 || over_nothing == -1) {
    perror("O_TMPFILE, mmap");
    return 3;
  }
  printf("Committed_AS: %ld kB higher after %d calls over 16 MiB each, %ld kB after as many over nothing\n",
         over_memory, kCalls, over_nothing);
  return over_memory > all / 2 || over_nothing > all / 2;
}
