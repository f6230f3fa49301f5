/*
 * A part of moved memory that was wiped at a fork (MADV_WIPEONFORK) is unmapped in the child.
 *
 * cc -Wall -static wiped-memory-keeps-a-moved-offset.c -o reproducer && ./reproducer   (in a virtual
 * machine: vmadiff kernels run --kernel built-linux-7.3-debug reproducer)
 * Exit status: 0 the calls succeed, 3 cannot run here. What is wrong the kernel says on its console.
 *
 * Measured on 7.3.4 with CONFIG_DEBUG_VM, x86-64: "WARNING: at __split_vma". The child's VMA has no
 * anon_vma, and the page offset with which its parent mapped it elsewhere, where the kernel asserts
 * that private memory that was never faulted in has the page offset of its address.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 0x1000ul

int main(void) {
  char *memory =
      mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *room = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || room == MAP_FAILED) return perror("mmap"), 3;
  if (madvise(memory, 2 * PAGE, MADV_WIPEONFORK) != 0) return perror("MADV_WIPEONFORK"), 3;
  memset(memory, 1, 2 * PAGE);
  memory = mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room + 8 * PAGE);
  if (memory == MAP_FAILED) return perror("mremap"), 3;
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) return perror("fork"), 3;
  if (child == 0) _exit(munmap(memory, PAGE) != 0);
  int status = 0;
  waitpid(child, &status, 0);
  printf("munmap in the child: %s\n", status == 0 ? "ok; see the console" : "failed");
  return status == 0 ? 0 : 3;
}
