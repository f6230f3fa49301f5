// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: pages, which only page tables are made of: a range of memory that the kernel takes
// for all of the machine's, so that its own arithmetic between tables, frames and struct pages
// holds. Nothing is ever mapped in the tables but markers.
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/vmstat.h>

#include "kernel/tree/glue/glue.h"

void* mmap(void* address, size_t size, int protection, int flags, int file, long offset);
int munmap(void* address, size_t size);

// The direct map and its struct pages begin where these say.
unsigned long page_offset_base;
unsigned long vmemmap_base;

// Nobody counts where pages come from.
struct static_key_true vm_numa_stat_key;

spinlock_t pgd_lock;
LIST_HEAD(pgd_list);
// What a process has of the kernel's own half: nothing.
pgd_t init_top_pgt[PTRS_PER_PGD] __aligned(PAGE_SIZE);

// 4 GiB of tables cover 2 TiB of memory; what is not used of them costs nothing.
#define PAGES (1ul << 20)

static unsigned long taken = 1;  // from here on never used: frame 0 is none
static struct page* given_back;

static void* reserve(size_t size) {
  const int private_anonymous_noreserve = 0x4022;
  void* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, private_anonymous_noreserve, -1, 0);
  if (IS_ERR(memory)) glue_broken("no room for page tables", __FILE__, __LINE__);
  return memory;
}

// An object that broke is loaded again, as often as it breaks.
static void __attribute__((destructor)) give_back_what_was_reserved(void) {
  if (page_offset_base != 0) munmap((void*)page_offset_base, PAGES * PAGE_SIZE);
  if (vmemmap_base != 0) munmap((void*)vmemmap_base, PAGES * sizeof(struct page));
}

void glue_pages_init(void) {
  page_offset_base = (unsigned long)reserve(PAGES * PAGE_SIZE);
  vmemmap_base = (unsigned long)reserve(PAGES * sizeof(struct page));
}

static struct page* take(gfp_t gfp, unsigned int order) {
  struct page* page = given_back;
  if (order != 0) glue_broken("more than one page at once", __FILE__, __LINE__);
  if (glue_allocation_fails(gfp)) return NULL;
  if (page != NULL) {
    given_back = (struct page*)page->private;
  } else {
    if (taken == PAGES) glue_broken("page tables of more than 4 GiB", __FILE__, __LINE__);
    page = pfn_to_page(taken++);
  }
  __builtin_memset(page, 0, sizeof(*page));
  atomic_set(&page->_mapcount, -1);
  if ((gfp & __GFP_ZERO) != 0) __builtin_memset(page_address(page), 0, PAGE_SIZE);
  ++glue_allocations;
  return page;
}

static void give_back(struct page* page) {
  --glue_allocations;
  page->private = (unsigned long)given_back;
  given_back = page;
}

// Where the kernel wants a page from (a node, a policy) is not heeded: behind the first two, what
// is passed differs between releases, and no prototype is seen here.
struct page* __alloc_frozen_pages_noprof(gfp_t gfp, unsigned int order) { return take(gfp, order); }
void free_frozen_pages(struct page* page, unsigned int order) { give_back(page); }

unsigned long get_free_pages_noprof(gfp_t gfp, unsigned int order) {
  struct page* page = take(gfp, order);
  if (page == NULL) return 0;
  set_page_count(page, 1);
  return (unsigned long)page_address(page);
}

void __free_pages(struct page* page, unsigned int order) {
  if (put_page_testzero(page)) give_back(page);
}
void free_pages(unsigned long address, unsigned int order) {
  if (address != 0) __free_pages(virt_to_page((void*)address), order);
}
