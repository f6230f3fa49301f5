// nightly: stages that are a `vmadiff check`.
#include <fmt/format.h>

#include <algorithm>

#include "nightly/attend.h"
#include "nightly/context.h"
#include "nightly/harvest.h"
#include "process/exit_status.h"

namespace vmadiff::nightly {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// A campaign comes to its end later than it was told where a machine has to boot, or a finding to
/// be made small: by as long again as its time, within these bounds.
constexpr std::chrono::seconds kGraceMin{60};
constexpr std::chrono::seconds kGraceMax{600};
/// More would be one bug in many dresses.
constexpr int kFindingsMax = 20;

/// The last line of what it printed, where that is its summary.
ordered_json summary_of(const fs::path& out) {
  auto text = text_of(out);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  auto json = ordered_json::parse(text.substr(text.rfind('\n') + 1), nullptr, false);
  if (json.is_discarded() || !json.is_object() || json.value("type", "") != "summary") return {};
  return json;
}

void count(const ordered_json& summary, StageRecord& record) {
  for (const auto* what : {"sequences", "operations", "remote_operations"}) {
    if (const auto number = summary.value(what, std::uint64_t{0}); number != 0)
      record.numbers[what] += number;
  }
  if (!summary.contains("behaviours")) return;
  const auto& cells = summary.at("behaviours");
  const auto met = std::ranges::count_if(cells, [](const ordered_json& cell) { return cell != 0; });
  record.numbers["behaviours"] =
      std::max(record.numbers["behaviours"], static_cast<std::uint64_t>(met));
  record.numbers["behaviours_there_are"] = cells.size();
}

/// What an earlier attempt could not settle, and what this one broke on, is not tried for ever.
Result set_aside(const fs::path& sights, const fs::path& place, std::uint64_t attempt) {
  if (files_in(sights, ".trace").empty()) return {};
  const auto aside = place / fmt::format("unsettled-{}", attempt);
  if (auto made = make_directory(aside); !made) return made;
  for (const auto& file : files_in(sights, ".trace")) {
    if (auto copied = copy_whole(file, aside / file.filename()); !copied) return copied;
    std::error_code ignored;
    fs::remove(file, ignored);
  }
  return {};
}

/// "mremap" of "impl: mremap/total_vm under linux-6.18".
std::string_view call_of(std::string_view key) {
  const auto from = key.find(": ");
  return from == std::string_view::npos ? key : key.substr(from, key.find('/') - from);
}

/// What is seen by making allocations fail, or of a relation, may be there without: then it has the
/// name that the plainer look gives it. What that look sees at another call is another finding, and
/// takes nothing's place. What is known is left as it is.
std::expected<std::vector<Found>, spec::ToolFault> plainer(Context& context, const Stage& stage,
                                                           StageRecord& record,
                                                           std::vector<Found> found) {
  std::vector<Found> out;
  for (Found& one : found) {
    const bool is_known = std::ranges::any_of(
        context.known.all(), [&](const Known& known) { return known.key == one.key; });
    std::vector<Found> shown;
    if (!is_known && !one.by_nature && !one.files.empty()) {
      auto seen = seen_by_check(context, stage, record, one.files.front().second);
      if (!seen) return std::unexpected(seen.error());
      shown = *std::move(seen);
    }
    const bool is_the_same = std::ranges::any_of(shown, [&](const Found& other) {
      return !other.by_nature && call_of(other.key) == call_of(one.key);
    });
    if (!is_the_same) out.push_back(std::move(one));
    out.insert(out.end(), shown.begin(), shown.end());
  }
  return out;
}

}  // namespace

StageResult run_check(Context& context, const Stage& stage, StageRecord& record,
                      const Share& share) {
  const auto place = context.place_of(stage);
  const auto found = place / "found";
  const auto sights = context.places.sights(stage.name);
  for (const auto& directory : {place, sights}) {
    if (auto made = make_directory(directory); !made) return std::unexpected(made.error());
  }
  auto words = stage.words;
  const auto add = [&](std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
  };
  add({"--json", "--out", found.string(), "--sights", sights.string(), "--max-findings",
       fmt::format("{}", kFindingsMax), "--seed", fmt::format("{:#x}", seed_of(context, record))});
  Limits limits{.time = {}, .grace = std::chrono::minutes{1}, .is_enough = {}};
  if (share.operations) {
    add({"--ops", fmt::format("{}", *share.operations), "--jobs", "1"});
    record.numbers.clear();  // it is made anew
  } else {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(*share.time);
    add({"--time", fmt::format("{}s", seconds.count()), "--jobs",
         fmt::format("{}", context.options.jobs)});
    limits.time = seconds + std::clamp(seconds, kGraceMin, kGraceMax);
  }
  const auto out = place / fmt::format("out-{}.jsonl", record.attempts);
  const auto err = place / fmt::format("err-{}", record.attempts);
  const bool had_left_over = !files_in(sights, ".trace").empty();
  const auto ended =
      attend(context, record,
             {.words = words, .directory = {}, .out = out, .err = err, .environment = {}}, limits);
  if (!ended) return std::unexpected(ended.error());
  const auto summary = summary_of(out);
  if (!summary.is_null()) count(summary, record);
  const auto named = plainer(context, stage, record, found_in(found, stage.name));
  if (!named) return std::unexpected(named.error());
  if (auto filed = file_all(context, record, *named); !filed) return std::unexpected(filed.error());
  if (ended->cut == Cut::kByInterrupt) return StageEnd{State::kRunning, ""};
  if (ended->cut == Cut::kByDisk)
    return StageEnd{State::kBroken, "it took more disk than a stage may"};
  const int status = ended->status();
  if (ended->has_exited() && (status == 0 || status == 1)) {
    const auto left = files_in(sights, ".trace").size();
    return StageEnd{State::kDone,
                    left == 0 ? "" : fmt::format("{} more sights wait for the next night", left)};
  }
  if (had_left_over) {
    if (auto put = set_aside(sights, place, record.attempts); !put)
      return std::unexpected(put.error());
  }
  if (ended->cut == Cut::kByTime && summary.is_null())
    return StageEnd{State::kSkipped, "its time was up before it had begun"};
  if (ended->cut == Cut::kByTime) return StageEnd{State::kBroken, "it did not come to its end"};
  if (!ended->has_exited()) return StageEnd{State::kBroken, "it died of " + ended->how()};
  // Before anything was run: this machine lacks what was asked for. Any other end is a fault.
  const bool lacks = summary.is_null() && status == static_cast<int>(process::ExitStatus::kLacks);
  return StageEnd{lacks ? State::kSkipped : State::kBroken, last_words(err)};
}

}  // namespace vmadiff::nightly
