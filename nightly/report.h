// nightly: a night as a report: text, JSON, KTAP and JUnit, all of one object.
#pragma once

#include <string>
#include <vector>

#include "nightly/journal.h"
#include "nightly/known.h"
#include "reports/test_results.h"

namespace vmadiff::nightly {

struct Report {
  Journal journal;
  std::vector<Known> fresh;  ///< what this night has found, and no night before it
  std::vector<Known> seen;   ///< what was known, and was seen again
  std::vector<Known> gone;   ///< what was known, and whose trace holds since this night

  /// A stage whose asking failed: nothing is known of what it would have found.
  [[nodiscard]] bool has_broken() const;
  /// 1 where something is new; 3 where nothing is, and a stage is broken; else 0.
  [[nodiscard]] int exit_status() const;
};

[[nodiscard]] Report report_of(const Journal& journal, const KnownFindings& known);

[[nodiscard]] std::string text(const Report& report, const Places& places);
[[nodiscard]] nlohmann::ordered_json to_json(const Report& report);
/// A suite a stage: the stage itself, then each finding that it was the first to see this night.
[[nodiscard]] std::vector<reports::TestSuite> suites_of(const Report& report);

/// Writes report.txt, report.json, report.ktap and report.xml into the night's directory, and the
/// files of what is new into its findings/. Called again it writes the same.
[[nodiscard]] Result write_reports(const Report& report, const Places& places);

}  // namespace vmadiff::nightly
