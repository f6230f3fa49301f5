// campaign: one thread of a campaign: takes blocks, runs their sequences, and hands in what it saw.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "campaign/campaign.h"
#include "campaign/dealer.h"

namespace vmadiff::campaign {

struct BlockResult {
  properties::Tally tally;
  /// The first finding of each fingerprint, in order of sequences.
  std::vector<properties::Finding> findings;
  /// Claim -> how many sequences showed it.
  std::map<std::string, std::uint64_t> sightings;
  /// Faults that pass -> how many sequences met them.
  std::map<std::string, std::uint64_t> set_back;
  std::optional<spec::ToolFault> fault;
};

/// Where workers hand in results, and the campaign takes them up in order. Thread-safe.
class Exchange {
 public:
  void hand_in(std::uint64_t block, BlockResult result);
  /// Adds what was met, and makes the generator favour what nobody has met yet. How many cells have
  /// been met by then.
  std::size_t add(const properties::Coverage& coverage, properties::GeneratorOptions& generator);
  /// All that was met. To be called when the workers have left.
  [[nodiscard]] const properties::Coverage& coverage() const { return coverage_; }
  void worker_left();
  /// Waits until `block` is there (then it is taken out), or `patience` is over, or no worker is
  /// left that could bring it; `all_left` says which of the last two.
  [[nodiscard]] std::optional<BlockResult> take(std::uint64_t block,
                                                std::chrono::milliseconds patience, bool& all_left);
  /// Workers wait here when they are far ahead of what has been taken up.
  void wait_for_room(std::uint64_t block, const std::atomic<bool>& stop);
  void wake_all();

  explicit Exchange(std::size_t workers) : workers_(workers) {}

 private:
  static constexpr std::uint64_t kBlocksAhead = 4096;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, BlockResult> results_;
  properties::Coverage coverage_;
  std::uint64_t taken_ = 0;
  std::size_t workers_;
};

/// Runs blocks until the dealer has none, `stop` is set, or the deadline has passed. `slot` may be
/// null.
void work(const CampaignOptions& options, Dealer& dealer, Exchange& exchange,
          process::Progress& progress, const std::atomic<bool>& stop, InFlightSlot* slot);

}  // namespace vmadiff::campaign
