// properties: runs a sequence on a set of systems and checks every selected property at every step.
// Knows systems only as spec::System.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "properties/claims/finding.h"
#include "properties/claims/property.h"
#include "properties/coverage/coverage.h"
#include "spec/call_part.h"
#include "spec/kernel_profile.h"
#include "spec/system.h"

namespace vmadiff::properties {

/// How often a remote system (spec::System::is_remote) is looked at.
enum class Observation : std::uint8_t {
  kAtEnd,      ///< outcomes of every step, layout after the last: fast
  kEveryStep,  ///< layout after every step: exact blame
};

/// What a checker has seen so far; deterministic for a given list of sequences.
struct Tally {
  std::uint64_t sequences = 0;
  std::uint64_t operations = 0;          ///< calls, counted once however many systems ran them
  std::uint64_t remote_operations = 0;   ///< calls that a real kernel executed
  std::uint64_t skipped_on_remote = 0;   ///< sequences that no real kernel was given
  std::uint64_t looks_left_out = 0;      ///< calls after which no state was looked at (attention.h)
  std::uint64_t relations_left_out = 0;  ///< sequences that were too long for them
  /// Exemption name -> how many times it excused a missing merge.
  std::map<std::string, std::uint64_t, std::less<>> exemptions;
  void add(const Tally& other);
};

/// What of very long sequences was not looked at, each in a sentence.
[[nodiscard]] std::vector<std::string> notes_of(const Tally& tally);

struct CheckerOptions {
  spec::KernelProfile profile;
  spec::Setup setup;
  PropertySet properties = PropertySet::all();
  /// Relations run on the first in-process system, without one on the first remote one, with each
  /// sequence whose index is a multiple.
  std::uint64_t relation_every = 1;
  /// For relations that need a system of another profile (patch-v2-review): makes a system like the
  /// one named, in the profile given; nullptr where it cannot.
  std::unique_ptr<spec::System> (*make_like)(std::string_view system,
                                             const spec::KernelProfile& profile) = nullptr;
  /// What the remote systems' machines do not give: no sequence with such a call is run there.
  std::vector<spec::CallPart> withheld{};
  /// Where what the first in-process system meets is noted; outlives the checker.
  Coverage* coverage = nullptr;
  /// Only its cells: not which arguments calls have, nor which calls of a sequence meet, which
  /// takes as long as a tenth of the check.
  bool notes_only_cells = false;
};

class Checker {
 public:
  /// `systems` outlive the checker; the first is the expected side of a comparison.
  Checker(const std::vector<spec::System*>& systems, CheckerOptions options);
  ~Checker();

  /// The first property that does not hold on `sequence`, or nothing. The finding's sequence is the
  /// one given, cut behind the failing step. A fault is the tool's own.
  [[nodiscard]] std::expected<std::optional<Finding>, spec::ToolFault> check(
      const spec::Sequence& sequence, Observation observation);

  /// The same for a sequence that is not part of the campaign (a candidate of minimize, a second
  /// look): every relation runs, and nothing is counted.
  [[nodiscard]] std::expected<std::optional<Finding>, spec::ToolFault> recheck(
      const spec::Sequence& sequence, Observation observation);

  /// From here on sequences begin in this set-up.
  void begin_in(spec::Setup setup);
  /// Whether any set-up will do: a real kernel has the one that it has.
  [[nodiscard]] bool can_begin_elsewhere() const;

  [[nodiscard]] const Tally& tally() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vmadiff::properties
