// campaign: a campaign generates sequences, runs them on the systems, and settles what it finds. It
// knows nothing of the command line, and prints nothing.
//
// Sequences are numbered, and the number determines the sequence. They are dealt out to threads in
// blocks; what the blocks found is taken up in ascending order. So the same seed and budget in
// calls or sequences give the same findings and the same tally, whatever the number of threads.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "campaign/in_flight.h"
#include "campaign/sights.h"
#include "compare/identity.h"
#include "process/budget.h"
#include "process/progress.h"
#include "properties/checker.h"
#include "properties/claims/finding.h"
#include "properties/claims/property.h"
#include "properties/generate/generator.h"
#include "reports/summary.h"
#include "spec/kernel_profile.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::campaign {

struct CampaignOptions {
  std::vector<std::string> systems;
  spec::KernelProfile profile;
  properties::PropertySet properties = properties::PropertySet::all();
  spec::Setup setup;
  properties::GeneratorOptions generator;
  std::uint64_t seed = 0;
  std::size_t jobs = 1;
  std::size_t max_findings = 5;  ///< without those that the profile breaks by its nature
  process::Budget budget;
  /// Note which behaviours are met, and steer towards those that are not. The sequences then depend
  /// on what was met before, so a run with several threads is not repeatable.
  bool coverage = false;
  /// Some sequences begin in a set-up of their own.
  properties::SetupVariation setup_variation = properties::SetupVariation::kNone;
  /// The profile is what the real kernel was found to be, not what it is held to.
  bool is_identified = false;
  /// Where that kernel does as no profile: reported first, and beside the limit of findings. The
  /// sequences come without the calls that would show it again.
  std::vector<compare::Unknown> unknown;
  /// Taken up before anything is generated; beside the budget.
  std::vector<LeftOver> left_over;
  Sights* sights = nullptr;       ///< where what is seen waits to be settled; outlives the campaign
  InFlight* in_flight = nullptr;  ///< where each thread notes what it is at; outlives the campaign
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

[[nodiscard]] CampaignResult run_campaign(const CampaignOptions& options,
                                          process::Progress& progress,
                                          const CampaignListener& listener);

}  // namespace vmadiff::campaign
