// compare: what the kept traces leave open.
#include "compare/undecided.h"

#include <algorithm>
#include <ranges>

#include "compare/deciding_traces.h"
#include "compare/look_for_trace.h"
#include "spec/profile_history.h"
#include "spec/setup_text.h"
#include "spec/trace_text.h"

namespace vmadiff::compare {

spec::Setup plain_machine() {
  constexpr std::uint64_t kPagesOfAGibibyte = (std::uint64_t{1} << 30) >> spec::kPageShift;
  auto setup = spec::Setup::standard();
  setup.overcommit_pages = kPagesOfAGibibyte;
  return setup;
}

std::vector<Undecided> undecided(const spec::Setup& setup) {
  struct Kept {
    spec::Sequence sequence;
    spec::Setup setup;
  };
  std::vector<Kept> kept;
  for (const DecidingTrace& trace : deciding_traces()) {
    kept.push_back({.sequence = spec::parse_trace(trace.text).trace.sequence, .setup = setup});
    // A test reads each.
    static_cast<void>(spec::read_setup_text(trace.setup, kept.back().setup));
  }
  std::vector<Undecided> open;
  for (const spec::KernelProfile& release : spec::profiles() | std::views::reverse) {
    if (!spec::is_release(release)) continue;
    for (const spec::Behaviour& behaviour : spec::behaviours()) {
      for (std::size_t value = 0; value < behaviour.count; ++value) {
        if (value == behaviour.get(release)) continue;
        const Undecided one{.release = &release, .behaviour = &behaviour, .value = value};
        const ToldApart two{.a = release, .b = one.changed()};
        const bool is_decided = std::ranges::any_of(kept, [&](const Kept& trace) {
          return first_step_apart(two, trace.setup, trace.sequence).has_value();
        });
        if (!is_decided) open.push_back(one);
      }
    }
  }
  return open;
}

}  // namespace vmadiff::compare
