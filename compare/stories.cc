// compare: stories.
#include "compare/stories.h"

#include <fmt/format.h>

#include <cstddef>
#include <string_view>
#include <utility>

#include "reports/json.h"
#include "reports/page/finding.h"
#include "spec/profile_text.h"
#include "spec/setup_text.h"
#include "systems/systems.h"

namespace vmadiff::compare {
namespace {

/// One system on its way through a sequence.
class Witness {
 public:
  explicit Witness(spec::System& system) : system_(system) {}
  [[nodiscard]] std::expected<void, spec::ToolFault> start(const spec::Setup& setup) {
    return system_.start(setup);
  }
  [[nodiscard]] std::expected<reports::SeenState, spec::ToolFault> see(const spec::Step& step) {
    const auto outcome = system_.apply(step.process, step.call);
    reports::SeenState out{std::string{system_.name()}, spec::text(outcome), {}};
    if (outcome.is_death()) {
      if (auto setback = system_.take_setback()) return std::unexpected(*std::move(setback));
      return out;
    }
    if (auto looked = system_.snapshot(step.process, now_); !looked)
      return std::unexpected(looked.error());
    out.state = reports::to_json(now_, system_.observes());
    return out;
  }

 private:
  spec::System& system_;
  spec::Snapshot now_;
};

std::vector<std::string> as_text(const std::vector<std::string>& comments) {
  std::vector<std::string> out;
  for (std::string_view line : comments) {
    while (line.starts_with('#')) line.remove_prefix(1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!line.empty()) out.emplace_back(line);
  }
  return out;
}

/// What the model gives in the calls before the one in which it shows.
std::expected<std::vector<std::vector<reports::SeenState>>, std::string> before(
    const reports::ReadFinding& finding) {
  std::vector<std::vector<reports::SeenState>> out;
  const auto profile = spec::read_profile_text(finding.profile);
  if (!profile) return std::unexpected("'profile': " + profile.error());
  auto setup = spec::Setup::standard();
  if (auto read = spec::read_setup_text(finding.setup, setup); !read)
    return std::unexpected("'setup': " + read.error());
  const auto model = systems::make_system(systems::kModel, *profile);
  if (!model) return std::unexpected(model.error().message);
  Witness witness{**model};
  if (auto started = witness.start(setup); !started)
    return std::unexpected(started.error().message);
  for (std::size_t i = 0; i < finding.step; ++i) {
    auto seen = witness.see(finding.sequence[i]);
    if (!seen) return std::unexpected(seen.error().message);
    out.push_back({*std::move(seen)});
  }
  return out;
}

}  // namespace

std::expected<reports::Story, spec::ToolFault> story_of_run(
    reports::Story head, const spec::Trace& trace, const spec::Setup& setup,
    const std::vector<spec::System*>& systems) {
  std::vector<Witness> witnesses;
  for (spec::System* system : systems) {
    if (auto started = witnesses.emplace_back(*system).start(setup); !started)
      return std::unexpected(started.error());
  }
  head.comments = as_text(trace.comments.front());
  reports::StoryMaker maker{std::move(head)};
  for (std::size_t i = 0; i < trace.sequence.size(); ++i) {
    const spec::Step& step = trace.sequence[i];
    reports::SeenStep out{
        .process = step.process,
        .call = spec::text(step.call),
        .asserted = step.expected ? spec::text(*step.expected) : std::string{},
        .comments = i == 0 ? std::vector<std::string>{} : as_text(trace.comments[i]),
        .named = reports::ranges_named_by(step.call),
        .seen = {}};
    for (Witness& witness : witnesses) {
      auto seen = witness.see(step);
      if (!seen) return std::unexpected(seen.error());
      out.seen.push_back(*std::move(seen));
    }
    maker.add(std::move(out));
  }
  return maker.take();
}

std::expected<reports::Story, std::string> story_of_finding(const nlohmann::ordered_json& json) {
  auto finding = reports::read_finding(json);
  if (!finding) return std::unexpected(finding.error());
  auto states = before(*finding);
  if (!states) return std::unexpected(states.error());
  if (!states->empty())
    finding->head.notes.emplace_back("The calls before it are shown as the model has them.");
  return reports::story_of(*std::move(finding), *std::move(states));
}

}  // namespace vmadiff::compare
