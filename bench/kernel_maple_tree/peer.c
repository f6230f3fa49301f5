/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* bench: how fast? This file: the kernel's own maple tree as a peer. Compiled by bench.sh with
 * lib/maple_tree.c of a tree of sources that is fetched, into a shared object outside of the
 * repository: none of that code is here.
 *
 * What the kernel has and a process does not is made as cheap as it can be, so that the tree is
 * measured and not this file: a slab is a free list, a lock is nothing, and what RCU would free
 * later is freed after the operation. Trees are as those of VMAs are (MM_MT_FLAGS: gaps are
 * tracked, readers need no lock), or, for the peer `kernel, no RCU`, without readers. */
#include <assert.h>
#include <linux/init.h>
#include <linux/slab.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shared.h"

static int lock_is_held(const void* map) {
  (void)map;
  return 1;
}

#include "bench/peer.h"
#include "lib/maple_tree.c"

/* --- slab and RCU ------------------------------------------------------------------------ */

struct kmem_cache {
  unsigned int size;
  unsigned int align;
  void* free;
  size_t in_use;
};

struct kmem_cache* kmem_cache_create(const char* name, unsigned int size, unsigned int align,
                                     unsigned int flags, void (*ctor)(void*)) {
  struct kmem_cache* cache = calloc(1, sizeof(*cache));
  (void)name, (void)flags, (void)ctor;
  cache->size = size;
  cache->align = align;
  return cache;
}

static void refill(struct kmem_cache* cache) {
  enum { kObjects = 256 };
  char* slab = aligned_alloc(cache->align, (size_t)cache->size * kObjects);
  if (slab == NULL) abort();
  for (size_t i = kObjects; i-- > 0;) {
    void** object = (void**)(slab + i * cache->size);
    *object = cache->free;
    cache->free = object;
  }
}

void* kmem_cache_alloc_lru(struct kmem_cache* cache, struct list_lru* lru, int flags) {
  (void)lru;
  if (cache->free == NULL) refill(cache);
  void* object = cache->free;
  cache->free = *(void**)object;
  ++cache->in_use;
  if (flags & __GFP_ZERO) memset(object, 0, cache->size);
  return object;
}

int kmem_cache_alloc_bulk(struct kmem_cache* cache, gfp_t flags, size_t count, void** objects) {
  for (size_t i = 0; i < count; ++i) objects[i] = kmem_cache_alloc_lru(cache, NULL, flags);
  return count;
}

void kmem_cache_free(struct kmem_cache* cache, void* object) {
  *(void**)object = cache->free;
  cache->free = object;
  --cache->in_use;
}

void kmem_cache_free_bulk(struct kmem_cache* cache, size_t count, void** objects) {
  for (size_t i = 0; i < count; ++i) kmem_cache_free(cache, objects[i]);
}

static struct rcu_head* waiting;

void call_rcu(struct rcu_head* head, void (*func)(struct rcu_head* head)) {
  head->next = waiting;
  head->func = func;
  waiting = head;
}

static void grace_period_ends(void) {
  while (waiting != NULL) {
    struct rcu_head* head = waiting;
    waiting = head->next;
    head->func(head);
  }
}

int preempt_count;
int lockdep_is_held(const void* lock) {
  (void)lock;
  return 1;
}

/* --- the work ---------------------------------------------------------------------------- */

/* Of all trees that are alive. */
static size_t bytes(const void* tree) {
  (void)tree;
  return maple_node_cache == NULL ? 0 : maple_node_cache->in_use * maple_node_cache->size;
}

static void store(struct maple_tree* tree, uint64_t first, uint64_t last, uint64_t value) {
  MA_STATE(mas, tree, first, last);
  if (mas_store_gfp(&mas, (void*)value, GFP_KERNEL) != 0) abort();
  if (waiting != NULL) grace_period_ends();
}

static struct maple_tree* empty(unsigned int flags) {
  struct maple_tree* tree = calloc(1, sizeof(*tree));
  if (maple_node_cache == NULL) maple_tree_init();
  mt_init_flags(tree, flags);
  return tree;
}

static void* build_with(unsigned int flags, const struct PeerRange* ranges, size_t count) {
  struct maple_tree* tree = empty(flags);
  for (size_t i = 0; i < count; ++i) store(tree, ranges[i].first, ranges[i].last, ranges[i].value);
  return tree;
}
static void* build(const struct PeerRange* ranges, size_t count) {
  return build_with(MT_FLAGS_ALLOC_RANGE | MT_FLAGS_LOCK_EXTERN | MT_FLAGS_USE_RCU, ranges, count);
}
static void* build_without_rcu(const struct PeerRange* ranges, size_t count) {
  return build_with(MT_FLAGS_ALLOC_RANGE | MT_FLAGS_LOCK_EXTERN, ranges, count);
}

static void destroy(void* tree) {
  __mt_destroy(tree);
  grace_period_ends();
  free(tree);
}

static uint64_t look_up(const void* tree, const uint64_t* keys, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; ++i) sum += (uint64_t)mtree_load((struct maple_tree*)tree, keys[i]);
  return sum;
}

static uint64_t look_up_dependent(const void* tree, const uint64_t* keys, size_t count,
                                  uint64_t none) {
  uint64_t sum = 0;
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) {
    value = (uint64_t)mtree_load((struct maple_tree*)tree, keys[i] + (value & none));
    sum += value;
  }
  return sum;
}

static uint64_t iterate(const void* tree) {
  MA_STATE(mas, (struct maple_tree*)tree, 0, 0);
  uint64_t sum = 0;
  void* value;
  mas_for_each(&mas, value, ULONG_MAX) sum += mas.index ^ mas.last ^ (uint64_t)value;
  return sum;
}

static void churn(void* tree, const struct PeerRange* ranges, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    store(tree, ranges[i].first, ranges[i].last, 0);
    store(tree, ranges[i].first, ranges[i].last, ranges[i].value);
  }
}

static void split_and_merge(void* tree, const struct PeerRange* ranges, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const struct PeerRange* r = &ranges[i];
    store(tree, r->first + (r->last - r->first) / 2 + 1, r->last, r->value + 8);
    store(tree, r->first, r->last, r->value);
  }
}

static uint64_t lowest_gap(const void* tree, const struct PeerWindow* windows, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; ++i) {
    MA_STATE(mas, (struct maple_tree*)tree, 0, 0);
    if (mas_empty_area(&mas, windows[i].low, windows[i].high - 1, windows[i].size) == 0)
      sum += mas.index;
  }
  return sum;
}

static uint64_t highest_gap(const void* tree, const struct PeerWindow* windows, size_t count) {
  uint64_t sum = 0;
  for (size_t i = 0; i < count; ++i) {
    MA_STATE(mas, (struct maple_tree*)tree, 0, 0);
    if (mas_empty_area_rev(&mas, windows[i].low, windows[i].high - 1, windows[i].size) == 0) {
      sum += mas.last + 1 - windows[i].size;
    }
  }
  return sum;
}

/* The copy has no readers, as in dup_mmap(). */
static void duplicate(const void* tree) {
  struct maple_tree copy;
  mt_init_flags(&copy, ((const struct maple_tree*)tree)->ma_flags & ~MT_FLAGS_HEIGHT_MASK);
  if (__mt_dup((struct maple_tree*)tree, &copy, GFP_KERNEL) != 0) abort();
  mt_clear_in_rcu(&copy);
  __mt_destroy(&copy);
  grace_period_ends();
}

const struct Peer vmadiff_kernel_peer = {"kernel",          build,       destroy,   look_up,
                                         look_up_dependent, iterate,     churn,     split_and_merge,
                                         lowest_gap,        highest_gap, duplicate, bytes};
const struct Peer vmadiff_kernel_peer_without_rcu = {
    "kernel, no RCU",  build_without_rcu, destroy,   look_up,
    look_up_dependent, iterate,           churn,     split_and_merge,
    lowest_gap,        highest_gap,       duplicate, bytes};
