// explain: all releases, step by step.
#include "explain/elsewhere.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compare/difference_cause.h"
#include "compare/recording.h"
#include "properties/claims/difference.h"
#include "spec/behaviours.h"
#include "spec/profile_history.h"
#include "systems/systems.h"

namespace vmadiff::explain {
namespace {

/// Each question why takes some forty runs of the calls so far.
constexpr std::size_t kCausesMax = 64;
constexpr std::size_t kStepsMax = 512;
constexpr std::size_t kLinesShown = 6;

/// What a kernel shows, and policies: an anon_vma alone is no difference that anybody sees.
constexpr spec::Observes kSeen = [] {
  auto seen = spec::kFromOutside;
  seen.policy = true;
  seen.userfaultfd = true;
  return seen;
}();

std::size_t place_of(std::string_view name) {
  const auto all = spec::profiles();
  return static_cast<std::size_t>(std::ranges::find(all, name, &spec::KernelProfile::name) -
                                  all.begin());
}

OtherBehaviour other_behaviour(const std::string& name, const spec::KernelProfile& here,
                               const spec::KernelProfile& there) {
  const auto behaviour = std::ranges::find(spec::behaviours(), name, &spec::Behaviour::name);
  const auto value_here = behaviour->get(here);
  const auto value_there = behaviour->get(there);
  OtherBehaviour out{.name = name,
                     .what = std::string{behaviour->what},
                     .there = std::string{behaviour->value_name(value_there)},
                     .here = std::string{behaviour->value_name(value_here)},
                     .origin = {}};
  const bool is_newer = place_of(there.name) > place_of(here.name);
  const auto origins = spec::origins_of(*behaviour, is_newer ? value_there : value_here);
  if (!origins.empty()) {
    out.origin = fmt::format("{} since {}: {}", is_newer ? "there" : "here", origins.front()->since,
                             origins.front()->source);
  }
  return out;
}

struct Last {
  std::string key{};  ///< empty: not at all
  std::ptrdiff_t surplus = 0;
};

}  // namespace

struct Elsewhere::Release {
  const spec::KernelProfile* profile = nullptr;
  std::unique_ptr<spec::System> model;
  /// How each process differed after its last step.
  std::map<spec::ProcessId, Last> last{};
  std::optional<std::size_t> began{};  ///< the first step at which it differed
  std::set<std::string> told{};        ///< behaviours that were named already
  spec::Snapshot now{};
};

Elsewhere::Elsewhere(const spec::Sequence& sequence, const spec::Setup& setup,
                     const spec::KernelProfile& here)
    : sequence_(sequence), setup_(setup), here_(here) {
  for (const spec::KernelProfile& profile : spec::profiles()) {
    if (!spec::is_release(profile) || profile.name == here.name) continue;
    auto release = std::make_shared<Release>();
    release->profile = &profile;
    release->model = systems::make_like(systems::kModel, profile);
    // A model runs in this process and has no faults.
    static_cast<void>(release->model->start(setup));
    releases_.push_back(std::move(release));
  }
}

std::vector<Otherwise> Elsewhere::step(const spec::Outcome& outcome, const spec::Snapshot& after) {
  const spec::Step& step = sequence_[next_];
  const auto lines_here = compare::layout_lines(after, kSeen, false);
  /// In the order of the first release of each.
  std::vector<std::pair<Otherwise, std::vector<Release*>>> groups;
  for (const auto& release : releases_) {
    const auto there = release->model->apply(step.process, step.call);
    release->now.vmas.clear();
    static_cast<void>(release->model->snapshot(step.process, release->now));
    const auto difference = properties::difference(after, release->now, kSeen);
    Otherwise now;
    if (there != outcome || difference) {
      const auto lines = compare::layout_lines(release->now, kSeen, false);
      if (there != outcome) now.what = fmt::format("gives {}", spec::text(there));
      const auto say = [&now](std::string words) {
        now.what += (now.what.empty() ? "" : ", ") + std::move(words);
      };
      now.surplus = static_cast<std::ptrdiff_t>(lines.size()) -
                    static_cast<std::ptrdiff_t>(lines_here.size());
      now.gives_other = there != outcome;
      if (now.surplus != 0) {
        say(fmt::format("leaves {} VMA{}, not {}", lines.size(), lines.size() == 1 ? "" : "s",
                        lines_here.size()));
      } else if (lines != lines_here) {
        say("leaves other VMAs");
      } else if (difference) {
        say(fmt::format("differs in its {}", properties::name(difference->field)));
      }
      std::ranges::copy_if(lines, std::back_inserter(now.lines), [&](const std::string& line) {
        return std::ranges::find(lines_here, line) == lines_here.end();
      });
    }
    const auto key = fmt::format("{}\n{}", now.what, fmt::join(now.lines, "\n"));
    auto& last = release->last[step.process];
    const bool is_news = !now.what.empty() && (now.gives_other || key != last.key);
    const bool is_consequence = !now.gives_other && now.surplus == last.surplus;
    last = now.what.empty() ? Last{} : Last{key, now.surplus};
    if (!is_news) continue;
    now.is_consequence = is_consequence && release->began;
    if (!release->began) release->began = next_;
    const auto same = std::ranges::find_if(groups, [&](const auto& group) {
      return group.first.what == now.what && group.first.lines == now.lines &&
             group.first.is_consequence == now.is_consequence;
    });
    auto& [otherwise, members] =
        same == groups.end() ? groups.emplace_back(std::move(now), std::vector<Release*>{}) : *same;
    otherwise.profiles.emplace_back(release->profile->name);
    members.push_back(release.get());
  }
  std::vector<Otherwise> out;
  for (auto& [otherwise, members] : groups) {
    explain(otherwise, members);
    // The same difference as before, on other VMAs.
    if (otherwise.is_consequence && (otherwise.follows_from || !otherwise.is_looked_into)) continue;
    if (otherwise.lines.size() > kLinesShown) {
      const auto more = otherwise.lines.size() - kLinesShown;
      otherwise.lines.resize(kLinesShown);
      otherwise.lines.push_back(fmt::format("and {} more", more));
    }
    out.push_back(std::move(otherwise));
  }
  ++next_;
  return out;
}

void Elsewhere::explain(Otherwise& otherwise, const std::vector<Release*>& group) {
  // The release next to this one has the fewest other behaviours.
  const auto here = static_cast<std::ptrdiff_t>(place_of(here_.name));
  Release* nearest = *std::ranges::min_element(group, {}, [here](const Release* release) {
    return std::abs(static_cast<std::ptrdiff_t>(place_of(release->profile->name)) - here);
  });
  if (next_ >= kStepsMax || causes_ >= kCausesMax) {
    otherwise.is_looked_into = false;
    return;
  }
  ++causes_;
  const spec::Sequence cut{sequence_.begin(),
                           sequence_.begin() + static_cast<std::ptrdiff_t>(next_) + 1};
  const auto names =
      compare::behaviours_between({here_, setup_}, {*nearest->profile, setup_}, cut, kSeen);
  if (!names) return;
  for (const std::string& name : *names) {
    if (!nearest->told.contains(name)) {
      otherwise.behaviours.push_back(other_behaviour(name, here_, *nearest->profile));
    }
  }
  for (Release* release : group) release->told.insert(names->begin(), names->end());
  if (otherwise.behaviours.empty() && nearest->began != next_) {
    otherwise.follows_from = nearest->began;
  }
}

}  // namespace vmadiff::explain
