// reports/page: what a night comes to.
#include "reports/page/night.h"

#include <algorithm>
#include <numeric>

namespace vmadiff::reports {

std::uint64_t Night::new_findings() const {
  return new_findings_counted + static_cast<std::uint64_t>(std::ranges::count_if(
                                    findings, [](const auto& one) { return one.is_new; }));
}

std::uint64_t Night::known_findings() const {
  return known_findings_counted + static_cast<std::uint64_t>(std::ranges::count_if(
                                      findings, [](const auto& one) { return !one.is_new; }));
}

std::uint64_t Night::calls() const {
  return std::accumulate(stages.begin(), stages.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& stage) { return sum + stage.calls; });
}

std::vector<std::string> behaviours_met(const properties::Coverage& coverage) {
  std::vector<std::string> out;
  for (const auto& cell : properties::meetable_cells()) {
    if (count_of(coverage, cell) != 0) out.push_back(properties::text(cell));
  }
  return out;
}

std::vector<std::string> pairs_met(const properties::Coverage& coverage) {
  std::vector<std::string> out;
  for (const auto& pair : properties::meetable_pairs()) {
    if (coverage.meetings().pair(pair.first, pair.second) != 0)
      out.push_back(properties::text(pair));
  }
  return out;
}

NightCoverage coverage_of(const properties::Coverage& coverage) {
  NightCoverage out;
  out.behaviours = properties::meetable_cells().size();
  out.pairs = properties::meetable_pairs().size();
  out.pairs_met = pairs_met(coverage).size();
  for (const auto& cell : properties::meetable_cells()) {
    if (count_of(coverage, cell) == 0) out.never.push_back(properties::text(cell));
  }
  out.behaviours_met = out.behaviours - out.never.size();
  return out;
}

}  // namespace vmadiff::reports
