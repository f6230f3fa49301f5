// cli: a campaign generates sequences, runs them on the systems, and settles what it finds. It
// knows nothing of the command line, and prints nothing.
//
// Sequences are numbered, and the number determines the sequence. They are dealt out to threads in
// blocks; what the blocks found is taken up in ascending order. So the same seed and budget in
// calls or sequences give the same findings and the same tally, whatever the number of threads.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/budget.h"
#include "cli/identity.h"
#include "cli/in_flight.h"
#include "properties/checker.h"
#include "properties/finding.h"
#include "properties/generator.h"
#include "properties/property.h"
#include "reports/summary.h"
#include "spec/kernel_profile.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::cli {

struct CampaignOptions {
  std::vector<std::string> systems;
  spec::KernelProfile profile;
  properties::PropertySet properties = properties::PropertySet::all();
  spec::Setup setup;
  properties::GeneratorOptions generator;
  std::uint64_t seed = 0;
  std::size_t jobs = 1;
  std::size_t max_findings = 5;  ///< without those that the profile breaks by its nature
  Budget budget;
  /// Note which behaviours are met, and steer towards those that are not. The sequences then depend
  /// on what was met before, so a run with several threads is not repeatable.
  bool coverage = false;
  bool varies_setup = false;  ///< some sequences begin in a set-up of their own
  /// The profile is what the real kernel was found to be, not what it is held to.
  bool is_identified = false;
  /// Where that kernel does as no profile: reported first, and beside the limit of findings. The
  /// sequences come without the calls that would show it again.
  std::vector<Unknown> unknown;
  InFlight* in_flight = nullptr;  ///< where each thread notes what it is at; outlives the campaign
};

/// What the status line shows; written by the campaign, read whenever `tick` is called.
struct Progress {
  std::chrono::steady_clock::time_point start;
  std::atomic<std::uint64_t> operations{0};
  std::atomic<std::uint64_t> findings{0};

  /// A thread has met a sequence on which a property does not hold. The first one counts.
  void note_sight() {
    bool unseen = false;
    if (!sighted_.compare_exchange_strong(unseen, true)) return;
    operations_at_sight_ = operations.load(std::memory_order_relaxed);
    time_at_sight_ = std::chrono::steady_clock::now() - start;
    sight_is_written_.store(true, std::memory_order_release);
  }
  /// After how many calls, and after how long, that was; nothing where it never was.
  struct Sight {
    std::uint64_t operations;
    std::chrono::steady_clock::duration time;
  };
  [[nodiscard]] std::optional<Sight> first_sight() const {
    if (!sight_is_written_.load(std::memory_order_acquire)) return std::nullopt;
    return Sight{operations_at_sight_, time_at_sight_};
  }

 private:
  std::atomic<bool> sighted_{false};
  std::atomic<bool> sight_is_written_{false};
  std::uint64_t operations_at_sight_ = 0;
  std::chrono::steady_clock::duration time_at_sight_{};
};

/// What a campaign calls, always on the thread that runs it.
struct CampaignListener {
  /// A finding is settled: minimal, or found not to be reproducible.
  std::function<void(const properties::Finding&)> on_finding;
  /// Called several times a second.
  std::function<void()> on_tick;
};

struct CampaignResult {
  reports::RunSummary summary;
  std::optional<spec::ToolFault> fault;  ///< what ended the campaign before its time
};

/// Generates the sequence of that seed, without the calls that depend on what is unknown.
void draw(const CampaignOptions& options, std::uint64_t sequence_seed,
          const properties::GeneratorOptions& generator, spec::Sequence& out);

/// The set-up of the sequence of that seed, where it is not the campaign's. A real kernel has but
/// one.
[[nodiscard]] std::optional<spec::Setup> own_setup(const CampaignOptions& options,
                                                   std::uint64_t sequence_seed);

[[nodiscard]] CampaignResult run_campaign(const CampaignOptions& options, Progress& progress,
                                          const CampaignListener& listener);

}  // namespace vmadiff::cli
