// reports/page: pages.
#include "reports/page/page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "reports/page/markup.h"
#include "reports/page/story_markup.h"
#include "reports/page/template.h"
#include "reports/page/trend.h"

namespace vmadiff::reports {
namespace {

/// Of a night's page, bytes; the rest of it is small beside that.
constexpr std::size_t kStoriesMax = 1'500'000;
/// Of a finding's page without pictures, beyond which its calls are not listed either.
constexpr std::size_t kListedMax = 200;

std::string plural(std::uint64_t number, std::string_view what) {
  return fmt::format("{} {}{}", grouped(number), what, number == 1 ? "" : "s");
}

std::string duration(std::uint64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string story_id(std::size_t i) { return fmt::format("s{}", i + 1); }

std::string index_markup(const std::vector<Story>& stories) {
  const auto differing = std::ranges::count_if(
      stories, [](const Story& one) { return one.first_difference().has_value(); });
  auto out = fmt::format("<p>With a difference: {}.</p>\n", differing);
  out +=
      "<div class=\"wide\"><table class=\"index\"><thead><tr><th>trace</th><th "
      "class=\"n\">calls</th>"
      "<th class=\"n\">VMAs at the end</th><th>systems</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < stories.size(); ++i) {
    const Story& story = stories[i];
    std::string vmas;
    if (!story.steps.empty() && !story.steps.back().views.empty()) {
      const auto layout = story.steps.back().views[0].layout;
      if (layout) vmas = fmt::format("{}", story.layouts[*layout].size());
    }
    out += fmt::format(
        "<tr{}><td><a href=\"#{}\">{}</a></td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
        "<td>{}</td></tr>\n",
        story.first_difference() ? " class=\"differs\"" : "", story_id(i), markup(story.title),
        story.left_out + story.steps.size(), vmas, markup(outcome_text(story)));
  }
  return out + "</tbody></table></div>\n";
}

/// What tells findings of one claim apart, and since when it is known.
std::string aside(const Story& story, std::string_view first_seen) {
  std::string out;
  if (story.finding) {
    std::string_view reason = story.finding->fingerprint;
    if (reason.starts_with(story.finding->claim)) reason.remove_prefix(story.finding->claim.size());
    while (reason.starts_with('/') || reason.starts_with(' ')) reason.remove_prefix(1);
    out = reason;
  }
  if (!first_seen.empty())
    out += fmt::format("{}first seen {}", out.empty() ? "" : "; ", first_seen);
  return out.empty() ? out : fmt::format(" <small>{}</small>", markup(out));
}

/// Findings, new ones first, each in its element; those that do not fit as text.
std::string findings_markup(const std::vector<NightFinding>& findings) {
  std::vector<const NightFinding*> order;
  for (const bool is_new : {true, false}) {
    for (const NightFinding& one : findings) {
      if (one.is_new == is_new) order.push_back(&one);
    }
  }
  std::string out = "<section id=\"findings\"><h2>Findings</h2>\n";
  if (order.empty()) out += "<p class=\"held\">None: every property held.</p>\n";
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& [story, is_new, first_seen] = *order[i];
    const auto id = story_id(i);
    auto inside = story_markup(story, id, Detail::kFull);
    if (out.size() + inside.size() > kStoriesMax) {
      Story cut = story;
      if (cut.steps.size() > kListedMax) {
        cut.notes.push_back(fmt::format("Of its {} calls the last {} are listed.",
                                        cut.left_out + cut.steps.size(), kListedMax));
        const auto dropped = cut.steps.size() - kListedMax;
        cut.steps.erase(cut.steps.begin(),
                        cut.steps.begin() + static_cast<std::ptrdiff_t>(dropped));
        cut.left_out += dropped;
        cut.shown -= std::min(cut.shown, dropped);
      }
      if (cut.finding) cut.finding->log.clear();
      inside = story_markup(cut, id, Detail::kTextOnly);
    }
    if (out.size() + inside.size() > kStoriesMax) {
      out += fmt::format("<p class=\"note\">And {} more, which have no room here.</p>\n",
                         order.size() - i);
      break;
    }
    out += fmt::format(
        "<details class=\"story\" id=\"{}\"{}><summary><span class=\"tag {}\">{}</span> "
        "<span class=\"title\">{}</span>{}</summary>\n{}</details>\n",
        id, is_new ? " open" : "", is_new ? "new" : "old", is_new ? "new" : "known",
        markup(story.title), aside(story, first_seen), inside);
  }
  return out + "</section>\n";
}

std::string head_markup(const Night& night) {
  std::vector<std::pair<std::string, std::string>> facts;
  const auto add = [&](std::string_view name, std::string value) {
    if (!value.empty()) facts.emplace_back(name, std::move(value));
  };
  add("date", night.date);
  // A page of findings that were there says nothing of a run.
  if (!night.stages.empty()) {
    add("took", duration(night.seconds));
    add("calls", grouped(night.calls()));
  }
  add("systems", fmt::format("{}", fmt::join(night.systems, ", ")));
  add("profile", night.profile);
  add("machine", night.machine);
  add("seed", night.seed);
  add("vmadiff", night.version);
  for (const auto& [name, value] : night.counts) add(name, grouped(value));
  return facts_markup(facts);
}

std::string stages_markup(const std::vector<NightStage>& stages) {
  if (stages.empty()) return {};
  std::string out =
      "<section id=\"stages\"><h2>What ran</h2>\n<div "
      "class=\"wide\"><table><thead><tr><th>part</th>"
      "<th>on</th><th class=\"n\">took</th><th class=\"n\">sequences</th><th class=\"n\">calls</th>"
      "<th class=\"n\">findings</th><th>outcome</th></tr></thead><tbody>\n";
  for (const NightStage& stage : stages) {
    out += fmt::format(
        "<tr{}><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
        "<td class=\"n\">{}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
        stage.findings != 0 ? " class=\"differs\"" : "", markup(stage.name), markup(stage.what),
        duration(stage.seconds), grouped(stage.sequences), grouped(stage.calls),
        grouped(stage.findings), markup(stage.outcome));
  }
  return out + "</tbody></table></div></section>\n";
}

std::string bar_markup(std::string_view name, std::uint64_t met, std::uint64_t of) {
  const auto share = of == 0 ? 0 : met * 100 / of;
  return fmt::format(
      "<p class=\"share\"><span>{0}: <b>{4}</b> of {5}</span><meter min=\"0\" max=\"{2}\" "
      "value=\"{1}\" aria-label=\"{0}\">{3}%</meter></p>\n",
      name, met, of, share, grouped(met), grouped(of));
}

std::string names_markup(std::string_view title, const std::vector<std::string>& names,
                         bool is_open) {
  constexpr std::size_t kNamesMax = 300;
  if (names.empty()) return {};
  auto out = fmt::format("<details class=\"more\"{}><summary>{}: {}</summary><ul class=\"names\">",
                         is_open ? " open" : "", title, names.size());
  for (std::size_t i = 0; i < std::min(names.size(), kNamesMax); ++i)
    out += fmt::format("<li><code>{}</code></li>", markup(names[i]));
  if (names.size() > kNamesMax)
    out += fmt::format("<li>and {} more</li>", names.size() - kNamesMax);
  return out + "</ul></details>\n";
}

std::string coverage_markup(const NightCoverage& coverage) {
  return "<section id=\"coverage\"><h2>Behaviours and pairs</h2>\n" +
         bar_markup("behaviours met", coverage.behaviours_met, coverage.behaviours) +
         (coverage.pairs == 0
              ? std::string{}
              : bar_markup("pairs of calls met", coverage.pairs_met, coverage.pairs)) +
         names_markup("new behaviours", coverage.new_behaviours, true) +
         names_markup("new pairs of calls", coverage.new_pairs, true) +
         names_markup("behaviours never met", coverage.never, false) + "</section>\n";
}

std::string trends_markup(std::span<const Night> nights) {
  const auto points = [&](auto value) {
    std::vector<TrendPoint> out;
    for (const Night& night : nights) {
      if (const std::optional<std::uint64_t> at = value(night)) out.push_back({night.date, *at});
    }
    return out;
  };
  using Value = std::optional<std::uint64_t>;
  const auto covered = [&](std::uint64_t NightCoverage::* field) {
    return points([field](const Night& night) {
      return night.coverage ? Value{(*night.coverage).*field} : std::nullopt;
    });
  };
  return fmt::format(
      "<section id=\"trends\"><h2>Over {}</h2>\n<div "
      "class=\"trends\">{}{}{}{}{}{}</div></section>\n",
      plural(nights.size(), "night"), trend_figure("new findings", points([](const Night& night) {
                                                     return Value{night.new_findings()};
                                                   })),
      trend_figure("known findings",
                   points([](const Night& night) { return Value{night.known_findings()}; })),
      trend_figure("calls", points([](const Night& night) { return Value{night.calls()}; })),
      trend_figure("behaviours met", covered(&NightCoverage::behaviours_met)),
      trend_figure("pairs of calls met", covered(&NightCoverage::pairs_met)),
      trend_figure("seconds", points([](const Night& night) { return Value{night.seconds}; })));
}

std::string nights_table(std::span<const Night> nights) {
  constexpr std::size_t kNightsMax = 400;
  std::string out =
      "<details class=\"more\"><summary>The nights, as a table</summary><div class=\"wide\"><table>"
      "<thead><tr><th>night</th><th class=\"n\">took</th><th class=\"n\">calls</th><th "
      "class=\"n\">new"
      "</th><th class=\"n\">known</th><th class=\"n\">behaviours</th><th "
      "class=\"n\">pairs</th></tr>"
      "</thead><tbody>\n";
  for (const Night& night : nights.last(std::min(nights.size(), kNightsMax))) {
    const auto& coverage = night.coverage;
    out += fmt::format(
        "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>"
        "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
        markup(night.date), duration(night.seconds), grouped(night.calls()), night.new_findings(),
        night.known_findings(), coverage ? grouped(coverage->behaviours_met) : "",
        coverage ? grouped(coverage->pairs_met) : "");
  }
  return out + "</tbody></table></div></details>\n";
}

std::string notes_markup(const Night& night) {
  if (night.notes.empty()) return {};
  std::string out = "<section id=\"notes\"><h2>What was left out</h2><ul>\n";
  for (const std::string& note : night.notes) out += fmt::format("<li>{}</li>\n", markup(note));
  return out + "</ul></section>\n";
}

std::string findings_count(const Night& night) {
  if (night.new_findings() == 0 && night.known_findings() == 0) return "no findings";
  return fmt::format("{}, {} known", plural(night.new_findings(), "new finding"),
                     night.known_findings());
}

/// What campaign and night have in common.
std::string run_markup(const Night& night) {
  return head_markup(night) + findings_markup(night.findings) + stages_markup(night.stages) +
         (night.coverage ? coverage_markup(*night.coverage) : std::string{});
}

std::string titled(std::string_view title) {
  return fmt::format("<header><p class=\"by\">vmadiff</p><h1>{}</h1></header>\n", markup(title));
}

}  // namespace

std::string stories_page(std::string_view title, const std::vector<Story>& stories) {
  if (stories.size() == 1) {
    const Story& story = stories.front();
    const auto body = titled(title) +
                      fmt::format("<section class=\"story\" id=\"{}\">\n", story_id(0)) +
                      story_markup(story, story_id(0), Detail::kFull) + "</section>\n";
    return filled_template(title, body);
  }
  std::string body = titled(title) + index_markup(stories);
  for (std::size_t i = 0; i < stories.size(); ++i) {
    body += fmt::format(
        "<details class=\"story\" id=\"{}\"><summary><span class=\"title\">{}</span> <small>{}"
        "</small></summary>\n{}</details>\n",
        story_id(i), markup(stories[i].title), markup(outcome_text(stories[i])),
        story_markup(stories[i], story_id(i), Detail::kFull));
  }
  return filled_template(title, body);
}

std::string campaign_page(const Night& campaign) {
  const auto title = fmt::format("campaign: {}", findings_count(campaign));
  return filled_template(title, titled(title) + run_markup(campaign) + notes_markup(campaign));
}

std::string night_page(std::span<const Night> nights) {
  const Night& night = nights.back();
  const auto title = fmt::format("night of {}: {}", night.date, findings_count(night));
  return filled_template(title, titled(title) + run_markup(night) + trends_markup(nights) +
                                    nights_table(nights) + notes_markup(night));
}

}  // namespace vmadiff::reports
