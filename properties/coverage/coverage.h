// properties: which behaviours a run has met. A cell is a call with what it gave, or a call with
// what became of the merges that were due and whether KSM was on. The cells that there are, and
// those that cannot be met and why, are data (coverage_cells.cc).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "properties/coverage/arguments.h"
#include "properties/coverage/meetings.h"
#include "spec/errno.h"
#include "spec/outcome.h"
#include "spec/setup.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

inline constexpr std::size_t kCallCount = std::variant_size_v<spec::Syscall>;

/// What became of the merges at the two ends of a call's range. Where none happened, what kept the
/// range and its neighbour apart: the first of these that holds, in the order in which they stand
/// here.
enum class MergeOutcome : std::uint8_t {
  kLeft,
  kRight,
  kBoth,
  kSpecial,  ///< one of the two is VM_SPECIAL
  kFlags,
  kPolicy,  ///< memory policies
  kFile,
  kName,         ///< names of anonymous memory
  kUserfaultfd,  ///< another one watches it
  kAnonVma,
  kOffset,
  kExempt,        ///< nothing of these: an exemption says why they are apart
  kNothingThere,  ///< no neighbour at either end
  kNotDue,        ///< the call asks for no merge
};
inline constexpr std::size_t kMergeOutcomeCount = 14;

enum class KsmMode : std::uint8_t { kOff, kMadvised, kProcessWide };
inline constexpr std::size_t kKsmModeCount = 3;

/// An outcome's place in a row of results: 0 is success, the others are named errnos.
inline constexpr std::size_t kResultCount = 32;

class Coverage {
 public:
  /// Takes note of the cells of one step of one process.
  void note(const spec::Syscall& call, const spec::Outcome& outcome, const spec::Snapshot& before,
            const spec::Snapshot& after, const spec::Setup& setup);
  /// Takes note of the arguments of a call.
  void note_arguments(const spec::Syscall& call, const spec::Outcome& outcome);
  /// Takes note of which calls of a sequence met.
  void note_meetings(const spec::Sequence& sequence, std::span<const spec::Outcome> outcomes,
                     const spec::Setup& setup) {
    meetings_.note(sequence, outcomes, setup);
  }
  void add(const Coverage& other);

  [[nodiscard]] const Meetings& meetings() const { return meetings_; }
  [[nodiscard]] const Arguments& arguments() const { return arguments_; }
  [[nodiscard]] std::uint64_t results(std::size_t call, std::size_t result) const {
    return results_[call][result];
  }
  [[nodiscard]] std::uint64_t merges(std::size_t call, MergeOutcome outcome, KsmMode ksm) const {
    return merges_[call][static_cast<std::size_t>(outcome)][static_cast<std::size_t>(ksm)];
  }

 private:
  std::array<std::array<std::uint64_t, kResultCount>, kCallCount> results_{};
  std::array<std::array<std::array<std::uint64_t, kKsmModeCount>, kMergeOutcomeCount>, kCallCount>
      merges_{};
  Arguments arguments_;
  Meetings meetings_;
};

/// The place of an outcome in a row; nothing for a death or an errno without a name.
[[nodiscard]] std::optional<std::size_t> result_index(const spec::Outcome& outcome);
/// "ok", "ENOMEM", …; empty behind the last.
[[nodiscard]] std::string_view result_name(std::size_t result);
[[nodiscard]] std::string_view name(MergeOutcome outcome);
[[nodiscard]] std::string_view name(KsmMode ksm);

/// A cell that can be met, by the kernel's rules and with what the generator is given.
struct Cell {
  std::size_t call = 0;
  /// A result, or else an outcome of merging.
  std::optional<std::size_t> result;
  MergeOutcome merge = MergeOutcome::kNotDue;
  KsmMode ksm = KsmMode::kOff;
  friend bool operator==(const Cell&, const Cell&) = default;
};
/// "mmap ENOMEM", "mremap left, process-wide".
[[nodiscard]] std::string text(const Cell& cell);

/// Cells that look as if they could be met, and why they cannot.
struct Unmeetable {
  std::string_view call;              ///< every call, where empty
  std::optional<MergeOutcome> merge;  ///< every outcome, where there is none
  std::optional<KsmMode> ksm;         ///< every mode, where there is none
  std::string_view reason;
};
[[nodiscard]] std::span<const Unmeetable> unmeetable_cells();

/// All cells that can be met.
[[nodiscard]] std::span<const Cell> meetable_cells();
[[nodiscard]] std::uint64_t count_of(const Coverage& coverage, const Cell& cell);

}  // namespace vmadiff::properties
