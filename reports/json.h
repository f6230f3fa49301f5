// reports: findings and run summaries as JSON, keys in a fixed order. Numbers that are addresses or
// seeds are hex strings: a 64-bit number does not survive every JSON reader.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "properties/claims/finding.h"
#include "reports/store.h"
#include "reports/summary.h"

namespace vmadiff::reports {

/// As text: ASCII, whatever is in it (bytes that are no UTF-8 become U+FFFD).
[[nodiscard]] std::string dumped(const nlohmann::ordered_json& object, int indent = -1);

/// What is seen of one state: each VMA with its attributes by name, the counters, the break.
[[nodiscard]] nlohmann::ordered_json to_json(const spec::Snapshot& snapshot,
                                             const spec::Observes& observes);
[[nodiscard]] nlohmann::ordered_json to_json(const properties::Finding& finding);
/// The same with "trace", where it was written, and "replayed": whether that file shows it again in
/// a fresh process (null where that was not tried).
[[nodiscard]] nlohmann::ordered_json json_with_files(const properties::Finding& finding,
                                                     const FindingFiles& files);
[[nodiscard]] nlohmann::ordered_json to_json(const RunHeader& header);
[[nodiscard]] nlohmann::ordered_json to_json(const RunSummary& summary);

}  // namespace vmadiff::reports
