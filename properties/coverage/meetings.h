// properties: which calls met. Two calls meet where both succeed and the later one's range touches
// what the earlier one's range has become: they overlap or adjoin, in one process or, what the
// earlier one did being inherited, in a child. What was unmapped or mapped over is gone, what
// mremap moved has moved. A call about the whole process (mlockall, setrlimit, fork, …) touches
// everything.
//
// Counted are pairs of shapes, in order; triples of families, where a call meets earlier ones of
// two other families; and repetitions: a call that meets an earlier one from which it differs in
// one argument alone. Those that cannot meet are data, with the reason (meetings_cells.cc).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "properties/coverage/call_shapes.h"
#include "spec/outcome.h"
#include "spec/sequence.h"
#include "spec/setup.h"

namespace vmadiff::properties {

/// The arguments of a call, by their places.
inline constexpr std::size_t kArgumentsMax = 8;

class Meetings {
 public:
  /// Takes note of a sequence that was run, as far as there are outcomes.
  void note(const spec::Sequence& sequence, std::span<const spec::Outcome> outcomes,
            const spec::Setup& setup);
  void add(const Meetings& other);

  /// Calls that were noted, successful or not.
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  /// How often the second, of that place in shapes(), met the first.
  [[nodiscard]] std::uint64_t pair(std::size_t first, std::size_t second) const;
  /// How often calls of the three families met, whichever came last. Requires three different ones.
  [[nodiscard]] std::uint64_t triple(std::array<Family, 3> families) const;
  /// How often a call met one that differs in the argument of that place alone.
  [[nodiscard]] std::uint64_t repetition(std::size_t call, std::size_t argument) const;

 private:
  friend class MeetingsOfSequence;
  void make_room();

  std::uint64_t calls_ = 0;
  std::vector<std::uint64_t> pairs_;        ///< empty, or for all pairs of shapes
  std::vector<std::uint64_t> triples_;      ///< so; by families in ascending order
  std::vector<std::uint64_t> repetitions_;  ///< so; by call and argument
};

/// What can meet, and may not be rarer than so.
inline constexpr std::uint64_t kPairOnceInCalls = 10'000'000;
inline constexpr std::uint64_t kTripleOnceInCalls = 50'000'000;

struct Pair {
  std::size_t first;
  std::size_t second;
};
/// All pairs that can meet, and all triples.
[[nodiscard]] std::span<const Pair> meetable_pairs();
[[nodiscard]] std::span<const std::array<Family, 3>> meetable_triples();
struct Repetition {
  std::size_t call;
  std::size_t argument;
};
/// The arguments in which alone a call can differ from an earlier one.
[[nodiscard]] std::span<const Repetition> meetable_repetitions();

/// Pairs that cannot meet, by the names of shapes; "" is every shape.
struct UnmeetablePair {
  std::string_view first;
  std::string_view second;
  std::string_view reason;
};
[[nodiscard]] std::span<const UnmeetablePair> unmeetable_pairs();

[[nodiscard]] std::string text(const Pair& pair);
[[nodiscard]] std::string text(const std::array<Family, 3>& families);
[[nodiscard]] std::string text(const Repetition& repetition);

}  // namespace vmadiff::properties
