/*
 * mmap without an address gives ENOMEM although there is room, once the search from the top has come down to a
 * stack (MAP_GROWSDOWN) that lies less than its guard gap above address 0.
 *
 * cc -Wall -static search-below-a-low-stack.c -o reproducer && ./reproducer
 * Exit status: 0 all room was found, 1 there is room that mmap does not find, 3 cannot run here.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define WANTED (2 * PAGE)

static char maps[1 << 20];

/* Maps all that mmap finds, from large to small. */
static void fill(void) {
  for (size_t size = (size_t)1 << 46; size >= WANTED; size /= 2) {
    while (mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED) {
    }
  }
}

/* A place above `low`, away from stacks, at which WANTED bytes can be mapped; 0 if there is none. */
static unsigned long room_above(unsigned long low) {
  int file = open("/proc/self/maps", O_RDONLY);
  size_t length = 0;
  ssize_t got;
  while ((got = read(file, maps + length, sizeof maps - 1 - length)) > 0) length += (size_t)got;
  close(file);
  maps[length] = 0;
  unsigned long end = 0;
  for (char *line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
    unsigned long start = 0, stop = 0;
    sscanf(line, "%lx-%lx", &start, &stop);
    if (end > low && start >= end + WANTED && !strstr(line, "[stack]") && start < 1UL << 47) {
      void *at = mmap((void *)end, WANTED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
      if (at == (void *)end) return end;
    }
    end = stop;
  }
  return 0;
}

/* Room that is left when mmap finds no more, with or without a stack near address 0. */
static int left_over(int with_stack) {
  pid_t child = fork();
  if (child == 0) {
    if (with_stack && mmap((void *)0x13000, WANTED, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0) == MAP_FAILED) {
      _exit(3);
    }
    fill();
    unsigned long at = room_above(1UL << 46);
    if (at) printf("%s a low stack: mmap finds nothing, but %#lx is free\n", with_stack ? "with" : "without", at);
    fflush(stdout);
    _exit(at ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

int main(void) {
  int without = left_over(0), with = left_over(1);
  if (without || with == 3) return printf("cannot run here\n"), 3;
  if (!with) printf("all room was found\n");
  return with;
}
