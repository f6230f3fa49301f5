// nightly: stages that are a `vmadiff replay`: of traces that hold, and of those that did not.
#include <fmt/format.h>

#include <algorithm>

#include "nightly/attend.h"
#include "nightly/context.h"
#include "nightly/harvest.h"

namespace vmadiff::nightly {
namespace {

using nlohmann::ordered_json;

/// Each line of the answer, as JSON.
std::vector<ordered_json> answers_in(const std::filesystem::path& out) {
  std::vector<ordered_json> answers;
  const auto text = text_of(out);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto json = ordered_json::parse(text.substr(at, end - at), nullptr, false);
    if (!json.is_discarded() && json.is_object()) answers.push_back(std::move(json));
    at = end + 1;
  }
  return answers;
}

struct Replayed {
  std::vector<ordered_json> files;
  std::optional<StageEnd> cut;  ///< where it did not come to its end
};

std::expected<Replayed, spec::ToolFault> replay(Context& context, const Stage& stage,
                                                StageRecord& record,
                                                const std::vector<std::string>& paths) {
  const auto place = context.place_of(stage);
  if (auto made = make_directory(place); !made) return std::unexpected(made.error());
  auto words = stage.words;
  words.insert(words.end(), paths.begin(), paths.end());
  const auto out = place / "out.jsonl";
  const auto ended = attend(
      context, record,
      {.words = words, .directory = {}, .out = out, .err = place / "err", .environment = {}}, {});
  if (!ended) return std::unexpected(ended.error());
  Replayed replayed;
  bool is_whole = false;
  for (auto& answer : answers_in(out)) {
    is_whole = is_whole || answer.value("type", "") == "replay-summary";
    if (answer.value("type", "") == "replay") replayed.files.push_back(std::move(answer));
  }
  if (ended->cut == Cut::kByInterrupt) {
    replayed.cut = StageEnd{State::kRunning, ""};
  } else if (!is_whole) {
    const auto why = ended->has_exited() ? last_words(place / "err") : "it died of " + ended->how();
    replayed.cut = StageEnd{State::kBroken, why};
  }
  return replayed;
}

}  // namespace

StageResult run_replay(Context& context, const Stage& stage, StageRecord& record) {
  const auto replayed = replay(context, stage, record, {});
  if (!replayed) return std::unexpected(replayed.error());
  record.numbers.clear();
  std::vector<Found> found;
  for (const auto& answer : replayed->files) {
    const auto verdict = answer.value("verdict", "");
    const auto file = answer.value("file", "");
    ++record.numbers[verdict];
    const auto profile = answer.value("profile", "any");
    if (verdict == "ok") {
      auto noted = context.known.note_gone(fmt::format("replay: {} under {}", file, profile),
                                           context.journal.night);
      if (!noted) return std::unexpected(noted.error());
    }
    if (verdict != "failed" && verdict != "unreadable") continue;
    if (verdict == "failed") {
      // Where it is no matter of a real kernel, it has the name that a campaign gives it.
      auto shown = seen_by_check(context, stage, record, file, answer.value("profile", ""));
      if (!shown) return std::unexpected(shown.error());
      if (!shown->empty()) {
        found.insert(found.end(), shown->begin(), shown->end());
        continue;
      }
    }
    std::string why = answer.value("reason", "");
    if (answer.contains("failures")) why = answer.at("failures").at(0);
    why = why.substr(0, why.find('\n'));
    const auto key = fmt::format("{}: {} under {}", verdict == "failed" ? "replay" : "unreadable",
                                 file, profile);
    found.push_back({.key = key,
                     .name = digest_of(key),
                     .claim = "TracesHold",
                     .explanation = why,
                     .stage = stage.name,
                     .files = {{".trace", file}}});
  }
  if (auto filed = file_all(context, record, found); !filed) return std::unexpected(filed.error());
  return replayed->cut.value_or(StageEnd{});
}

StageResult run_known(Context& context, const Stage& stage, StageRecord& record) {
  std::vector<std::string> paths;
  std::vector<std::string> keys;
  for (const Known& known : context.known.all()) {
    if (!known.replays) continue;
    paths.push_back((context.places.findings() / (known.name + ".trace")).string());
    keys.push_back(known.key);
  }
  if (paths.empty()) return StageEnd{State::kSkipped, "no trace of an earlier finding to replay"};
  const auto replayed = replay(context, stage, record, paths);
  if (!replayed) return std::unexpected(replayed.error());
  record.numbers.clear();
  for (const auto& answer : replayed->files) {
    const auto at = std::ranges::find(paths, answer.value("file", ""));
    if (at == paths.end()) continue;
    const auto& key = keys[static_cast<std::size_t>(at - paths.begin())];
    const auto verdict = answer.value("verdict", "");
    Result noted;
    if (verdict == "failed") noted = context.known.note_shows(key, context.journal.night);
    if (verdict == "ok") noted = context.known.note_gone(key, context.journal.night);
    if (!noted) return std::unexpected(noted.error());
    ++record.numbers[verdict == "failed" ? "still_show" : verdict == "ok" ? "gone" : verdict];
  }
  return replayed->cut.value_or(StageEnd{});
}

}  // namespace vmadiff::nightly
