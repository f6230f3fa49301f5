/* --- the machine --------------------------------------------------------------------------------
 */

static u64 number_in(const char* path) {
  FILE* in = fopen(path, "r");
  u64 value = 0;
  if (!in || fscanf(in, "%lu", &value) != 1) cannot("%s cannot be read", path);
  fclose(in);
  return value;
}

static u64 map_at(u64 address, u64 length, u64 protection, u64 flags) {
  return ask(0, SYS_mmap, address, length, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, ~0ul,
             0);
}

/* Whether a file of the kind cannot be mapped executable, as on what is mounted noexec. */
static u64 is_noexec(enum file_kind one, enum file_kind other) {
  for (int i = 0; files[i].kind != NO_FILE; ++i) {
    if (files[i].kind != one && files[i].kind != other) continue;
    return ask(0, SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, (u64)(FIRST_FILE + i),
               0) == (u64)-EPERM;
  }
  return 0;
}

static u64 memory_nodes(void) {
  u64 nodes = 0;
  for (int node = 0; node < 16; ++node) {
    u64 result;
    window->room[0] = 1ul << node;
    result = ask(0, SYS_set_mempolicy, 2 /* MPOL_BIND */, room_address(0), 65, 0, 0, 0);
    if (result == (u64)-ENOSYS) return 0;
    if (result == 0) nodes |= 1ul << node;
  }
  return nodes;
}

static u64 maps_zero_page(void) {
  const u64 place = 0x100000000000;
  char path[64], line[512];
  int is_there = 0;
  long kilobytes = 0;
  FILE* smaps;
  map_at(place, 4096, PROT_READ | PROT_WRITE, MAP_FIXED);
  ask(0, TOUCH_READ, place, 1, 0, 0, 0, 0);
  snprintf(path, sizeof path, "/proc/%d/smaps", (int)processes[0].pid);
  smaps = fopen(path, "r");
  while (smaps && fgets(line, sizeof line, smaps)) {
    u64 start;
    if (sscanf(line, "%lx-", &start) == 1 && strchr(line, '-')) is_there = start == place;
    if (is_there) sscanf(line, "Anonymous: %ld", &kilobytes);
  }
  if (smaps) fclose(smaps);
  return kilobytes == 0;
}

/* Whether a stack grows to so many pages above another mapping. */
static int grows_to(u64 gap) {
  const u64 place = 0x100000000000, top = place + (1 + gap) * 4096;
  ask(0, SYS_munmap, place, 0x10000000000, 0, 0, 0, 0);
  map_at(place, 4096, PROT_READ | PROT_WRITE, MAP_FIXED);
  map_at(top + 4096, 4096, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_GROWSDOWN);
  return ask(0, TOUCH_WRITE, top, 1, 0, 0, 0, 0) == 0;
}

static u64 ksm(u64 on) { return ask(0, SYS_prctl, 67 /* PR_SET_MEMORY_MERGE */, on, 0, 0, 0, 0); }

#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/"

/* What the machine has of it: as wanted, or something else. */
static u64 measured(const struct need* n) {
  u64 at;
  switch (n->trait) {
    case HAS_KSM:
      return !is_error(ask(0, SYS_prctl, 68 /* PR_GET_MEMORY_MERGE */, 0, 0, 0, 0, 0));
    case ALLOWS_KSM:
      return ksm(1) == 0 && ksm(0) == 0;
    case MAX_MAP_COUNT:
      return number_in("/proc/sys/vm/max_map_count");
    case MMAP_MIN_ADDR:
      return number_in("/proc/sys/vm/mmap_min_addr");
    case PLACEMENT_MIN_ADDR:
      at = map_at(4096, 4096, PROT_NONE, 0);
      return at == 4096 && n->value == 0 ? 0 : at;
    case NR_HUGEPAGES:
      at = number_in(POOL "nr_hugepages");
      return number_in(POOL "free_hugepages") == at ? at : ~n->value;
    case NR_OVERCOMMIT_HUGEPAGES:
      return number_in(POOL "nr_overcommit_hugepages");
    case STACK_GUARD_GAP:
      return grows_to(n->value) && (n->value == 0 || !grows_to(n->value - 1)) ? n->value
                                                                              : ~n->value;
    case ZERO_PAGE:
      return maps_zero_page();
    case DEVICE_NOEXEC:
      return is_noexec(ZERO, ZERO);
    case FILE_NOEXEC:
      return is_noexec(REGULAR, READ_ONLY);
    case MEMLOCK_LIMIT:
      ask(0, SYS_prlimit64, 0, RLIMIT_MEMLOCK, 0, room_address(0), 0, 0);
      return window->room[0];
    case NODES:
      return memory_nodes();
    case USERFAULTFD:
      return open_userfaultfd(0, 0, 0) != (u64)-ENOSYS;
    case UFFD_EVENT_FORK:
      return open_userfaultfd(0, 0, UFFD_EVENT_FORK_BIT) != (u64)-EPERM;
    case UFFD_KERNEL_FAULTS:
      return expect_faults(0, 0) == 0;
    case VMA_NAMES:
      return name_memory(0, 0, 0, 0, NULL) == 0;
    case PROTECTION_KEYS:
      return !is_error(ask(0, SYS_pkey_alloc, 0, 0, 0, 0, 0, 0));
    case MMAP_BASE:
      return map_at(0, 4096, PROT_NONE, 0) + 4096;
    case GIVES_PAGES:
      return is_error(map_at(0, n->value * 4096, PROT_READ | PROT_WRITE, 0)) ? 0 : n->value;
    case REFUSES_PAGES:
      return is_error(map_at(0, n->value * 4096, PROT_READ | PROT_WRITE, 0)) ? n->value : 0;
    case OTHER_MEMORY:
      return 0;
    case NO_TRAIT:
      break;
  }
  return n->value;
}

/* The expected results are those of a machine like this, or nothing can be said. */
static void look_at_machine(void) {
  for (const struct need* n = needs; n->trait != NO_TRAIT; ++n) {
    u64 value;
    begin();
    value = measured(n);
    end_all();
    if (value != n->value) cannot("%s (here it is %#lx)", n->text, value);
  }
}

/* --- what stays committed -----------------------------------------------------------------------
 */

static long committed(void) {
  char line[256];
  long value = -1;
  FILE* in = fopen("/proc/meminfo", "r");
  while (in && fgets(line, sizeof line, in)) sscanf(line, "Committed_AS: %ld", &value);
  if (in) fclose(in);
  if (value < 0) cannot("/proc/meminfo does not say Committed_AS");
  return value;
}

static int compare_longs(const void* a, const void* b) {
  const long x = *(const long*)a, y = *(const long*)b;
  return (x > y) - (x < y);
}

/* The calls, made by many processes one after the other, and what is left of each. Others commit
   memory meanwhile, and give it back: what three of four agree in is not theirs. */
static int leaves_something(void) {
  enum { TIMES = 100 };
  long left[TIMES];
  for (int i = 0; i < TIMES; ++i) {
    const long before = committed();
    int error;
    begin();
    for (const struct step* s = steps; s->text; ++s) run(s, &error);
    end_all();
    left[i] = committed() - before;
  }
  qsort(left, TIMES, sizeof *left, compare_longs);
  printf("\nCommitted_AS after these calls, less before: %ld to %ld kB in half of %d times\n",
         left[TIMES / 4], left[3 * TIMES / 4], TIMES);
  if (left[TIMES / 4] > 0 || left[3 * TIMES / 4] < 0) return 1;
  if (left[TIMES / 4] != 0 || left[3 * TIMES / 4] != 0) {
    cannot("others commit and free so much memory that nothing can be said");
  }
  return 0;
}

int main(void) {
  long before[5];
  int different = 0, shown = 0;
  setvbuf(stdout, NULL, _IOLBF, 4096);
  make_window();
  write_program();
  open_files();
  window_fd = fcntl(window_fd, F_DUPFD_CLOEXEC, FIRST_OWN);
  program_fd = fcntl(program_fd, F_DUPFD_CLOEXEC, FIRST_OWN);
  if (window_fd < 0 || program_fd < 0) cannot("allow more open files: ulimit -n 1024");
  look_at_machine();
  begin();
  counters_of(0, before);
  for (const struct step* s = steps; s->text; ++s) {
    int differs_here = step_differs(s, !shown);
    shown |= differs_here;
    different |= differs_here;
  }
  for (const struct end* e = ends; e->process >= 0; ++e) different |= end_differs(e, before);
  end_all();
  if (options.looks_at_committed) different = leaves_something() != options.leaves_something;
  printf("\n%s\n", different ? options.differed : options.held);
  return different;
}
