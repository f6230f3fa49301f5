// campaign: deals a campaign's sequences out in blocks, and knows when the budget is used up.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "campaign/campaign.h"

namespace vmadiff::campaign {

/// Sequences [first, first + count).
struct Block {
  std::uint64_t number = 0;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// Thread-safe. How many calls a sequence has is known before it is generated, so that a budget in
/// calls ends at the same sequence whoever asks.
class Dealer {
 public:
  explicit Dealer(const CampaignOptions& options) : options_(options) {}

  /// The next block; nothing where a budget in calls or sequences is used up.
  [[nodiscard]] std::optional<Block> next();

 private:
  /// Small enough for a quick end, big enough that dealing costs nothing.
  static constexpr std::uint64_t kSequencesPerBlock = 64;

  const CampaignOptions& options_;
  std::mutex mutex_;
  std::uint64_t blocks_ = 0;
  std::uint64_t sequences_ = 0;
  std::uint64_t operations_ = 0;
};

}  // namespace vmadiff::campaign
