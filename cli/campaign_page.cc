// cli: the page of a campaign.
#include "cli/campaign_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/trace_file.h"
#include "compare/stories.h"
#include "reports/page/page.h"
#include "reports/quoting.h"
#include "reports/store.h"
#include "systems/machine.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

namespace fs = std::filesystem;

/// As long as a trace may be, with a state of as many VMAs for each system.
constexpr std::size_t kFindingBytesMax = std::size_t{256} << 20;

reports::Night night_of(const CampaignNote& note) {
  const auto& tally = note.summary.tally;
  std::uint64_t different = 0;
  for (const auto& [claim, count] : note.summary.claims) different += count.findings;
  reports::Night out{.date = {},
                     .seconds = note.seconds,
                     .machine = {},
                     .version = note.header.version,
                     .systems = note.header.systems,
                     .profile = note.header.profile,
                     .seed = fmt::format("{:#x}", note.header.seed),
                     .notes = note.header.notes,
                     .stages = {},
                     .counts = {},
                     .findings = {},
                     .new_findings_counted = 0,
                     .known_findings_counted = 0,
                     .coverage = {}};
  out.stages.push_back({.name = "check",
                        .what = systems::joined(note.header.systems),
                        .outcome = note.summary.interrupted ? "interrupted"
                                   : different == 0         ? "every property held"
                                                            : "does not hold",
                        .seconds = note.seconds,
                        .calls = tally.operations,
                        .sequences = tally.sequences,
                        .findings = different});
  for (const std::string& system : note.header.systems) {
    if (!systems::is_real(system)) continue;
    out.machine += fmt::format("{}{}: {}", out.machine.empty() ? "" : "; ", system,
                               systems::machine_line(system));
  }
  if (tally.remote_operations != 0)
    out.counts.emplace_back("by the kernel", tally.remote_operations);
  if (note.summary.coverage) out.coverage = reports::coverage_of(*note.summary.coverage);
  return out;
}

}  // namespace

std::vector<fs::path> finding_files(const fs::path& directory) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator at{directory, error}; !error && at != fs::directory_iterator{};
       at.increment(error)) {
    if (at->path().extension() == ".json" && at->is_regular_file(error)) out.push_back(at->path());
  }
  std::ranges::sort(out);
  return out;
}

std::expected<reports::Story, std::string> read_finding_file(const fs::path& path) {
  const auto text = read_bytes(path.string(), "a finding", kFindingBytesMax);
  if (!text) return std::unexpected(text.error());
  const auto shown = reports::printable_line(path.string());
  const auto json = nlohmann::ordered_json::parse(*text, nullptr, false);
  if (json.is_discarded())
    return std::unexpected(
        fmt::format("{}: is no JSON, expected a finding that check wrote", shown));
  auto story = compare::story_of_finding(json);
  if (!story) return std::unexpected(fmt::format("{}: {}", shown, story.error()));
  return *std::move(story);
}

std::expected<void, std::string> write_campaign_page(const fs::path& page, const fs::path& findings,
                                                     const CampaignNote& note) {
  auto night = night_of(note);
  const auto seed = fmt::format("{:#x}", note.header.seed);
  for (const fs::path& path : finding_files(findings)) {
    auto story = read_finding_file(path);
    if (!story) {
      // Whatever else lies there is no reason to be without the page.
      night.notes.push_back(story.error());
      continue;
    }
    // Where the run was cut short, what it had found before is known by its seed.
    const bool is_new =
        note.stems.contains(path.stem().string()) || story->finding->run_seed == seed;
    night.findings.push_back({*std::move(story), is_new, {}});
  }
  if (auto written = reports::write_atomically(page, reports::campaign_page(night)); !written)
    return std::unexpected(written.error().message);
  return {};
}

}  // namespace vmadiff::cli
