// reports: a sequence as a C program: one self-contained file that runs the calls, prints the maps
// they make, and says whether both are as expected.
//
// An ordinary process has mappings of its own, and its break and the addresses of hint-less
// mappings lie elsewhere. So the program is told where they were expected: breaks are counted from
// where its own begins; a mapping that the kernel was to place is asked for, by a hint, at the
// expected address moved down by a constant, where nothing else is; and later calls that use such
// an address are moved with it. All other addresses are used as they are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "properties/claims/finding.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/snapshot.h"

namespace vmadiff::reports {

struct Reproduction {
  std::vector<std::string> story;  ///< lines of the opening comment
  spec::Setup setup;               ///< in which the expected results came about
  spec::Sequence sequence;         ///< a step without an expected result is run, not asserted
  spec::Snapshot expected;         ///< the state after the last step
  std::string held;                ///< what the program says when all is as expected
  std::string differed;            ///< and when not
  bool ignore_mergeable = false;   ///< VM_MERGEABLE may differ
  /// What stays committed of the calls is what the program asks, and nothing else.
  bool looks_at_committed = false;
};

/// A line for the story where the expected results came about in a set-up of its own (in words,
/// spec/setup_text.h): no program can choose the limits of its machine.
[[nodiscard]] std::string machine_note(std::string_view setup);

[[nodiscard]] std::string c_program(const Reproduction& reproduction);

/// The finding's sequence up to the failing step, against its first view. For a claim about one
/// state the expected side is the state that breaks the claim.
[[nodiscard]] std::string c_reproducer(const properties::Finding& finding);

}  // namespace vmadiff::reports
