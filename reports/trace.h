// reports: a finding as a trace that `replay` runs, with its story in comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "properties/claims/finding.h"

namespace vmadiff::reports {

/// The finding's sequence with comments that state claim, explanation, profile, systems and seeds.
/// The steps' expected results are asserted as far as the finding has them (but for deaths).
[[nodiscard]] std::string print_finding_trace(const properties::Finding& finding);

/// The limits that the finding needs (spec/setup_text.h), empty where they are the canonical ones,
/// and where a real kernel takes part: its set-up is what it is.
[[nodiscard]] std::string setup_directive(const properties::Finding& finding);

/// The systems that take part in the finding, by name, without what a relation adds to it
/// ("model, KSM on from the start" is the model): each once, the expected one first.
[[nodiscard]] std::vector<std::string> systems_of(const properties::Finding& finding);

/// The command that replays a finding's trace on the systems that take part, as it can be pasted
/// into a shell.
[[nodiscard]] std::string replay_command(std::string_view trace,
                                         const std::vector<std::string>& systems,
                                         std::string_view sanitize);

/// "confirmed on guest:debian-7.3", "not shown by guest:debian-7.3", "guest:debian-7.3 cannot say:
/// …"; empty where no booted kernel was asked.
[[nodiscard]] std::string confirmation_line(const properties::Finding& finding);

/// `text` broken at spaces into lines of at most `columns`.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

/// "run 0x2a, sequence 0x1f"; "not from a campaign" without.
[[nodiscard]] std::string seeds_text(const properties::Finding& finding);

}  // namespace vmadiff::reports
