// reports/page: findings read from JSON.
#include "reports/page/finding.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "properties/claims/property.h"
#include "reports/page/json_fields.h"
#include "reports/trace.h"
#include "spec/trace_text.h"

namespace vmadiff::reports {
namespace {

using nlohmann::ordered_json;

/// A range that is larger than what a process can have is no place in a picture.
constexpr spec::Address kRangeMax = spec::Address{1} << 47;

std::expected<spec::Sequence, std::string> read_sequence(const ordered_json& lines) {
  std::string text;
  for (const ordered_json& line : lines) {
    if (!line.is_object()) return std::unexpected("a step in 'sequence' is no object");
    const auto call = word(line, "call");
    const auto result = word(line, "result");
    if (call.empty() || (call + result).find_first_of("\r\n") != std::string::npos)
      return std::unexpected("a step in 'sequence' has no 'call' of one line");
    text += fmt::format("[pid {}] {}{}{}\n", count(line, "process"), call,
                        result.empty() || result == "died" ? "" : " = ",
                        result == "died" ? "" : result);
  }
  auto parsed = spec::parse_trace(text);
  if (!parsed.errors.empty()) {
    return std::unexpected(fmt::format("step {} in 'sequence': {}", parsed.errors.front().line,
                                       parsed.errors.front().message));
  }
  if (parsed.trace.sequence.size() != lines.size())
    return std::unexpected("a step in 'sequence' is no call");
  return std::move(parsed.trace.sequence);
}

std::expected<std::vector<SeenState>, std::string> read_views(const ordered_json& views) {
  std::vector<SeenState> out;
  for (const ordered_json& view : views) {
    if (!view.is_object() || word(view, "system").empty())
      return std::unexpected("one of 'views' has no 'system'");
    const auto outcome = word(view, "outcome");
    // A system that died has no state.
    out.push_back({word(view, "system"), outcome, outcome == "died" ? ordered_json{} : view});
  }
  return out;
}

void add_fact(Story& story, std::string_view name, std::string value) {
  if (!value.empty()) story.facts.emplace_back(name, std::move(value));
}

std::string confirmation(const ordered_json& json) {
  const auto asked = json.find("confirmation");
  if (asked == json.end() || !asked->is_object()) return {};
  const auto note = word(*asked, "note");
  return fmt::format("{}: {}{}{}", word(*asked, "system"), word(*asked, "answer"),
                     note.empty() ? "" : ": ", note);
}

std::string replayed(const ordered_json& json) {
  const auto shows = json.find("replayed");
  const auto note = word(json, "replay_note");
  if (shows == json.end()) return {};
  if (!shows->is_boolean()) return fmt::format("not replayed from its file: {}", note);
  if (shows->get<bool>()) return "a replay of its file in a fresh process shows it";
  return fmt::format("A REPLAY OF ITS FILE IN A FRESH PROCESS DID NOT SHOW IT{}{}",
                     note.empty() ? "" : ": ", note);
}

Story head_of(const ordered_json& json) {
  Story out;
  StoryFinding finding{.claim = word(json, "claim"),
                       .sentence = {},
                       .explanation = word(json, "explanation"),
                       .fingerprint = word(json, "fingerprint"),
                       .known = word(json, "known"),
                       .run_seed = word(json, "run_seed"),
                       .log = word(json, "log")};
  const auto claims = properties::all_properties();
  const auto property = std::ranges::find(claims, finding.claim, &properties::Property::name);
  if (property != claims.end()) finding.sentence = property->claim;
  out.title = finding.claim;
  out.path = word(json, "trace");
  const auto systems = words(json, "systems");
  add_fact(out, "profile", word(json, "profile"));
  add_fact(out, "systems", fmt::format("{}", fmt::join(systems, ", ")));
  add_fact(out, "set-up", word(json, "setup"));
  for (const std::string& machine : words(json, "machines")) add_fact(out, "machine", machine);
  add_fact(out, "built with", word(json, "sanitize"));
  add_fact(out, "booted", confirmation(json));
  const auto& run = finding.run_seed;
  const bool is_drawn = !run.empty() && run != "0x0";
  add_fact(out, "seeds",
           is_drawn ? fmt::format("run {}, sequence {}", run, word(json, "sequence_seed")) : "");
  add_fact(out, "simplifications", fmt::format("{}", count(json, "shrinks")));
  add_fact(out, "fingerprint", finding.fingerprint);
  if (!out.path.empty())
    add_fact(out, "replay", replay_command(out.path, systems, word(json, "sanitize")));
  add_fact(out, "replayed", replayed(json));
  const auto reproducible = json.find("reproducible");
  if (reproducible != json.end() && *reproducible == false)
    out.notes.emplace_back("Not reproducible: a second run of the same sequence did not show it.");
  out.finding = std::move(finding);
  return out;
}

/// A claim about one state says which VMAs break it.
void mark_what_is_named(Story& story) {
  if (story.steps.empty() || !story.finding) return;
  auto& views = story.steps[story.shown].views;
  if (views.size() != 1 || !views[0].layout) return;
  std::vector<Bar> layout;
  for (const std::size_t place : story.layouts[*views[0].layout])
    layout.push_back(story.bars[place]);
  const auto& text = story.finding->explanation;
  views[0].extra = boundaries_named_in(text, layout);
  for (std::size_t i = 0; i < layout.size(); ++i) {
    if (text.contains(fmt::format("{:08x}-{:08x}", layout[i].start, layout[i].end)))
      views[0].differing.push_back(i);
  }
}

}  // namespace

std::vector<spec::Range> ranges_named_by(const spec::Syscall& call) {
  std::vector<spec::Range> out;
  const auto [first, second] = spec::named_ranges(call);
  for (const auto& range : {first, second}) {
    if (range && range->start < range->end && range->end <= kRangeMax) out.push_back(*range);
  }
  return out;
}

std::expected<ReadFinding, std::string> read_finding(const ordered_json& json) {
  if (!json.is_object() || word(json, "type") != "finding")
    return std::unexpected("is no finding: expected an object with \"type\": \"finding\"");
  if (word(json, "claim").empty()) return std::unexpected("a finding without a 'claim'");
  const auto* const steps = list(json, "sequence");
  const auto* const views = list(json, "views");
  if (steps == nullptr || steps->empty())
    return std::unexpected("a finding without steps in 'sequence'");
  if (views == nullptr) return std::unexpected("a finding without 'views'");
  auto sequence = read_sequence(*steps);
  if (!sequence) return std::unexpected(sequence.error());
  auto seen = read_views(*views);
  if (!seen) return std::unexpected(seen.error());
  ReadFinding out{.head = head_of(json),
                  .profile = word(json, "profile"),
                  .setup = word(json, "setup"),
                  .sequence = *std::move(sequence),
                  .step = 0,
                  .views = *std::move(seen)};
  // A claim about what is left in the end stands behind the last call.
  out.step = std::min<std::size_t>(count(json, "step"), out.sequence.size() - 1);
  return out;
}

Story story_of(ReadFinding finding, std::vector<std::vector<SeenState>> before) {
  const auto step_of = [&](std::size_t i, std::vector<SeenState> seen) {
    const spec::Step& step = finding.sequence[i];
    return SeenStep{.process = step.process,
                    .call = spec::text(step.call),
                    .asserted = step.expected ? spec::text(*step.expected) : std::string{},
                    .comments = {},
                    .named = ranges_named_by(step.call),
                    .seen = std::move(seen)};
  };
  before.resize(finding.sequence.size());
  before[finding.step] = std::move(finding.views);
  StoryMaker maker{std::move(finding.head)};
  for (std::size_t i = 0; i < finding.sequence.size(); ++i) maker.add(step_of(i, before[i]));
  Story out = maker.take();
  out.shown = finding.step - std::min(finding.step, out.left_out);
  mark_what_is_named(out);
  return out;
}

}  // namespace vmadiff::reports
