// fuzz_maple_tree: is the maple tree a map of ranges, and always well-formed?
//
// Strategy
//   The first byte chooses how keys are spread (dense, wide, at the last key, pages, everything);
//   the rest is operations: stores and erases over whatever is there, stores that were
//   preallocated, stores whose preallocation is made to fail, combs of many ranges that make the
//   tree tall, look-ups, cursors that turn round, searches for room in both directions, duplicates,
//   clear. Each is done on a tree and on a sorted array of ranges (maple_tree_oracle.h).
//
// Invariants, after every operation
//   - validate() finds nothing broken.
//   - The tree has the oracle's entries, in its order, and knows how many they are.
//   - Every answer is the oracle's. A store that fails changes nothing; one that has its memory
//     succeeds. A duplicate has the same entries and height, and a life of its own.
#include "fuzz/fuzz_maple_tree.h"

#include "fuzz/maple_tree_run.h"
#include "impl/maple_tree/maple_tree.h"

namespace vmadiff::fuzz {

std::optional<std::string> run_maple_tree(std::span<const std::uint8_t> bytes) {
  return maple_tree_failure<impl::MapleTree<std::uint64_t>>(bytes);
}

}  // namespace vmadiff::fuzz
