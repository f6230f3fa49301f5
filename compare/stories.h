// compare: what systems do with a trace, as a story for a page (reports/page/). No judgement.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reports/page/story.h"
#include "spec/setup.h"
#include "spec/system.h"
#include "spec/trace_text.h"

namespace vmadiff::compare {

/// Runs the trace on all systems, call by call, and looks at each after each call. A system that
/// dies gives "died" from there on. The comments before the first call become the story's.
[[nodiscard]] std::expected<reports::Story, spec::ToolFault> story_of_run(
    reports::Story head, const spec::Trace& trace, const spec::Setup& setup,
    const std::vector<spec::System*>& systems);

/// A finding's JSON (reports/json.h) as a story. The states that it holds are those of the call
/// where it shows; the calls before it are run on the model, and that is said. The error says what
/// is wrong with the JSON.
[[nodiscard]] std::expected<reports::Story, std::string> story_of_finding(
    const nlohmann::ordered_json& json);

}  // namespace vmadiff::compare
