/*
 * fork() of a process that has written to the first page of a private mapping of a driver's memory
 * (VM_PFNMAP, mapped by remap_pfn_range; here /dev/mem, the first page of the machine).
 *
 * cc -Wall -static fork-written-pfn-mapping.c -o reproducer && ./reproducer   (as root, in a virtual
 * machine: vmadiff kernels run --kernel debian-6.12 reproducer)
 * Exit status: 0 the fork succeeds, 1 it fails, 3 cannot run here.
 *
 * Measured on Debian's 6.12.117, x86-64: fork fails with ENOMEM for good, since the memory type of
 * the mapping (VM_PAT) is looked up by its first page table entry, which the write has replaced with
 * a page of the process's own (get_pat_info, arch/x86/mm/pat/memtype.c). Without the write, or with
 * one to another page, it succeeds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* 0, or the errno of a fork behind a write to the page of that number (-1: none). */
static int fork_after_write(int file, int page) {
  char *memory = mmap(NULL, 0x2000, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  if (memory == MAP_FAILED) return -1;
  if (page >= 0) *(volatile char *)(memory + page * 0x1000) = 1;
  pid_t child = fork();
  int error = child < 0 ? errno : 0;
  if (child == 0) _exit(0);
  if (child > 0) waitpid(child, NULL, 0);
  munmap(memory, 0x2000);
  return error;
}

int main(void) {
  mknod("/tmp/vmadiff-mem", S_IFCHR | 0600, makedev(1, 1));
  int file = open("/tmp/vmadiff-mem", O_RDWR);
  if (file < 0) file = open("/dev/mem", O_RDWR);
  unlink("/tmp/vmadiff-mem");
  if (file < 0) return perror("/dev/mem"), 3;
  int none = fork_after_write(file, -1);
  int second = fork_after_write(file, 1);
  int first = fork_after_write(file, 0);
  if (none < 0) return perror("mmap of /dev/mem"), 3;
  printf("fork without a write: %s\n", none ? strerror(none) : "ok");
  printf("fork after a write to the second page: %s\n", second ? strerror(second) : "ok");
  printf("fork after a write to the first page: %s\n", first ? strerror(first) : "ok");
  return first != 0;
}
