/*
 * Committed_AS after stacks that were mapped with MAP_NORESERVE have grown, and are unmapped again.
 *
 * cc -Wall stack-growth-left-committed.c -o reproducer && ./reproducer
 * Exit status: 0 Committed_AS is about where it began, 1 it is not, 3 cannot run here.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

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

int main(void) {
  char *const top = (char *)0x100000800000;
  const size_t page = 4096, grown = 1000;
  const int stacks = 100;
  long before = committed_kib();
  for (int i = 0; i < stacks; ++i) {
    if (mmap(top, page, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE | MAP_GROWSDOWN, -1, 0) != top) {
      perror("mmap");
      return 3;
    }
    *(volatile char *)(top - grown * page) = 1;
    munmap(top - grown * page, (grown + 1) * page);
  }
  long leaked = committed_kib() - before;
  printf("Committed_AS: %ld kB higher after %d stacks that grew by %zu kB each\n", leaked, stacks, 4 * grown);
  return leaked > (long)(4 * grown) * stacks / 2;
}
