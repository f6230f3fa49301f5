// reports: a trace with all that is expected of it, step by step: what every writer of another form
// begins with (the C program here, others in exports/). It knows no system: who ran the calls to
// know what to expect has put it in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/snapshot.h"

namespace vmadiff::reports {

struct ReproducedStep {
  spec::ProcessId process = 0;
  spec::Syscall call;
  std::optional<spec::Outcome> expected;  ///< nothing: run, not asserted. Never a death
  /// Which of the layouts the process has afterwards; nothing: it is not looked at.
  std::optional<std::size_t> layout = {};
};

/// A process that is there after the last step.
struct ReproducedEnd {
  spec::ProcessId process = 0;
  std::size_t layout = 0;
  spec::Counters counters;
  spec::Address brk = 0;
  bool merge_any = false;
};

/// Whether what stays committed of the calls is what is asked, and nothing else.
enum class Committed : std::uint8_t { kNotAsked, kNothingStays, kSomethingStays };

struct Reproduction {
  std::vector<std::string> story;  ///< what it is about, in lines
  std::string name;                ///< of the trace, without directory and suffix
  std::string profile;             ///< as text (spec/profile_text.h)
  spec::Setup setup;               ///< in which the expected results came about
  std::string own_setup;           ///< what of it is the trace's own, as text; or empty
  std::vector<ReproducedStep> steps;
  std::vector<std::vector<spec::Vma>> layouts;  ///< of what the calls mapped
  std::vector<ReproducedEnd> ends;
  std::string held;               ///< what is said when all is as expected
  std::string differed;           ///< and when not
  bool ignore_mergeable = false;  ///< VM_MERGEABLE may differ
  Committed committed = Committed::kNotAsked;

  /// Adds a layout (what was there before the calls is left out) and gives its index; one that is
  /// equal to the last is not kept twice.
  std::size_t add_layout(const std::vector<spec::Vma>& vmas);
};

/// A line for the story where the expected results came about in a set-up of its own (in words,
/// spec/setup_text.h).
[[nodiscard]] std::string machine_note(std::string_view setup);

/// Whether a call of it is about KSM.
[[nodiscard]] bool uses_ksm(const std::vector<ReproducedStep>& steps);

}  // namespace vmadiff::reports
