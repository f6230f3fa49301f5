// reports: a run as a whole: what was run, and what came of it. Holds nothing that depends on the
// speed of the machine: the same seed and budget in calls give the same text, byte for byte.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "properties/checker.h"

namespace vmadiff::reports {

/// How the profile was found.
struct IdentityNote {
  std::string system;  ///< the real kernel that was asked
  std::string nearest;
  bool is_exact = false;
  /// Behaviour -> value, where it is not the nearest profile's.
  std::map<std::string, std::string> differences;
  std::vector<std::string> not_asked;  ///< behaviours
  std::vector<std::string> unknown;    ///< what fits no profile, a line each
};

struct RunHeader {
  std::string version;
  std::string profile;  ///< as text (spec/profile_text.h)
  std::vector<std::string> systems;
  std::string properties;  ///< as asked
  std::uint64_t seed = 0;
  std::vector<std::string> notes;             ///< what was left out, and why
  std::optional<IdentityNote> identity = {};  ///< where the profile was found by asking
};

struct ClaimCount {
  std::uint64_t findings = 0;   ///< different ones, i.e. fingerprints
  std::uint64_t sequences = 0;  ///< that showed one of them
};

struct RunSummary {
  properties::Tally tally;
  std::map<std::string, ClaimCount> claims;
  /// Why sequences could not be run on a real kernel, and how many: it was killed from outside, or
  /// they took more than they may.
  std::map<std::string, std::uint64_t> set_back;
  /// Cause -> how many more findings had it, besides the one that was reported.
  std::map<std::string, std::uint64_t> more_of_a_cause;
  /// Files of what an earlier run had seen and not settled, and that shows nothing any more.
  std::vector<std::string> shows_nothing;
  bool interrupted = false;
  std::optional<properties::Coverage> coverage;  ///< where it was asked for
};

/// The first line, and a line for each note.
[[nodiscard]] std::string text(const RunHeader& header);
[[nodiscard]] std::string text(const RunSummary& summary);
/// The table of behaviours, and those that were never met.
[[nodiscard]] std::string text(const properties::Coverage& coverage);

}  // namespace vmadiff::reports
