// properties: what a run has met, as a list of numbers: cells of behaviour, pairs, triples and
// repetitions of calls, each with a number of its own. And of many sequences the few that meet all
// that they meet together.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "properties/coverage/coverage.h"
#include "spec/sequence.h"

namespace vmadiff::properties {

/// In ascending order.
[[nodiscard]] std::vector<std::uint32_t> met_by(const Coverage& coverage);
/// "mmap ENOMEM", "mprotect behind mremap", …
[[nodiscard]] std::string met_text(std::uint32_t met);

/// Keeps of the sequences that it is offered the shortest for each thing that is met, and in the
/// end no more than are needed.
class Distillation {
 public:
  /// Of two that are equally long the one that was offered first.
  void offer(const spec::Sequence& sequence, const std::vector<std::uint32_t>& met);

  struct Kept {
    spec::Sequence sequence;
    std::vector<std::uint32_t> alone;  ///< what of all that are kept only this one meets
  };
  /// The shortest first. Each meets something that no other does.
  [[nodiscard]] std::vector<Kept> result() const;
  /// How many different things were met.
  [[nodiscard]] std::size_t met() const { return best_.size(); }

 private:
  struct Candidate {
    spec::Sequence sequence;
    std::vector<std::uint32_t> met;
    std::size_t needed_for = 0;  ///< things of which it is the best
  };
  std::map<std::uint64_t, Candidate> candidates_;  ///< by the order in which they were offered
  std::map<std::uint32_t, std::uint64_t> best_;    ///< thing -> candidate
  std::uint64_t offered_ = 0;
};

}  // namespace vmadiff::properties
