/*
 * Committed_AS after mremap(MREMAP_FIXED) calls that shrink a mapping, when all is unmapped again.
 *
 * cc -Wall mremap-shrink-committed-as.c -o reproducer && ./reproducer
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
  const size_t mib = 1 << 20;
  const int calls = 100;
  long before = committed_kib();
  for (int i = 0; i < calls; ++i) {
    char *from = mmap(NULL, 64 * mib, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *to = mmap(NULL, mib, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (from == MAP_FAILED || to == MAP_FAILED ||
        mremap(from, 64 * mib, mib, MREMAP_MAYMOVE | MREMAP_FIXED, to) != to) {
      perror("mmap, mremap");
      return 3;
    }
    munmap(to, mib);
  }
  long leaked = committed_kib() - before;
  printf("Committed_AS: %ld kB higher after %d calls that each cut 64512 kB off\n", leaked, calls);
  return leaked > 64512L * calls / 2;
}
