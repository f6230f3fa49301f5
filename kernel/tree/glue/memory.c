// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the kernel's allocators, on malloc: each allocation of its own, so that a sanitizer
// sees each, and so that any can fail.
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "kernel/tree/glue/glue.h"

long long glue_allocations;
unsigned long long glue_allocation_to_fail;

struct kmem_cache {
  size_t size;
  size_t align;
  void (*ctor)(void*);
};

bool glue_allocation_fails(gfp_t flags) {
  if ((flags & __GFP_NOFAIL) != 0 || glue_allocation_to_fail == 0) return false;
  return --glue_allocation_to_fail == 0;
}

static int readers;  // in sections of RCU, one within the other

static void* allocate(size_t size, size_t align, gfp_t flags) {
  void* memory;
  if (gfpflags_allow_blocking(flags) && readers == 0) glue_pass_grace_period();
  if (glue_allocation_fails(flags)) return NULL;
  size = size == 0 ? 1 : size;
  if (align > 16) {
    // Not a byte more: a sanitizer sees who goes beyond.
    if (posix_memalign(&memory, align, size) != 0) memory = NULL;
    if (memory != NULL && (flags & __GFP_ZERO) != 0) __builtin_memset(memory, 0, size);
  } else {
    memory = (flags & __GFP_ZERO) != 0 ? calloc(1, size) : malloc(size);
  }
  if (memory != NULL) ++glue_allocations;
  return memory;
}

static void release(const void* memory) {
  if (ZERO_OR_NULL_PTR(memory)) return;
  --glue_allocations;
  free((void*)memory);
}

// kmalloc

kmem_buckets kmalloc_caches[NR_KMALLOC_TYPES];

void* __kmalloc_noprof(VMADIFF_SIZE, gfp_t flags) { return allocate(size, 16, flags); }
void* __kmalloc_cache_noprof(struct kmem_cache* cache, gfp_t flags, size_t size) {
  return allocate(size, 16, flags);
}
void* __kmalloc_cache_node_noprof(struct kmem_cache* cache, gfp_t flags, int node, size_t size) {
  return allocate(size, 16, flags);
}
void* __kmalloc_large_noprof(size_t size, gfp_t flags) { return allocate(size, 16, flags); }
void* __kmalloc_node_track_caller_noprof(VMADIFF_KMALLOC_SIZE, gfp_t flags, int node,
                                         unsigned long caller) {
  return allocate(size, 16, flags);
}
void kfree(const void* memory) { release(memory); }
void __weak kvfree(const void* memory) { release(memory); }

// Caches

struct kmem_cache* __kmem_cache_create_args(const char* name, unsigned int size,
                                            struct kmem_cache_args* args, slab_flags_t flags) {
  struct kmem_cache* cache = malloc(sizeof(*cache));
  if (cache == NULL) return NULL;
  cache->size = size;
  cache->align = (flags & SLAB_HWCACHE_ALIGN) != 0 ? 64 : 16;
  if (args != NULL && args->align > cache->align) cache->align = args->align;
  cache->ctor = args != NULL ? args->ctor : NULL;
  return cache;
}

void* kmem_cache_alloc_noprof(struct kmem_cache* cache, gfp_t flags) {
  void* memory = allocate(cache->size, cache->align, flags);
  if (memory != NULL && cache->ctor != NULL) cache->ctor(memory);
  return memory;
}
void* kmem_cache_alloc_node_noprof(struct kmem_cache* cache, gfp_t flags, int node) {
  return kmem_cache_alloc_noprof(cache, flags);
}
void* kmem_cache_alloc_lru_noprof(struct kmem_cache* cache, struct list_lru* lru, gfp_t flags) {
  return kmem_cache_alloc_noprof(cache, flags);
}
void kmem_cache_free(struct kmem_cache* cache, void* memory) { release(memory); }
void kmem_cache_free_bulk(struct kmem_cache* cache, size_t count, void** memory) {
  for (size_t i = 0; i < count; ++i) release(memory[i]);
}

#ifndef VMADIFF_HAS_SHEAVES
// All of them or none.
int kmem_cache_alloc_bulk_noprof(struct kmem_cache* cache, gfp_t flags, size_t size,
                                 void** objects) {
  for (size_t i = 0; i < size; ++i) {
    objects[i] = kmem_cache_alloc_noprof(cache, flags);
    if (objects[i] != NULL) continue;
    kmem_cache_free_bulk(cache, i, objects);
    return 0;
  }
  return size;
}
#endif

#ifdef VMADIFF_HAS_SHEAVES
// A sheaf is a promise of so many objects: they are there.

struct slab_sheaf {
  unsigned int count;
  unsigned int capacity;
  void* objects[];
};

unsigned int kmem_cache_sheaf_size(struct slab_sheaf* sheaf) { return sheaf->count; }

int kmem_cache_refill_sheaf(struct kmem_cache* cache, gfp_t flags, struct slab_sheaf** sheafp,
                            unsigned int size) {
  struct slab_sheaf* sheaf = *sheafp;
  if (size > sheaf->capacity) {
    struct slab_sheaf* larger = kmem_cache_prefill_sheaf(cache, flags, size);
    if (larger == NULL) return -ENOMEM;
    kmem_cache_return_sheaf(cache, flags, sheaf);
    *sheafp = larger;
    return 0;
  }
  while (sheaf->count < size) {
    void* memory = kmem_cache_alloc_noprof(cache, flags);
    if (memory == NULL) return -ENOMEM;
    sheaf->objects[sheaf->count++] = memory;
  }
  return 0;
}

struct slab_sheaf* kmem_cache_prefill_sheaf(struct kmem_cache* cache, gfp_t flags,
                                            unsigned int size) {
  struct slab_sheaf* sheaf =
      allocate(sizeof(*sheaf) + size * sizeof(void*), 16, flags & ~__GFP_ZERO);
  if (sheaf == NULL) return NULL;
  sheaf->count = 0;
  sheaf->capacity = size;
  if (kmem_cache_refill_sheaf(cache, flags, &sheaf, size) == 0) return sheaf;
  kmem_cache_return_sheaf(cache, flags, sheaf);
  return NULL;
}

void* kmem_cache_alloc_from_sheaf_noprof(struct kmem_cache* cache, gfp_t flags,
                                         struct slab_sheaf* sheaf) {
  void* memory;
  if (sheaf->count == 0) return NULL;
  memory = sheaf->objects[--sheaf->count];
  if ((flags & __GFP_ZERO) != 0) __builtin_memset(memory, 0, cache->size);
  return memory;
}

void kmem_cache_return_sheaf(struct kmem_cache* cache, gfp_t flags, struct slab_sheaf* sheaf) {
  while (sheaf->count > 0) release(sheaf->objects[--sheaf->count]);
  release(sheaf);
}
#endif

// Memory of each CPU: there is one.

void* pcpu_alloc_noprof(size_t size, size_t align, bool reserved, gfp_t flags) {
  return allocate(size, align, flags | __GFP_ZERO);
}
void free_percpu(void* memory) { release(memory); }

// A grace period ends wherever the kernel may sleep outside of a section of RCU, and with the call:
// what is used then, and was given up before, is used after it was freed.

void __rcu_read_lock(void) { ++readers; }
void __rcu_read_unlock(void) { --readers; }

static struct rcu_head* waiting;
static struct delayed {
  struct delayed* next;
  void* memory;
}* delayed;

void call_rcu(struct rcu_head* head, rcu_callback_t function) {
  head->func = function;
  head->next = (void*)waiting;
  waiting = head;
}

void kvfree_call_rcu(VMADIFF_KVFREE_HEAD* head, void* memory) {
  struct delayed* entry = malloc(sizeof(*entry));
  if (entry == NULL) glue_broken("out of memory", __FILE__, __LINE__);
  entry->memory = memory;
  entry->next = delayed;
  delayed = entry;
}

void glue_pass_grace_period(void) {
  while (waiting != NULL) {
    struct rcu_head* head = waiting;
    waiting = (void*)head->next;
    head->func(head);
  }
  while (delayed != NULL) {
    struct delayed* entry = delayed;
    delayed = entry->next;
    release(entry->memory);
    free(entry);
  }
}
