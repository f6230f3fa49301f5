// cli: running a trace to know what to expect of it.
#include "cli/reproduction.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "cli/end_check.h"
#include "cli/final_state.h"
#include "compare/recording.h"
#include "spec/profile_text.h"
#include "spec/trace_text.h"

namespace vmadiff::cli {
namespace {

/// So many VMAs of layouts are kept; of longer traces only the end is.
constexpr std::size_t kVmasMax = 20000;

/// The trace's path without directories and suffix.
std::string name_of(const TraceFile& file) {
  auto name = file.path.substr(file.path.find_last_of('/') + 1);
  if (name.ends_with(".trace")) name.resize(name.size() - std::string_view{".trace"}.size());
  return name;
}

/// Whether the comment is for the tool (docs/traces.md).
bool is_directive(std::string_view comment) {
  constexpr std::array kKeys{"profile", "systems", "setup", "expect", "holds", "vmas"};
  const auto key = comment.substr(0, comment.find_first_of(": "));
  return comment.contains(':') && std::ranges::find(kKeys, key) != kKeys.end();
}

/// What the trace says of itself before its first call.
std::vector<std::string> head_of(const TraceFile& file) {
  std::vector<std::string> lines;
  for (std::string_view line : file.trace.comments.front()) {
    if (end_claim_text(line)) continue;
    while (line.starts_with('#')) line.remove_prefix(1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (is_directive(line)) continue;
    lines.emplace_back(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

class Runner {
 public:
  Runner(const Readied& on, const TraceFile& file, reports::Reproduction& out)
      : on_(on), file_(file), out_(out) {}

  std::expected<void, process::Refusal> run() {
    if (auto started = on_.system->start(on_.setup); !started)
      return process::lacks(started.error().message);
    for (std::size_t i = 0; i < file_.trace.sequence.size(); ++i) {
      if (auto done = step(i); !done) return done;
    }
    if (vma_count_ > kVmasMax) forget_layouts();
    compare::Recording recording;
    recording.system = on_.name;
    recording.observes = on_.system->observes();
    for (const spec::ProcessId process : processes_.all()) {
      if (auto looked = on_.system->snapshot(process, now_); !looked)
        return process::lacks(looked.error().message);
      out_.ends.push_back(
          {process, out_.add_layout(now_.vmas), now_.counters, now_.brk, now_.merge_any});
      (process == 0 ? recording.end.emplace() : recording.others[process]) = now_;
    }
    for (const std::string& broken : broken_ends(file_, recording, out_.profile)) {
      fmt::print(stderr, "vmadiff: {}\n", broken);
    }
    return {};
  }

 private:
  std::expected<void, process::Refusal> step(std::size_t index) {
    const spec::Step& step = file_.trace.sequence[index];
    const auto outcome = on_.system->apply(step.process, step.call);
    if (outcome.is_death()) {
      if (auto setback = on_.system->take_setback()) return process::lacks(setback->message);
      return std::unexpected(died_of_it(on_, file_));
    }
    if (step.expected && *step.expected != outcome) {
      fmt::print(stderr, "vmadiff: {}:{}: {} gives {} under {}, the trace says {}\n", file_.path,
                 file_.trace.lines[index], on_.name, spec::text(outcome), out_.profile,
                 spec::text(*step.expected));
    }
    processes_.note(step, outcome);
    out_.steps.push_back({step.process, step.call, outcome});
    if (vma_count_ > kVmasMax || !processes_.has(step.process)) return {};
    if (auto looked = on_.system->snapshot(step.process, now_); !looked)
      return process::lacks(looked.error().message);
    const auto had = out_.layouts.size();
    out_.steps.back().layout = out_.add_layout(now_.vmas);
    if (out_.layouts.size() != had) vma_count_ += out_.layouts.back().size();
    return {};
  }

  void forget_layouts() {
    for (auto& step : out_.steps) step.layout.reset();
    out_.layouts.clear();
  }

  const Readied& on_;
  const TraceFile& file_;
  reports::Reproduction& out_;
  compare::Processes processes_;
  spec::Snapshot now_;
  std::size_t vma_count_ = 0;
};

void expect_committed(const TraceFile& file, reports::Reproduction& out) {
  const auto& claims = file.directives.expect;
  if (std::ranges::find(claims, "NothingStaysCommitted") == claims.end()) return;
  out.committed = reports::Committed::kSomethingStays;
  out.held = "pages stay committed, as the trace says";
  out.differed = "nothing stays committed here, and the trace says that it does";
}

}  // namespace

std::expected<reports::Reproduction, process::Refusal> reproduction_of(const TraceFile& file,
                                                                       std::string_view system,
                                                                       std::string_view profile) {
  const auto on = ready(file, system, profile_to_ask(file, profile));
  if (!on) return std::unexpected(on.error());
  reports::Reproduction out;
  out.name = name_of(file);
  out.profile = spec::profile_text(on->profile);
  out.setup = on->setup;
  out.own_setup = file.directives.setup;
  out.story = head_of(file);
  if (!out.story.empty()) out.story.emplace_back();
  out.story.push_back(
      fmt::format("Written by vmadiff from {}.trace. Expected: what {} gives under {}.", out.name,
                  on->name, out.profile));
  if (!file.directives.setup.empty()) {
    out.story.push_back(reports::machine_note(file.directives.setup));
  }
  out.held = fmt::format("as expected ({} under {})", on->name, out.profile);
  out.differed = fmt::format("different from {} under {}", on->name, out.profile);
  expect_committed(file, out);
  if (auto ran = Runner{*on, file, out}.run(); !ran) return std::unexpected(ran.error());
  return out;
}

}  // namespace vmadiff::cli
