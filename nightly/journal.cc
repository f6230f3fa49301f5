// nightly: journals.
#include "nightly/journal.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

namespace vmadiff::nightly {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr int kJournalVersion = 1;
constexpr std::array<std::string_view, 5> kStates{"waiting", "running", "done", "skipped",
                                                  "broken"};

ordered_json json_of(const StageRecord& stage) {
  ordered_json out{{"name", stage.name},
                   {"asks", stage.asks},
                   {"state", name(stage.state)},
                   {"attempts", stage.attempts},
                   {"spent_ms", stage.spent.count()}};
  if (!stage.note.empty()) out["note"] = stage.note;
  if (!stage.numbers.empty()) out["numbers"] = stage.numbers;
  return out;
}

StageRecord stage_of(const ordered_json& json) {
  StageRecord out{.name = json.at("name"), .asks = json.at("asks"), .note = {}, .numbers = {}};
  const auto state = std::ranges::find(kStates, json.at("state").get<std::string>());
  if (state == kStates.end()) throw std::out_of_range{"state"};
  out.state = static_cast<State>(state - kStates.begin());
  out.attempts = json.at("attempts");
  out.spent = std::chrono::milliseconds{json.at("spent_ms").get<std::int64_t>()};
  if (json.contains("note")) out.note = json.at("note");
  if (json.contains("numbers")) out.numbers = json.at("numbers");
  return out;
}

Journal journal_of(const ordered_json& json, const NightPlaces& places) {
  if (json.at("version") != kJournalVersion) throw std::out_of_range{"version"};
  Journal out{.places = places,
              .night = json.at("night"),
              .begun = json.at("begun"),
              .version = json.at("vmadiff"),
              .seed = 0,
              .budget = {},
              .starts = json.at("starts"),
              .stages = {},
              .is_done = json.at("done")};
  const std::string seed = json.at("seed");
  std::from_chars(seed.data() + 2, seed.data() + seed.size(), out.seed, 16);
  const auto& budget = json.at("budget");
  if (budget.contains("seconds")) {
    out.budget.time = std::chrono::seconds{budget.at("seconds").get<std::int64_t>()};
  } else {
    out.budget.operations = budget.at("operations").get<std::uint64_t>();
  }
  for (const auto& stage : json.at("stages")) out.stages.push_back(stage_of(stage));
  return out;
}

/// The how manieth night of its day, for the order: 2026-11-27-10 comes behind 2026-11-27-9.
std::pair<std::string, unsigned> order_of(const fs::path& night) {
  const auto text = night.filename().string();
  const auto dash = text.rfind('-');
  unsigned number = 0;
  if (dash != std::string::npos)
    std::from_chars(text.data() + dash + 1, text.data() + text.size(), number);
  return {text.substr(0, dash), number};
}

std::string utc(const char* format) {
  return fmt::format(fmt::runtime(fmt::format("{{:{}}}", format)), fmt::gmtime(std::time(nullptr)));
}

}  // namespace

std::string_view name(State state) { return kStates[static_cast<std::size_t>(state)]; }

Result Journal::save() const {
  ordered_json out{{"type", "journal"},  {"version", kJournalVersion},
                   {"vmadiff", version}, {"night", night},
                   {"begun", begun},     {"seed", fmt::format("{:#x}", seed)}};
  if (budget.time) {
    out["budget"] = {
        {"seconds", std::chrono::duration_cast<std::chrono::seconds>(*budget.time).count()}};
  } else {
    out["budget"] = {{"operations", budget.operations.value_or(0)}};
  }
  out["starts"] = starts;
  out["done"] = is_done;
  out["stages"] = ordered_json::array();
  for (const StageRecord& stage : stages) out["stages"].push_back(json_of(stage));
  return write_json(places.journal(), out);
}

StageRecord* Journal::find(std::string_view stage) {
  const auto at = std::ranges::find(stages, stage, &StageRecord::name);
  return at == stages.end() ? nullptr : &*at;
}

std::chrono::milliseconds Journal::spent() const {
  std::chrono::milliseconds sum{};
  for (const StageRecord& stage : stages) sum += stage.spent;
  return sum;
}

std::vector<fs::path> nights_in(const Places& places) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator at{places.nights(), error}, end; !error && at != end;
       at.increment(error)) {
    if (at->is_directory(error)) out.push_back(at->path());
  }
  std::ranges::sort(out, {}, order_of);
  return out;
}

std::expected<std::optional<Journal>, spec::ToolFault> unfinished_night(const Places& places) {
  const auto nights = nights_in(places);
  if (nights.empty()) return std::nullopt;
  const NightPlaces last{nights.back()};
  const auto json = read_json(last.journal());
  if (!json) return std::unexpected(json.error());
  // Killed before its journal was there: it had done nothing.
  if (json->is_null()) return std::nullopt;
  try {
    auto journal = journal_of(*json, last);
    if (journal.is_done) return std::nullopt;
    return journal;
  } catch (const std::exception& error) {
    return std::unexpected(spec::ToolFault{fmt::format(
        "{}: expected the journal of a night, as this vmadiff writes it: {} (remove the directory "
        "to begin another night)",
        last.journal().string(), error.what())});
  }
}

std::expected<Journal, spec::ToolFault> new_night(const Places& places) {
  const auto day = utc("%Y-%m-%d");
  unsigned number = 1;
  if (const auto nights = nights_in(places); !nights.empty()) {
    const auto [last_day, last_number] = order_of(nights.back());
    // One that was killed before its journal was there is taken over.
    const bool is_empty = !fs::exists(NightPlaces{nights.back()}.journal());
    if (last_day == day) number = last_number + (is_empty ? 0 : 1);
  }
  Journal out;
  out.night = fmt::format("{}-{}", day, number);
  out.places = {places.nights() / out.night};
  out.begun = utc("%Y-%m-%dT%H:%M:%SZ");
  if (auto made = make_directory(out.places.night); !made) return std::unexpected(made.error());
  return out;
}

}  // namespace vmadiff::nightly
