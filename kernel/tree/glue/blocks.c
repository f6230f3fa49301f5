// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: which blocks of the tree's code are run, counted where a fuzzer looks. The glue's
// own files are compiled without.
#include "kernel/tree/glue/glue.h"

#ifdef VMADIFF_COUNTS_BLOCKS
static unsigned char* counters;
static unsigned int shift = 64;

void glue_count_blocks(unsigned char* where, unsigned int size_bits) {
  counters = where;
  shift = 64 - size_bits;
}

// At the beginning of each block. It is known by its place in the object, which is the same
// wherever that is loaded; two in a thousand share a counter, and that does no harm.
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) {
  const unsigned long long golden = 0x9e3779b97f4a7c15ull;
  const unsigned long long block = (unsigned long long)__builtin_return_address(0) -
                                   (unsigned long long)&__sanitizer_cov_trace_pc;
  unsigned char* counter;
  if (counters == NULL) return;
  counter = &counters[(block * golden) >> shift];
  if (*counter != 255) ++*counter;
}
#else
void glue_count_blocks(unsigned char* where, unsigned int size_bits) {}
#endif
