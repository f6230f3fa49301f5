// reports/page: a story as HTML.
#include "reports/page/story_markup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "reports/json.h"
#include "reports/page/axis.h"
#include "reports/page/markup.h"
#include "reports/page/story_data.h"

namespace vmadiff::reports {
namespace {

using nlohmann::ordered_json;

/// As many colours and as many borders as page.css has: a VMA's class is of both.
constexpr std::size_t kColours = 8;
constexpr std::size_t kBorders = 3;
/// A value of more letters takes a line of its own.
constexpr std::size_t kShortFact = 34;
/// A table of more is not read.
constexpr std::size_t kRowsMax = 400;

std::string value_text(const ordered_json& value) {
  return value.is_string() ? value.get<std::string>() : dumped(value);
}

std::string kind_text(const ordered_json& kind) {
  std::string out;
  for (const auto& [key, value] : kind.items()) {
    const auto text = value_text(value);
    if (text.empty()) continue;
    if (!out.empty()) out += ' ';
    out += key == "flags" ? fmt::format("[{}]", text) : text;
  }
  return out;
}

std::string extent_text(const Bar& bar) { return fmt::format("{:08x}-{:08x}", bar.start, bar.end); }

std::string vmas_text(std::size_t count) {
  return fmt::format("{} VMA{}", count, count == 1 ? "" : "s");
}

std::string_view role(std::size_t view, std::size_t views) {
  if (views == 1) return "seen";
  return view == 0 ? "expected" : "actual";
}

std::string systems_text(const StoryView& view) {
  return fmt::format("{}", fmt::join(view.systems, ", "));
}

/// In hundredths of a percent of the picture's width.
std::string percent(std::size_t position) {
  return fmt::format("{}.{:02}%", position / 100, position % 100);
}

/// A layout as a row of bars. page.js draws the others in the same way.
std::string row_markup(const Story& story, const Axis& axis, const StoryView& view,
                       std::string_view as) {
  std::string out = fmt::format("<div class=\"row\"><span class=\"who\">{}</span>", as);
  if (!view.layout) return out + "<span class=\"none\">not seen</span></div>";
  const auto& layout = story.layouts[*view.layout];
  // Without a script so many would make the page large, and be nothing to look at.
  if (layout.size() > kRowsMax)
    return out + fmt::format("<span class=\"none\">{}</span></div>", vmas_text(layout.size()));
  out += fmt::format("<svg class=\"bars\" role=\"img\" aria-label=\"{}: {}\">",
                     markup(systems_text(view)), vmas_text(layout.size()));
  for (const std::size_t place : layout) {
    const Bar& bar = story.bars[place];
    const auto from = axis.positions[axis.index_of(bar.start)];
    const auto to = axis.positions[axis.index_of(bar.end)];
    out += fmt::format(
        "<rect class=\"k{} h{}\" x=\"{}\" width=\"{}\" y=\"1\" "
        "height=\"14\"><title>{} {}</title></rect>",
        bar.kind % kColours, bar.kind / kColours % kBorders, percent(from), percent(to - from),
        extent_text(bar), markup(kind_text(story.kinds[bar.kind])));
  }
  const auto mark = [&](const std::vector<spec::Address>& addresses, std::string_view as_class) {
    for (const spec::Address address : addresses) {
      const auto x = percent(axis.positions[axis.index_of(address)]);
      out += fmt::format("<line class=\"{0}\" x1=\"{1}\" x2=\"{1}\" y1=\"0\" y2=\"16\"></line>",
                         as_class, x);
    }
  };
  mark(view.extra, "extra");
  mark(view.missing, "missing");
  return out + "</svg></div>";
}

std::string rows_markup(const Story& story, const Axis& axis, const StoryStep& step) {
  std::string out;
  for (std::size_t i = 0; i < step.views.size(); ++i)
    out += row_markup(story, axis, step.views[i], role(i, step.views.size()));
  return out;
}

std::string given_markup(const StoryStep& step) {
  std::string out;
  const auto& views = step.views;
  const bool is_one = std::ranges::all_of(
      views, [&](const StoryView& view) { return view.outcome == views[0].outcome; });
  for (std::size_t i = 0; i < views.size() && (i == 0 || !is_one); ++i) {
    out += fmt::format(" <span class=\"given\">= {}</span>", markup(views[i].outcome));
    if (!is_one) {
      out += fmt::format(" <span class=\"of\">{} ({})</span>", role(i, views.size()),
                         markup(systems_text(views[i])));
    }
  }
  const bool is_otherwise =
      !step.asserted.empty() && (views.empty() || views[0].outcome != step.asserted);
  if (is_otherwise)
    out += fmt::format(" <span class=\"stated\">the trace says {}</span>", markup(step.asserted));
  return out;
}

bool differs(const StoryStep& step) {
  if (step.views.empty()) return false;
  return step.views.size() > 1 || !step.views[0].extra.empty() ||
         (!step.asserted.empty() && step.asserted != step.views[0].outcome);
}

std::string steps_markup(const Story& story, const Axis& axis, std::string_view id, Detail detail) {
  std::string out = fmt::format("<ol class=\"steps\" start=\"{}\">\n", story.left_out + 1);
  for (std::size_t i = 0; i < story.steps.size(); ++i) {
    const StoryStep& step = story.steps[i];
    const auto number = story.left_out + i + 1;
    const bool is_here = story.finding && i == story.shown;
    out += fmt::format("<li id=\"{}-{}\"{}>", id, number,
                       differs(step) || is_here ? " class=\"differs\"" : "");
    for (const std::string& comment : step.comments)
      out += fmt::format("<p class=\"comment\">{}</p>", markup(comment));
    out += fmt::format(
        "<div class=\"call\"><span class=\"number\">{}{}</span><a href=\"#{}&amp;step={}\">",
        is_here ? "<b class=\"here\">&gt;&gt;&gt;</b> " : "", number, id, number);
    if (step.process != 0) out += fmt::format("[pid {}] ", step.process);
    out += fmt::format("<code>{}</code></a>{}</div>", markup(step.call), given_markup(step));
    const bool is_drawn =
        detail == Detail::kFull && (i == 0 || i == story.shown || i + 1 == story.steps.size());
    out += fmt::format("<div class=\"rows\">{}</div></li>\n",
                       is_drawn ? rows_markup(story, axis, step) : std::string{});
  }
  return out + "</ol>\n";
}

/// The VMAs of one side, as a table.
std::string table_markup(const Story& story, const StoryView& view, std::string_view as) {
  const auto& layout = story.layouts[*view.layout];
  std::vector<std::string> columns;
  const auto add_columns = [&](const ordered_json& object) {
    for (const auto& [key, value] : object.items()) {
      if (std::ranges::find(columns, key) == columns.end()) columns.push_back(key);
    }
  };
  for (const std::size_t place : layout) add_columns(story.kinds[story.bars[place].kind]);
  for (const std::size_t place : layout) add_columns(story.details[story.bars[place].detail]);
  std::string out = fmt::format(
      "<div class=\"wide\"><table class=\"vmas\"><caption>{} ({}): {}</caption>"
      "<thead><tr><th></th><th>extent</th>",
      as, markup(systems_text(view)), vmas_text(layout.size()));
  for (const std::string& column : columns) out += fmt::format("<th>{}</th>", markup(column));
  out += "</tr></thead><tbody>";
  for (std::size_t i = 0; i < std::min(layout.size(), kRowsMax); ++i) {
    const Bar& bar = story.bars[layout[i]];
    const bool is_other = std::ranges::find(view.differing, i) != view.differing.end();
    out += fmt::format("<tr{}><td>{}</td><td>{}</td>", is_other ? " class=\"differs\"" : "",
                       is_other ? "!" : "", extent_text(bar));
    for (const std::string& column : columns) {
      std::string text;
      for (const auto* object : {&story.kinds[bar.kind], &story.details[bar.detail]}) {
        if (const auto at = object->find(column); at != object->end()) text = value_text(*at);
      }
      out += fmt::format("<td>{}</td>", markup(text));
    }
    out += "</tr>";
  }
  out += "</tbody></table></div>\n";
  if (layout.size() > kRowsMax)
    out += fmt::format("<p class=\"note\">The first {} of them.</p>\n", kRowsMax);
  return out;
}

std::string facts_of(const StoryView& view) {
  std::vector<std::string> out;
  for (const auto& [key, value] : view.facts.items())
    out.push_back(fmt::format("{} {}", key, value_text(value)));
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string tables_markup(const Story& story) {
  if (story.steps.empty()) return {};
  const StoryStep& step = story.steps[story.shown];
  std::string out =
      fmt::format("<details class=\"more\"><summary>VMAs after call {}, as a table</summary>\n",
                  story.left_out + story.shown + 1);
  for (std::size_t i = 0; i < step.views.size(); ++i) {
    const auto as = role(i, step.views.size());
    if (step.views[i].layout) out += table_markup(story, step.views[i], as);
    if (!step.views[i].facts.empty())
      out += fmt::format("<p class=\"counters\">{}: {}</p>\n", as, markup(facts_of(step.views[i])));
  }
  return out + "</details>\n";
}

std::string finding_markup(const StoryFinding& finding) {
  std::string out;
  const auto add = [&](std::string_view as, std::string_view name, std::string_view text) {
    if (!text.empty())
      out += fmt::format("<p class=\"{}\"><b>{}</b> {}</p>\n", as, name, markup(text));
  };
  add("claimed", "claimed", finding.sentence);
  add("found", "found", finding.explanation);
  add("known", "known: the profile breaks this claim by its nature:", finding.known);
  return out;
}

}  // namespace

std::string facts_markup(const std::vector<std::pair<std::string, std::string>>& facts) {
  if (facts.empty()) return {};
  std::string out = "<dl class=\"facts\">";
  for (const auto& [name, value] : facts)
    out += fmt::format("<div{}><dt>{}</dt><dd>{}</dd></div>",
                       value.size() > kShortFact ? " class=\"long\"" : "", markup(name),
                       markup(value));
  return out + "</dl>\n";
}

std::string outcome_text(const Story& story) {
  if (const auto at = story.first_difference()) {
    const StoryStep& step = story.steps[*at];
    return fmt::format("{} at call {}",
                       step.views.size() > 1 ? "systems differ" : "another result than stated",
                       story.left_out + *at + 1);
  }
  if (story.steps.empty() || story.steps.back().views.empty()) return "not run";
  return fmt::format("the same on {}", systems_text(story.steps.back().views[0]));
}

std::string story_markup(const Story& story, std::string_view id, Detail detail) {
  const Axis axis = axis_of(story);
  std::string out;
  if (story.finding) out += finding_markup(*story.finding);
  if (!story.comments.empty()) {
    out += "<pre class=\"comments\">";
    for (const std::string& line : story.comments) out += markup(line) + "\n";
    out += "</pre>\n";
  }
  if (!story.finding) out += facts_markup(story.facts);
  for (const std::string& note : story.notes)
    out += fmt::format("<p class=\"note\">{}</p>\n", markup(note));
  if (detail == Detail::kTextOnly) {
    out +=
        "<p class=\"note\">No pictures here, for the size of the page: <code>vmadiff show</code> "
        "makes a page of it alone.</p>\n";
  } else {
    out += "<div class=\"stage\"></div>\n";
  }
  out += steps_markup(story, axis, id, detail);
  // Of a finding what it is comes first, and where it comes from last.
  if (story.finding) out += facts_markup(story.facts);
  if (detail == Detail::kFull) {
    out += tables_markup(story);
    out += fmt::format("<script type=\"application/json\">{}</script>\n",
                       script_json(story_data(story, axis)));
  }
  if (story.finding && !story.finding->log.empty()) {
    out += fmt::format(
        "<details class=\"more\"><summary>what it left behind</summary><pre>{}</pre></details>\n",
        markup_lines(story.finding->log));
  }
  return out;
}

}  // namespace vmadiff::reports
