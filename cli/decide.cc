// cli: the decide command.
#include "cli/decide.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <map>
#include <string_view>
#include <utility>

#include "compare/look_for_trace.h"
#include "compare/undecided.h"
#include "process/budget.h"
#include "process/interrupt.h"
#include "reports/quoting.h"
#include "reports/store.h"
#include "spec/setup_text.h"
#include "spec/trace_text.h"

namespace vmadiff::cli {
namespace {

using compare::TraceFound;
using compare::Undecided;

constexpr std::uint64_t kSeed = 1;

std::string names_of_all() {
  std::vector<std::string_view> names;
  for (const spec::Behaviour& behaviour : spec::behaviours()) names.push_back(behaviour.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// "NAME.trace", or the first "NAME-2.trace", … that is free.
std::filesystem::path free_path(const std::filesystem::path& out, std::string_view name) {
  auto path = out / fmt::format("{}.trace", name);
  for (int i = 2; std::filesystem::exists(path); ++i)
    path = out / fmt::format("{}-{}.trace", name, i);
  return path;
}

std::string text_of(const Undecided& open, const TraceFound& found, const spec::Setup& machine) {
  spec::Trace trace;
  trace.sequence = found.sequence;
  for (spec::Step& step : trace.sequence) step.expected.reset();
  trace.comments.assign(trace.sequence.size() + 1, {});
  auto& head = trace.comments.front();
  const auto& behaviour = *open.behaviour;
  head.push_back(fmt::format("# behaviour: {}", behaviour.name));
  head.push_back(fmt::format("# On {}, {} from {}.", open.release->name,
                             behaviour.value_name(behaviour.get(*open.release)),
                             behaviour.value_name(open.value)));
  const auto setup = spec::setup_text(found.setup, machine);
  if (!setup.empty()) head.push_back(fmt::format("# setup: {}", setup));
  return spec::print_trace(trace);
}

}  // namespace

process::ExitStatus decide(const DecideOptions& options) {
  for (const std::string& name : options.behaviours) {
    if (std::ranges::find(spec::behaviours(), name, &spec::Behaviour::name) ==
        spec::behaviours().end()) {
      return process::refuse_input(
          fmt::format("'{}' is no behaviour: expected one of {}", name, names_of_all()));
    }
  }
  if (auto out = process::probe_out(options.out); !out) return process::refuse(out.error());
  process::watch_for_interrupts();
  const auto machine = compare::plain_machine();
  std::size_t written = 0;
  std::vector<std::pair<Undecided, TraceFound>> found;
  std::map<std::string, std::string> never;  // by behaviour and value: on which releases
  for (const Undecided& open : compare::undecided(machine)) {
    const auto& behaviour = *open.behaviour;
    if (!options.behaviours.empty() &&
        std::ranges::find(options.behaviours, behaviour.name) == options.behaviours.end())
      continue;
    if (process::is_interrupted()) break;
    const compare::ToldApart two{.a = *open.release, .b = open.changed()};
    // What was found for a newer release mostly serves an older one.
    const bool is_found = std::ranges::any_of(found, [&](const auto& earlier) {
      return compare::first_step_apart(two, earlier.second.setup, earlier.second.sequence)
          .has_value();
    });
    if (is_found) continue;
    auto trace = compare::look_for_trace(two, {.setup = machine,
                                               .seed = options.seed.value_or(kSeed),
                                               .sequences = options.sequences,
                                               .interrupted = process::is_interrupted});
    const auto values = fmt::format("{}: {} from {}", behaviour.name,
                                    behaviour.value_name(behaviour.get(*open.release)),
                                    behaviour.value_name(open.value));
    if (!trace) {
      auto& releases = never[values];
      releases += fmt::format("{}{}", releases.empty() ? "" : ", ", open.release->name);
      continue;
    }
    const auto path = free_path(options.out, behaviour.name);
    std::error_code error;
    std::filesystem::create_directories(options.out, error);
    if (auto kept = reports::write_atomically(path, text_of(open, *trace, machine)); !kept)
      return process::refuse_input(kept.error().message);
    fmt::print("{}: {} on {}, {} calls\n", reports::printable_line(path.string()), values,
               open.release->name, trace->sequence.size());
    std::fflush(stdout);
    found.emplace_back(open, *std::move(trace));
    ++written;
  }
  for (const auto& [values, releases] : never)
    fmt::print("not told apart by {} sequences: {}, on {}\n", options.sequences, values, releases);
  fmt::print("{} traces\n", written);
  return process::is_interrupted() ? process::ExitStatus::kLacks : process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
