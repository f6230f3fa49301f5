// reports/page: how does one look at it? This file: what a campaign or a night comes to, as plain
// values. Who ran it fills them in; reports/page/page.h makes pages of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "properties/coverage/coverage.h"
#include "reports/page/story.h"

namespace vmadiff::reports {

/// One part of what ran: the corpus, a harness, a campaign.
struct NightStage {
  std::string name;     ///< "corpus", "check", "fuzz_differential"
  std::string what;     ///< on what: "model, impl, host"; or empty
  std::string outcome;  ///< "held", "2 findings", "skipped: no KSM"; text
  std::uint64_t seconds = 0;
  std::uint64_t calls = 0;
  std::uint64_t sequences = 0;
  std::uint64_t findings = 0;
};

/// How much of what can be met was.
struct NightCoverage {
  std::uint64_t behaviours_met = 0;
  std::uint64_t behaviours = 0;  ///< that can be met
  std::uint64_t pairs_met = 0;
  std::uint64_t pairs = 0;
  std::vector<std::string> new_behaviours;  ///< not met in any night before; by name
  std::vector<std::string> new_pairs;
  std::vector<std::string> never;  ///< behaviours that were not met yet
};

struct NightFinding {
  Story story;
  bool is_new = true;
  std::string first_seen;  ///< date of the night; or empty
};

struct Night {
  std::string date;           ///< "2026-11-27"; beside a trend
  std::uint64_t seconds = 0;  ///< that it took
  std::string machine;        ///< in a line
  std::string version;        ///< of vmadiff
  std::vector<std::string> systems;
  std::string profile;
  std::string seed;                ///< as text; or empty
  std::vector<std::string> notes;  ///< what was left out, and why: a sentence each
  std::vector<NightStage> stages;  ///< in the order in which they ran
  /// Anything else that was counted, by name, in the order in which it is to be shown.
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  std::vector<NightFinding> findings;
  /// How many there were, where their stories are not at hand (a night of long ago).
  std::uint64_t new_findings_counted = 0;
  std::uint64_t known_findings_counted = 0;
  std::optional<NightCoverage> coverage;

  [[nodiscard]] std::uint64_t new_findings() const;
  [[nodiscard]] std::uint64_t known_findings() const;
  [[nodiscard]] std::uint64_t calls() const;  ///< of all stages
};

/// What a campaign met. What of it is new only who remembers earlier ones can say.
[[nodiscard]] NightCoverage coverage_of(const properties::Coverage& coverage);

/// The names of the behaviours and pairs that were met, as they stand in `new_behaviours` and
/// `new_pairs`: to be remembered for the next night.
[[nodiscard]] std::vector<std::string> behaviours_met(const properties::Coverage& coverage);
[[nodiscard]] std::vector<std::string> pairs_met(const properties::Coverage& coverage);

}  // namespace vmadiff::reports
