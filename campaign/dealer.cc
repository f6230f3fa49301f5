// campaign: dealing blocks.
#include "campaign/dealer.h"

#include <algorithm>

namespace vmadiff::campaign {

std::optional<Block> Dealer::next() {
  const std::lock_guard lock{mutex_};
  Block block{.number = blocks_, .first = sequences_, .count = 0};
  const auto& budget = options_.budget;
  if (budget.operations) {
    while (block.count < kSequencesPerBlock && operations_ < *budget.operations) {
      const auto seed = properties::sequence_seed(options_.seed, block.first + block.count);
      operations_ += properties::sequence_length(seed, options_.generator);
      ++block.count;
    }
  } else if (budget.sequences) {
    block.count = std::min(kSequencesPerBlock, *budget.sequences - sequences_);
  } else {
    block.count = kSequencesPerBlock;
  }
  if (block.count == 0) return std::nullopt;
  ++blocks_;
  sequences_ += block.count;
  return block;
}

}  // namespace vmadiff::campaign
