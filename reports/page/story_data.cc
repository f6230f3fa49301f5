// reports/page: a story as data.
#include "reports/page/story_data.h"

#include <fmt/format.h>

namespace vmadiff::reports {
namespace {

using nlohmann::ordered_json;

std::string bare_hex(spec::Address address) { return fmt::format("{:x}", address); }

ordered_json view_data(const StoryView& view, const Axis& axis) {
  ordered_json out{{"systems", view.systems}, {"outcome", view.outcome}};
  if (view.layout) out["layout"] = *view.layout;
  if (!view.facts.empty()) out["facts"] = view.facts;
  const auto add_places = [&](const char* key, const std::vector<spec::Address>& addresses) {
    for (const spec::Address address : addresses) out[key].push_back(axis.index_of(address));
  };
  add_places("extra", view.extra);
  add_places("missing", view.missing);
  if (!view.differing.empty()) out["differing"] = view.differing;
  return out;
}

}  // namespace

ordered_json story_data(const Story& story, const Axis& axis) {
  ordered_json out{{"first", story.left_out}, {"shown", story.shown}};
  auto& at = out["axis"]["at"] = ordered_json::array();
  for (const spec::Address boundary : axis.boundaries) at.push_back(bare_hex(boundary));
  out["axis"]["x"] = axis.positions;
  out["axis"]["gaps"] = axis.gaps;
  out["kinds"] = story.kinds;
  out["details"] = story.details;
  auto& bars = out["bars"] = ordered_json::array();
  for (const Bar& bar : story.bars)
    bars.push_back({axis.index_of(bar.start), axis.index_of(bar.end), bar.kind, bar.detail});
  out["layouts"] = story.layouts;
  auto& steps = out["steps"] = ordered_json::array();
  for (const StoryStep& step : story.steps) {
    ordered_json one{{"process", step.process}};
    for (const spec::Range& range : step.named)
      one["named"].push_back({bare_hex(range.start), bare_hex(range.end)});
    auto& views = one["views"] = ordered_json::array();
    for (const StoryView& view : step.views) views.push_back(view_data(view, axis));
    steps.push_back(std::move(one));
  }
  return out;
}

}  // namespace vmadiff::reports
