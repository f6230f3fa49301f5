/* --- layouts ---------------------------------------------------------------------------------- */

struct found {
  u64 start, end;
  char text[384];
  int hides_name; /* [heap] and [stack] stand in the place of a name */
};
static struct found* found;
static int found_count, found_room;

static void* grown(void* old, size_t size) {
  void* bigger = realloc(old, size);
  if (!bigger) cannot("no memory is left");
  return bigger;
}

/* Which System V segment: its inode is its number. Negative where it is none. */
static int segment_of(const char* inode, const char* path) {
  const char* number = strchr(inode, ' ');
  if (strncmp(path, "/SYSV", 5) != 0) return -1;
  for (int i = 0; i < SEGMENTS; ++i) {
    if (segments[i] >= 0 && number && atoi(number + 1) == segments[i]) return i;
  }
  return -1;
}

/* What is mapped, by a name that does not depend on the machine. */
static void backing_of(const char* inode, const char* path, char* name, size_t size) {
  if (strcmp(inode, "00:00 0") == 0) {
    snprintf(name, size, "anon");
    return;
  }
  for (const struct file* f = files; f->kind != NO_FILE; ++f) {
    if (strcmp(inode, f->inode) != 0 || strncmp(path, "/SYSV", 5) == 0) continue;
    snprintf(name, size, "%s", f->name);
    return;
  }
  if (strcmp(path, "/dev/zero (deleted)") == 0 || strncmp(path, "[anon_shmem:", 12) == 0)
    snprintf(name, size, "anon-shared");
  else if (strcmp(path, "/anon_hugepage (deleted)") == 0)
    snprintf(name, size, "anon-hugetlb");
  else if (segment_of(inode, path) >= 0)
    snprintf(name, size, "sysv:%d", segment_of(inode, path));
  else
    snprintf(name, size, "other");
}

/* "rd wr mr", of the codes that a smaps line has, those that are known. */
static void known_flags(const char* line, char* flags, size_t size) {
  size_t used = 0;
  int is_device = strstr(line, " pf") != NULL, is_locked = strstr(line, " lo") != NULL;
  flags[0] = 0;
  for (const char* code = line; code[0] && code[0] != '\n' && code[1];
       code += code[2] == ' ' ? 3 : 2) {
    char shown[3];
    memcpy(shown, code, 2);
    shown[2] = 0;
    if (strcmp(shown, "??") == 0 && is_locked) memcpy(shown, "lf", 3); /* 6.1 has no code for it */
    if (!strstr(options.known_codes, shown)) continue;
    if (options.ignores_mergeable && strcmp(shown, "mg") == 0) continue;
    if (is_device && strcmp(shown, "ar") == 0)
      continue; /* up to 6.16: its memory type is tracked */
    if (used + 4 > size) break;
    used += (size_t)snprintf(flags + used, size - used, "%s%s", used ? " " : "", shown);
  }
}

/* " [anon:NAME]", or nothing. */
static const char* name_of(const char* path, char* name, size_t size) {
  int is_name = strncmp(path, "[anon:", 6) == 0 || strncmp(path, "[anon_shmem:", 12) == 0;
  snprintf(name, size, "%s%s", is_name ? " " : "", is_name ? path : "");
  return name;
}

static int is_own(u64 start) {
  if (start >= WINDOW && start < WINDOW + WINDOW_SIZE) return 1;
  if (start >= PROGRAM && start < PROGRAM + 2 * SEGMENT) return 1;
  for (int i = 0; i < kept_count; ++i) {
    if (start >= kept[i].start && start < kept[i].end) return 1;
  }
  return start >= 0x7ffffffff000;
}

/* Reads the layout of the process into found. */
static void look(int process) {
  char path[64], line[1024], device[16] = "", number[32] = "", name[64], flags[160], inode[64],
                             permissions[8] = "";
  char mapped[256] = "", vma_name[260];
  u64 start = 0, end = 0, offset = 0;
  int key = 0; /* of machines with protection keys */
  FILE* smaps;
  snprintf(path, sizeof path, "/proc/%d/smaps", (int)processes[process].pid);
  smaps = fopen(path, "r");
  if (!smaps) cannot("%s: %s", path, strerror(errno));
  found_count = 0;
  while (fgets(line, sizeof line, smaps)) {
    u64 s, e, o;
    int at = 0;
    if (sscanf(line, "ProtectionKey: %d", &key) == 1) continue;
    if (strncmp(line, "VmFlags: ", 9) != 0) {
      char p[8], d[16], n[32];
      if (sscanf(line, "%lx-%lx %7s %lx %15s %31s %n", &s, &e, p, &o, d, n, &at) != 6) continue;
      start = s, end = e, offset = o, key = 0;
      memcpy(permissions, p, sizeof p);
      memcpy(device, d, sizeof d);
      memcpy(number, n, sizeof n);
      snprintf(mapped, sizeof mapped, "%.*s", (int)strcspn(line + at, "\n"), line + at);
      continue;
    }
    if (is_own(start)) continue;
    snprintf(inode, sizeof inode, "%s %s", device, number);
    backing_of(inode, mapped, name, sizeof name);
    known_flags(line + 9, flags, sizeof flags);
    if (key != 0) snprintf(flags + strlen(flags), sizeof flags - strlen(flags), " key=%d", key);
    if (found_count == found_room) {
      found_room = found_room ? 2 * found_room : 64;
      found = grown(found, (size_t)found_room * sizeof *found);
    }
    found[found_count].start = start;
    found[found_count].end = end;
    found[found_count].hides_name = strcmp(mapped, "[heap]") == 0 || strcmp(mapped, "[stack]") == 0;
    snprintf(found[found_count++].text, sizeof found->text, "%s %08lx %s [%s]%s", permissions,
             offset, name, flags, name_of(mapped, vma_name, sizeof vma_name));
  }
  fclose(smaps);
}

static int is_as_wanted(const struct vma* want, const struct found* is) {
  size_t size = strlen(is->text);
  if (want->start != is->start || want->end != is->end) return 0;
  if (strcmp(want->text, is->text) == 0) return 1;
  return is->hides_name && strncmp(want->text, is->text, size) == 0 &&
         strncmp(want->text + size, " [anon:", 7) == 0;
}

/* Holds found against the expected layout, and shows both where they differ. */
static int differs(int first, int count) {
  int same = count == found_count;
  for (int i = 0; same && i < count; ++i) same = is_as_wanted(&vmas[first + i], &found[i]);
  return !same;
}

static void show_layouts(int first, int count, const char* indent) {
  for (int i = 0, j = 0; i < count || j < found_count;) {
    const struct vma* want = i < count ? &vmas[first + i] : NULL;
    const struct found* is = j < found_count ? &found[j] : NULL;
    int takes_want = want && (!is || want->start <= is->start),
        takes_is = is && (!want || is->start <= want->start);
    if (takes_want && takes_is && is_as_wanted(want, is)) {
      printf("%s  %08lx-%08lx %s\n", indent, is->start, is->end, is->text);
    } else {
      if (takes_is)
        printf("%s! %08lx-%08lx %s   <-- actual\n", indent, is->start, is->end, is->text);
      if (takes_want)
        printf("%s! %08lx-%08lx %s   <-- expected\n", indent, want->start, want->end, want->text);
    }
    i += takes_want;
    j += takes_is;
  }
}

/* --- what is left of a process at the end -------------------------------------------------------
 */

/* In kB, of /proc/PID/status; exec is of two lines. */
static void counters_of(int process, long values[5]) {
  static const char* const labels[] = {
      "VmSize:", "VmLck:", "VmData:", "VmStk:", "VmExe:", "VmLib:"};
  char path[64], line[256];
  FILE* status;
  snprintf(path, sizeof path, "/proc/%d/status", (int)processes[process].pid);
  status = fopen(path, "r");
  memset(values, 0, 5 * sizeof *values);
  if (!status) cannot("%s: %s", path, strerror(errno));
  while (fgets(line, sizeof line, status)) {
    for (int i = 0; i < 6; ++i) {
      if (strncmp(line, labels[i], strlen(labels[i])) == 0)
        values[i < 4 ? i : 4] += strtol(line + strlen(labels[i]), NULL, 10);
    }
  }
  fclose(status);
}

static int is_as_expected(int process, const char* what, u64 actual, u64 wanted) {
  if (actual == wanted) return 1;
  printf("! process %d: %s is %#lx   <-- expected %#lx\n", process, what, actual, wanted);
  return 0;
}

static int end_differs(const struct end* e, const long before[5]) {
  static const char* const names[] = {"VmSize (kB, less at the beginning)", "VmLck", "VmData",
                                      "VmStk", "VmExe and VmLib"};
  const long wanted[] = {e->size, e->locked, e->data, e->stack, e->exec};
  long now[5];
  int same = 1;
  if (processes[e->process].pid == 0) {
    printf("! process %d is gone\n", e->process);
    return 1;
  }
  look(e->process);
  printf("\nmaps of process %d\n", e->process);
  same = !differs(e->first_vma, e->vma_count);
  show_layouts(e->first_vma, e->vma_count, "");
  counters_of(e->process, now);
  for (int i = 0; i < 5; ++i)
    same &= is_as_expected(e->process, names[i], (u64)(now[i] - before[i]), (u64)wanted[i]);
  same &=
      is_as_expected(e->process, "the break", ask(e->process, SYS_brk, 0, 0, 0, 0, 0, 0), e->brk);
  if (!options.ignores_mergeable) {
    /* An error, of a kernel without KSM, is no flag. */
    same &= is_as_expected(e->process, "PR_GET_MEMORY_MERGE",
                           ask(e->process, SYS_prctl, 68, 0, 0, 0, 0, 0) == 1, (u64)e->merges);
  }
  return !same;
}

static int is_filtered(void) {
  char line[256];
  int mode = 0;
  FILE* status = fopen("/proc/self/status", "r");
  while (status && fgets(line, sizeof line, status)) sscanf(line, "Seccomp: %d", &mode);
  if (status) fclose(status);
  return mode != 0;
}

static void print_value(u64 value, int error) {
  if (error != 0)
    printf("-1 %s", error_name(error));
  else
    printf(value < 10 ? "%lu" : "0x%lx", value);
}

/* Runs a step and holds it against what is expected. */
static int step_differs(const struct step* s, int may_show_layout) {
  int error, same = 1, was_there = processes[s->process].pid != 0;
  u64 value = run(s, &error);
  if (s->process != 0) printf("[pid %d] ", s->process);
  printf("%s", s->text);
  if (error == ESRCH && !(s->result == FAILS && s->value == ESRCH)) {
    printf("   <-- %s\n", was_there ? "the process died of it, or hangs" : "its process is gone");
    return 1;
  }
  printf(" = ");
  print_value(value, error);
  if (s->result == IS) same = error == 0 && value == s->value;
  if (s->result == FAILS) same = error == (int)s->value;
  if (!same) {
    printf("   <-- expected ");
    print_value(s->value, s->result == IS ? 0 : (int)s->value);
  }
  printf("\n");
  if (!same && (error == EPERM || error == EACCES || error == ENOSYS) && is_filtered()) {
    cannot("a seccomp policy may have answered this call in the kernel's place");
  }
  if (s->vma_count < 0) return !same;
  look(s->process);
  if (!differs(s->first_vma, s->vma_count)) return !same;
  if (may_show_layout)
    show_layouts(s->first_vma, s->vma_count, "    ");
  else
    printf("!   the layout is not as expected here either\n");
  return 1;
}
