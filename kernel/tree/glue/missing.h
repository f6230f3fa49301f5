// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: what the tree's code names and neither it nor the glue has. A function that is
// called all the same ends the run with its name; other memory cannot be looked at.
void glue_missing(const char* name) __attribute__((noreturn, cold));
#define MISSING_FUNCTION(name)                                                         \
  void glue_missing_##name(void) __asm__(#name) __attribute__((visibility("hidden"))); \
  void glue_missing_##name(void) { glue_missing(#name); }

// A page each: glue/calls.c takes the right to read them away.
#define MISSING_OBJECT(name)                                                                  \
  extern char glue_missing_##name[4096] __asm__(#name) __attribute__((visibility("hidden"))); \
  char glue_missing_##name[4096] __attribute__((section("vmadiff_missing"), aligned(4096)));
