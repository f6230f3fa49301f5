// nightly: reports.
#include "nightly/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/json.h"
#include "reports/quoting.h"
#include "reports/store.h"
#include "reports/trace.h"

namespace vmadiff::nightly {
namespace {

using nlohmann::ordered_json;
using reports::TestOutcome;

constexpr int kReportVersion = 1;
constexpr std::size_t kColumns = 96;

double in_seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// "1:02:03", "0:07".
std::string clock_text(std::chrono::milliseconds time) {
  const auto total = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (total >= 3600)
    return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

std::string budget_text(const process::Budget& budget) {
  if (budget.time)
    return clock_text(std::chrono::duration_cast<std::chrono::milliseconds>(*budget.time));
  return fmt::format("{} operations", budget.operations.value_or(0));
}

std::string words_of(const StageRecord& stage) {
  std::vector<std::string> words;
  for (const auto& [name, count] : stage.numbers) {
    auto what = name;
    std::ranges::replace(what, '_', ' ');
    words.push_back(fmt::format("{} {}", count, what));
  }
  auto out = fmt::format("{}", fmt::join(words, ", "));
  if (!stage.note.empty()) out += (out.empty() ? "" : "; ") + stage.note;
  return out;
}

std::string finding_text(const Known& known, const Places& places) {
  auto out = fmt::format("  {}\n", known.key);
  const auto line =
      fmt::format("{}{}. {}{}", fmt::join(known.claims, ", "), known.again ? ", again" : "",
                  known.explanation, known.reproducible ? "" : " (a second run did not show it)");
  for (const auto& part : reports::wrapped(reports::printable(line), kColumns))
    out += fmt::format("    {}\n", part);
  out +=
      fmt::format("    seen by {}; since {}\n", fmt::join(known.stages, ", "), known.first_night);
  const auto stem = places.findings() / known.name;
  for (const auto& suffix : known.suffixes)
    out += fmt::format("    {}\n", reports::shell_path((stem.string() + suffix)));
  if (known.replays)
    out += fmt::format("    vmadiff replay {} --verbose\n",
                       reports::shell_path(stem.string() + ".trace"));
  return out;
}

ordered_json list_of(const std::vector<Known>& list) {
  auto out = ordered_json::array();
  for (const Known& known : list) out.push_back(to_json(known));
  return out;
}

TestOutcome outcome_of(State state) {
  switch (state) {
    case State::kDone:
      return TestOutcome::kPassed;
    case State::kBroken:
      return TestOutcome::kBroken;
    default:
      return TestOutcome::kSkipped;
  }
}

bool is_first_of(const Known& known, const StageRecord& stage) {
  return !known.stages.empty() && known.stages.front() == stage.name;
}

}  // namespace

bool Report::has_broken() const {
  return std::ranges::any_of(
      journal.stages, [](const StageRecord& stage) { return stage.state == State::kBroken; });
}

int Report::exit_status() const {
  if (!fresh.empty()) return 1;
  return has_broken() ? 3 : 0;
}

Report report_of(const Journal& journal, const KnownFindings& known) {
  Report out{.journal = journal, .fresh = {}, .seen = {}, .gone = {}};
  for (const Known& one : known.all()) {
    if (one.is_new_in(journal.night)) {
      out.fresh.push_back(one);
    } else if (one.last_night == journal.night) {
      out.seen.push_back(one);
    } else if (one.gone_since == journal.night) {
      out.gone.push_back(one);
    }
  }
  return out;
}

std::string text(const Report& report, const Places& places) {
  const Journal& journal = report.journal;
  auto out = fmt::format("vmadiff {} nightly  {}  seed {:#x}  budget {}\n", journal.version,
                         journal.night, journal.seed, budget_text(journal.budget));
  out += fmt::format("begun {}, started {} time{}, spent {}{}\n\n", journal.begun, journal.starts,
                     journal.starts == 1 ? "" : "s", clock_text(journal.spent()),
                     journal.is_done ? "" : "; not at its end yet: the same command goes on");
  for (const StageRecord& stage : journal.stages) {
    out += fmt::format("{:<24} {:<8} {:>8}  {}\n", stage.name, name(stage.state),
                       clock_text(stage.spent), words_of(stage));
  }
  out += fmt::format("\nnew findings             {}\n", report.fresh.size());
  for (const Known& known : report.fresh) out += finding_text(known, places);
  out += fmt::format("known, and seen again    {}\n", report.seen.size());
  for (const Known& known : report.seen)
    out += fmt::format("  {}  since {}{}\n", known.key, known.first_night,
                       known.by_nature ? ", by the profile's nature" : "");
  out += fmt::format("known, and gone now      {}\n", report.gone.size());
  for (const Known& known : report.gone)
    out += fmt::format("  {}  since {}\n", known.key, known.first_night);
  return out;
}

ordered_json to_json(const Report& report) {
  const Journal& journal = report.journal;
  ordered_json out{{"type", "night"},
                   {"version", kReportVersion},
                   {"vmadiff", journal.version},
                   {"night", journal.night},
                   {"begun", journal.begun},
                   {"done", journal.is_done},
                   {"starts", journal.starts},
                   {"seed", fmt::format("{:#x}", journal.seed)}};
  if (journal.budget.time) {
    out["budget"] = {
        {"seconds",
         std::chrono::duration_cast<std::chrono::seconds>(*journal.budget.time).count()}};
  } else {
    out["budget"] = {{"operations", journal.budget.operations.value_or(0)}};
  }
  out["spent_seconds"] = in_seconds(journal.spent());
  out["stages"] = ordered_json::array();
  for (const StageRecord& stage : journal.stages) {
    ordered_json one{{"name", stage.name},
                     {"asks", stage.asks},
                     {"state", name(stage.state)},
                     {"attempts", stage.attempts},
                     {"seconds", in_seconds(stage.spent)}};
    if (!stage.note.empty()) one["note"] = stage.note;
    one["numbers"] = ordered_json::object();
    for (const auto& [what, count] : stage.numbers) one["numbers"][what] = count;
    out["stages"].push_back(std::move(one));
  }
  out["new"] = list_of(report.fresh);
  out["seen"] = list_of(report.seen);
  out["gone"] = list_of(report.gone);
  out["exit_status"] = report.exit_status();
  return out;
}

std::vector<reports::TestSuite> suites_of(const Report& report) {
  std::vector<reports::TestSuite> out;
  for (const StageRecord& stage : report.journal.stages) {
    reports::TestSuite suite{.name = stage.name, .results = {}};
    suite.results.push_back(
        {.name = stage.asks,
         .outcome = outcome_of(stage.state),
         .reason = stage.note.empty() ? std::string{name(stage.state)} : stage.note,
         .details = {},
         .seconds = in_seconds(stage.spent)});
    for (const Known& known : report.fresh) {
      if (!is_first_of(known, stage)) continue;
      suite.results.push_back({.name = known.key,
                               .outcome = TestOutcome::kFailed,
                               .reason = fmt::format("{}", fmt::join(known.claims, ", ")),
                               .details = {known.explanation},
                               .seconds = {}});
    }
    for (const Known& known : report.seen) {
      if (!is_first_of(known, stage)) continue;
      suite.results.push_back({.name = known.key,
                               .outcome = TestOutcome::kSkipped,
                               .reason = "known since " + known.first_night,
                               .details = {},
                               .seconds = {}});
    }
    out.push_back(std::move(suite));
  }
  return out;
}

Result write_reports(const Report& report, const Places& places) {
  const auto& night = report.journal.places;
  if (!report.fresh.empty()) {
    if (auto made = make_directory(night.findings()); !made) return made;
  }
  for (const Known& known : report.fresh) {
    for (const auto& suffix : known.suffixes) {
      const auto file = known.name + suffix;
      if (auto copied = copy_whole(places.findings() / file, night.findings() / file); !copied)
        return copied;
    }
  }
  const auto suites = suites_of(report);
  const std::array<std::pair<std::string_view, std::string>, 4> pages{{
      {"report.txt", text(report, places)},
      {"report.json", reports::dumped(to_json(report), 2) + "\n"},
      {"report.ktap", reports::ktap_text(suites)},
      {"report.xml", reports::junit_xml(suites)},
  }};
  for (const auto& [name, content] : pages) {
    if (auto written = reports::write_atomically(night.night / name, content); !written)
      return written;
  }
  return {};
}

}  // namespace vmadiff::nightly
