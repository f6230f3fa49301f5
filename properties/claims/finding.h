// properties: what must hold. This file: a finding, the one currency between checking, shrinking,
// reports and the command line. Knows no particular system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "spec/outcome.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/snapshot.h"

namespace vmadiff::properties {

/// One system's side of a finding, at the step where it shows.
struct View {
  std::string system;  ///< "model", "impl", "host"; for relations "model, KSM on from the start", …
  spec::Outcome outcome;
  spec::Snapshot snapshot;  ///< after the step
  spec::Observes observes;
};

/// What a booted kernel says to a finding of a source tree's code.
struct Confirmation {
  enum class Answer : std::uint8_t { kNotAsked, kShows, kDoesNotShow, kCannotSay };
  std::string system;  ///< "guest:debian-7.3"
  Answer answer = Answer::kNotAsked;
  std::string note;  ///< why it cannot say, or what else there is to say; a line, or empty
};

/// A claim that does not hold.
struct Finding {
  std::string claim;        ///< name of the property, e.g. "NoCompatibleNeighboursLeftUnmerged"
  std::string explanation;  ///< what was expected and what was seen, in a sentence or two
  std::string fingerprint;  ///< equal for "the same finding": claim, kind of call, and the reason
  std::string profile;      ///< the kernel profile as text (spec/profile_text.h)
  spec::Setup setup;
  spec::Sequence sequence;  ///< with no calls behind `step` once it is minimal
  std::size_t step = 0;     ///< index of the first call that differs or violates
  /// One view for an invariant; for an equivalence or a relation the expected side first.
  std::vector<View> views;
  /// What a system that died left behind, several lines: the console of its machine; or empty.
  std::string log;
  /// The machine of each real kernel that takes part, in a line: where the finding comes from.
  std::vector<std::string> machines;
  Confirmation confirmation;        ///< where one was asked for
  std::string sanitize;             ///< what a tree's code was built with; empty: nothing
  std::uint64_t run_seed = 0;       ///< 0: not from a campaign
  std::uint64_t sequence_seed = 0;  ///< 0: not generated
  std::uint64_t shrinks = 0;        ///< how many simplifications led to `sequence`
  bool reproducible = true;         ///< false: a second run of the same sequence did not show it
  /// Why the profile breaks this claim by its own nature; empty where it does not.
  std::string known = {};
};

}  // namespace vmadiff::properties
