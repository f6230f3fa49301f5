// reports: findings and run summaries as JSON, keys in a fixed order. Numbers that are addresses or
// seeds are hex strings: a 64-bit number does not survive every JSON reader.
#pragma once

#include <nlohmann/json.hpp>

#include "properties/finding.h"
#include "reports/summary.h"

namespace vmadiff::reports {

[[nodiscard]] nlohmann::ordered_json to_json(const properties::Finding& finding);
[[nodiscard]] nlohmann::ordered_json to_json(const RunHeader& header);
[[nodiscard]] nlohmann::ordered_json to_json(const RunSummary& summary);

}  // namespace vmadiff::reports
