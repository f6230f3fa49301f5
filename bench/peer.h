/* bench: how fast? This file: what every peer of the maple tree does, so that all are given the
 * same work. C, since one of the peers is the kernel's own code, in a shared object built by
 * bench.sh. A whole batch is one call: nobody pays for calls through pointers that the others do
 * not. */
#ifndef VMADIFF_BENCH_PEER_H
#define VMADIFF_BENCH_PEER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Closed; the value is a multiple of 8 and not 0, as a pointer to a VMA is. */
struct PeerRange {
  uint64_t first;
  uint64_t last;
  uint64_t value;
};

/* Room for `size` keys in [low, high). */
struct PeerWindow {
  uint64_t low;
  uint64_t high;
  uint64_t size;
};

/* What is returned is a sum over all answers, the same for every peer. */
struct Peer {
  const char* name;
  /* From ascending ranges, one store each. */
  void* (*build)(const struct PeerRange* ranges, size_t count);
  void (*destroy)(void* tree);
  /* Each key is known before: look-ups overlap in the processor. */
  uint64_t (*look_up)(const void* tree, const uint64_t* keys, size_t count);
  /* Each key waits for the value before it, of which `none`, 0, is left. */
  uint64_t (*look_up_dependent)(const void* tree, const uint64_t* keys, size_t count,
                                uint64_t none);
  /* All ranges in order, both ends and the value of each. */
  uint64_t (*iterate)(const void* tree);
  /* Erases each range and stores it again. */
  void (*churn)(void* tree, const struct PeerRange* ranges, size_t count);
  /* Splits each range in the middle, its upper half to another value, and makes it whole again. */
  void (*split_and_merge)(void* tree, const struct PeerRange* ranges, size_t count);
  uint64_t (*lowest_gap)(const void* tree, const struct PeerWindow* windows, size_t count);
  uint64_t (*highest_gap)(const void* tree, const struct PeerWindow* windows, size_t count);
  /* Copies the tree, and lets the copy go. */
  void (*duplicate)(const void* tree);
  /* Bytes in use by its nodes, or by those of all trees alive, whose difference tells; 0 where that
   * is not known. */
  size_t (*bytes)(const void* tree);
};

#ifdef __cplusplus
}
#endif

#endif
