// cli: a night's page, of the reports that nights leave. All of it is read from files: a night that
// went on after it was killed is shown as one that was not.
#include "cli/night_page.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "cli/campaign_page.h"
#include "reports/page/page.h"
#include "reports/store.h"

namespace vmadiff::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// A summary is the last line, and its behaviours and meetings fit well into that.
constexpr std::uintmax_t kTailBytes = std::uintmax_t{1} << 20;

ordered_json json_in(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return ordered_json::parse(file, nullptr, false);
}

/// The last line of a stage's output, as JSON; discarded where it is none.
ordered_json last_line_of(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return ordered_json::value_t::discarded;
  std::ifstream file{path, std::ios::binary};
  file.seekg(static_cast<std::streamoff>(size - std::min(size, kTailBytes)));
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return ordered_json::parse(text.substr(text.rfind('\n') + 1), nullptr, false);
}

/// What was met, by all campaigns of one night.
struct Met {
  std::set<std::string> behaviours;
  std::set<std::string> can_be_met;
  std::uint64_t pairs = 0;  ///< by the campaign that met most: which ones is not kept
  std::uint64_t pairs_there_are = 0;

  void add(const ordered_json& summary) {
    if (!summary.is_object() || summary.value("type", "") != "summary") return;
    if (!summary.contains("behaviours") || !summary["behaviours"].is_object()) return;
    for (const auto& [behaviour, count] : summary["behaviours"].items()) {
      can_be_met.insert(behaviour);
      if (count != 0) behaviours.insert(behaviour);
    }
    const ordered_json::json_pointer table{"/meetings/pairs of calls"};
    if (!summary.contains(table)) return;
    const auto all = summary[table].value("can_meet", std::uint64_t{0});
    const auto never = std::min(all, summary[table].value("never", all));
    pairs_there_are = std::max(pairs_there_are, all);
    pairs = std::max(pairs, all - never);
  }
};

Met met_in(const fs::path& night) {
  Met out;
  std::error_code error;
  for (fs::recursive_directory_iterator at{night, error}, end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".jsonl") out.add(last_line_of(at->path()));
  }
  return out;
}

reports::NightCoverage coverage_of(const Met& met, const std::set<std::string>& before) {
  reports::NightCoverage out{.behaviours_met = met.behaviours.size(),
                             .behaviours = met.can_be_met.size(),
                             .pairs_met = met.pairs,
                             .pairs = met.pairs_there_are,
                             .new_behaviours = {},
                             .new_pairs = {},
                             .never = {}};
  std::ranges::set_difference(met.behaviours, before, std::back_inserter(out.new_behaviours));
  std::ranges::set_difference(met.can_be_met, met.behaviours, std::back_inserter(out.never));
  return out;
}

/// Requires what nightly::to_json gives.
reports::Night night_of(const ordered_json& report) {
  reports::Night out{.date = report.at("night"),
                     .seconds = static_cast<std::uint64_t>(double{report.at("spent_seconds")}),
                     .machine = {},
                     .version = report.at("vmadiff"),
                     .systems = {},
                     .profile = {},
                     .seed = report.at("seed"),
                     .notes = {},
                     .stages = {},
                     .counts = {},
                     .findings = {},
                     .new_findings_counted = report.at("new").size(),
                     .known_findings_counted = report.at("seen").size(),
                     .coverage = {}};
  for (const ordered_json& stage : report.at("stages")) {
    const auto& numbers = stage.at("numbers");
    const auto number = [&](const char* what) { return numbers.value(what, std::uint64_t{0}); };
    const auto note = stage.value("note", "");
    std::string state = stage.at("state");
    if (state != "done")
      out.notes.push_back(fmt::format("{}: {}{}{}", std::string{stage.at("name")}, state,
                                      note.empty() ? "" : ": ", note));
    out.stages.push_back({.name = stage.at("name"),
                          .what = stage.at("asks"),
                          .outcome = note.empty() ? state : fmt::format("{}: {}", state, note),
                          .seconds = static_cast<std::uint64_t>(double{stage.at("seconds")}),
                          .calls = number("operations"),
                          .sequences = number("sequences"),
                          .findings = number("findings")});
  }
  if (const auto gone = report.at("gone").size(); gone != 0)
    out.counts.emplace_back("known findings that are gone", gone);
  return out;
}

std::string machine() {
  utsname name{};
  if (::uname(&name) != 0) return {};
  return fmt::format("{} {} ({}), {} processors", name.sysname, name.release, name.machine,
                     ::sysconf(_SC_NPROCESSORS_ONLN));
}

/// "A, B".
std::string listed(const ordered_json& words) {
  std::string out;
  for (const std::string word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

/// What a finding is where no report of it can be shown: a crash of a fuzzer, a suite that fails.
reports::Story told_story(const ordered_json& known, const std::string& note) {
  reports::Story out;
  out.title = known.at("key");
  out.finding = reports::StoryFinding{.claim = listed(known.at("claims")),
                                      .sentence = {},
                                      .explanation = known.at("explanation"),
                                      .fingerprint = known.at("name"),
                                      .known = {},
                                      .run_seed = {},
                                      .log = {}};
  out.notes.push_back(note);
  return out;
}

void add_findings(const ordered_json& list, const fs::path& directory, bool is_new,
                  reports::Night& night) {
  for (const ordered_json& known : list) {
    const std::string name = known.at("name");
    auto story = read_finding_file(directory / (name + ".json"));
    auto shown = story ? *std::move(story)
                       : told_story(known, "There is no picture of it: its files are " +
                                               (directory / name).string() + ".*");
    shown.facts.emplace_back("known as", known.at("key"));
    shown.facts.emplace_back("claims", listed(known.at("claims")));
    shown.facts.emplace_back("seen by", listed(known.at("stages")));
    night.findings.push_back({std::move(shown), is_new, known.at("first_night")});
  }
}

}  // namespace

std::expected<void, std::string> write_night_page(const nightly::Places& places,
                                                  const nightly::NightPlaces& night) {
  std::vector<reports::Night> nights;
  std::set<std::string> before;
  for (const fs::path& directory : nightly::nights_in(places)) {
    const auto report = json_in(directory / "report.json");
    const bool is_this = directory.filename() == night.night.filename();
    try {
      auto one = night_of(report);
      if (const auto met = met_in(directory); !met.can_be_met.empty()) {
        one.coverage = coverage_of(met, before);
        before.insert(met.behaviours.begin(), met.behaviours.end());
      }
      if (is_this) {
        one.machine = machine();
        one.new_findings_counted = one.known_findings_counted = 0;
        add_findings(report.at("new"), night.findings(), true, one);
        add_findings(report.at("seen"), places.findings(), false, one);
      }
      nights.push_back(std::move(one));
    } catch (const nlohmann::json::exception& error) {
      // One that was never finished has none; of this one it was written just now.
      if (is_this) return std::unexpected(fmt::format("its report.json: {}", error.what()));
    }
    if (is_this) break;
  }
  if (nights.empty()) return std::unexpected("there is no report of the night");
  if (auto written =
          reports::write_atomically(night.night / "index.html", reports::night_page(nights));
      !written)
    return std::unexpected(written.error().message);
  return {};
}

}  // namespace vmadiff::cli
