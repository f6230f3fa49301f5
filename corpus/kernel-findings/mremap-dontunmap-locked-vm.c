/*
 * VmLck after a locked page was moved with MREMAP_DONTUNMAP and everything was unmapped.
 *
 * cc -Wall mremap-dontunmap-locked-vm.c -o reproducer && ./reproducer
 * Exit status: 0 VmLck is back where it began, 1 it is not, 3 cannot run here.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static long locked_kib(void) {
  char line[256];
  long value = -1;
  FILE *status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) {
    if (strncmp(line, "VmLck:", 6) == 0) sscanf(line + 6, "%ld", &value);
  }
  if (status) fclose(status);
  return value;
}

int main(void) {
  const size_t page = 4096;
  long before = locked_kib();
  char *from = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (from == MAP_FAILED || mlock(from, page) != 0) {
    perror("mmap, mlock");
    return 3;
  }
  char *to = mremap(from, page, page, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
  if (to == MAP_FAILED) {
    perror("mremap");
    return 3;
  }
  munmap(from, page);
  munmap(to, page);
  printf("VmLck: %ld kB before, %ld kB when all is unmapped\n", before, locked_kib());
  return locked_kib() != before;
}
