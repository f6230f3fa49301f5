// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: read before every file of the tree: what its headers do with machine instructions
// that a process may not have, or that cannot be compiled for a shared object, is done plainly.
#include <asm/page_types.h>
// Up to 6.x a call that is patched at boot, which no shared object can have.
#define clear_page vmadiff_tree_clear_page
#include <asm/page_64.h>
#undef clear_page
static inline void clear_page(void* page) { __builtin_memset(page, 0, 1ul << 12); }
// The register of protection keys is a process's own, as the instructions for it are not to be had.
#include <asm/special_insns.h>
#include <linux/types.h>
u32 glue_read_pkru(void);
void glue_write_pkru(u32 pkru);
#define rdpkru() glue_read_pkru()
#define wrpkru(pkru) glue_write_pkru(pkru)

#include <asm/cpufeature.h>
#include <asm/page.h>
#include <linux/bug.h>

// Of the features that are asked for here the CPU has protection keys where the machine does, and
// no other (five-level tables, CET): asked without code that is patched at boot.
#undef static_cpu_has
#define static_cpu_has(bit) boot_cpu_has(bit)
#undef cpu_feature_enabled
#define cpu_feature_enabled(bit) boot_cpu_has(bit)

// The kernel's own assertions: each is the end of the run, with its words.
void __attribute__((noreturn, cold)) glue_broken(const char* what, const char* file, int line);
#undef BUG
#define BUG() glue_broken("BUG", __FILE__, __LINE__)
#undef BUG_ON
#define BUG_ON(condition)                                                               \
  do {                                                                                  \
    if (unlikely(condition)) glue_broken("BUG_ON(" #condition ")", __FILE__, __LINE__); \
  } while (0)
void __attribute__((cold)) glue_warn(const char* what, const char* file, int line);
#undef WARN_ON
#define WARN_ON(condition)                                                              \
  ({                                                                                    \
    const bool glue_holds = !!(condition);                                              \
    if (unlikely(glue_holds)) glue_warn("WARN_ON(" #condition ")", __FILE__, __LINE__); \
    unlikely(glue_holds);                                                               \
  })
#undef WARN_ON_ONCE
#define WARN_ON_ONCE(condition) WARN_ON(condition)
#undef WARN
#define WARN(condition, format...) WARN_ON(condition)
#undef WARN_ONCE
#define WARN_ONCE(condition, format...) WARN_ON(condition)
