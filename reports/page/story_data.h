// reports/page: how does one look at it? This file: a story as the data that the page's script
// reads. Addresses are hex text without 0x (a script's numbers have 53 bits); boundaries and VMAs
// are places in lists.
#pragma once

#include <nlohmann/json.hpp>

#include "reports/page/axis.h"
#include "reports/page/story.h"

namespace vmadiff::reports {

/// {"first", "shown", "axis": {"at", "x", "gaps"}, "kinds", "details", "bars": [[start, end, kind,
/// detail]], "layouts": [[bar]], "steps": [{"process", "named", "views": [{"systems", "outcome",
/// "layout", "facts", "extra", "missing", "differing"}]}]}. What is empty is left out of a view.
[[nodiscard]] nlohmann::ordered_json story_data(const Story& story, const Axis& axis);

}  // namespace vmadiff::reports
