/*
 * HugePages_Rsvd after a part of a private mapping of huge pages was moved and everything was unmapped.
 * Needs two free pages in the pool (sysctl vm.nr_hugepages=2), of which one is lost until the next boot.
 *
 * cc -Wall hugetlb-move-forgets-reservations.c -o reproducer && ./reproducer
 * Exit status: 0 nothing stays reserved, 1 something does, 3 cannot run here.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static long reserved_pages(void) {
  char line[256];
  long value = -1;
  FILE *meminfo = fopen("/proc/meminfo", "r");
  while (meminfo && fgets(line, sizeof line, meminfo)) {
    if (strncmp(line, "HugePages_Rsvd:", 15) == 0) sscanf(line + 15, "%ld", &value);
  }
  if (meminfo) fclose(meminfo);
  return value;
}

int main(void) {
  const size_t huge = 2ul << 20;
  const long before = reserved_pages();
  char *from = mmap(NULL, 2 * huge, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
  char *room = mmap(NULL, 2 * huge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (from == MAP_FAILED || room == MAP_FAILED) {
    perror("mmap");
    return 3;
  }
  char *to = (char *)(((unsigned long)room + huge - 1) & ~(huge - 1));
  if (mremap(from, huge, huge, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED) {
    perror("mremap");
    return 3;
  }
  munmap(to, huge);
  munmap(from + huge, huge);
  printf("HugePages_Rsvd: %ld before, %ld when all is unmapped\n", before, reserved_pages());
  return reserved_pages() != before;
}
