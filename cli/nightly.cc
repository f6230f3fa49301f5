// cli: the nightly command.
#include "cli/nightly.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <ranges>
#include <system_error>

#include "cli/night_page.h"
#include "cli/night_plan.h"
#include "kernel/store/kernel_source.h"
#include "kernel/store/kernel_store.h"
#include "nightly/night.h"
#include "process/budget.h"
#include "process/interrupt.h"
#include "process/terminal.h"
#include "reports/json.h"
#include "reports/quoting.h"
#include "reports/store.h"

namespace vmadiff::cli {
namespace {

namespace fs = std::filesystem;
using nightly::Journal;
using nightly::StageRecord;
using process::ExitStatus;
using process::Refusal;
using std::chrono::steady_clock;

constexpr const char* kDefaultBudget = "2h";

/// The first of these that is there; empty where none is.
fs::path first_of(std::initializer_list<fs::path> places) {
  for (const auto& place : places) {
    std::error_code ignored;
    if (!place.empty() && fs::exists(place, ignored)) return fs::absolute(place, ignored);
  }
  return {};
}

fs::path default_state() {
  if (const char* const place = std::getenv("XDG_STATE_HOME"); place != nullptr && *place == '/')
    return fs::path{place} / "vmadiff" / "nightly";
  const char* const home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? fs::path{"vmadiff-nightly"}
                                          : fs::path{home} / ".local/state/vmadiff/nightly";
}

std::expected<NightTools, Refusal> tools_of(const NightlyOptions& options) {
  std::error_code error;
  NightTools out;
  out.program = fs::read_symlink("/proc/self/exe", error);
  if (error) return process::lacks("this program's own file cannot be found through /proc");
  const auto here = out.program.parent_path();
  out.state =
      fs::absolute(options.state.empty() ? default_state() : fs::path{options.state}, error);
  for (const auto& [name, path] :
       {std::pair{"--corpus", options.corpus}, std::pair{"--fuzzers", options.fuzzers},
        std::pair{"--suites", options.suites}}) {
    if (!path.empty() && !fs::exists(path, error))
      return process::bad_input(fmt::format("{} {}: there is no such file or directory", name,
                                            reports::printable_line(path)));
  }
  // In a build, which is what most run, the program lies in build/release.
  out.corpus = options.corpus.empty() ? first_of({"corpus", here / "../../corpus"})
                                      : fs::absolute(options.corpus, error);
  out.fuzzers = options.fuzzers.empty()
                    ? first_of({here / "fuzz_differential", here / "fuzz/fuzz_differential",
                                here / "../fuzz/fuzz/fuzz_differential"})
                          .parent_path()
                    : fs::absolute(options.fuzzers, error);
  out.suites = options.suites.empty()
                   ? first_of({here / "properties_rapidcheck_test",
                               here / "tests/properties/properties_rapidcheck_test"})
                   : fs::absolute(options.suites, error);
  for (auto* path : {&out.corpus, &out.fuzzers, &out.suites}) *path = path->lexically_normal();
  if (!out.corpus.empty())
    out.dictionary = first_of({out.corpus / "../fuzz/trace.dict", out.fuzzers / "fuzz_trace.dict"})
                         .lexically_normal();
  for (const auto& kernel : kernel::stored_kernels()) out.kernels.push_back(kernel.name);
  out.trees = kernel::stored_sources();
  return out;
}

/// Those that were asked for.
std::expected<std::vector<nightly::Stage>, Refusal> chosen(std::vector<nightly::Stage> stages,
                                                           const std::string& only) {
  if (only.empty()) return stages;
  std::vector<std::string> wanted;
  for (const auto word : std::views::split(only, ','))
    wanted.emplace_back(word.begin(), word.end());
  for (const std::string& name : wanted) {
    if (std::ranges::find(stages, name, &nightly::Stage::name) == stages.end()) {
      std::vector<std::string> names;
      for (const auto& stage : stages) names.push_back(stage.name);
      return process::bad_input(fmt::format("--only {}: expected stages of this night: {}",
                                            reports::printable_line(name), fmt::join(names, ", ")));
    }
  }
  std::erase_if(stages, [&](const nightly::Stage& stage) {
    return std::ranges::find(wanted, stage.name) == wanted.end();
  });
  return stages;
}

std::string clock_text(std::chrono::milliseconds time) {
  const auto total = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  if (total >= 3600)
    return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

/// How far a night is, on stderr: on a terminal a line that is rewritten, and a line for each stage
/// that has ended; elsewhere these alone.
class NightLine {
 public:
  void end(const Journal& journal, const StageRecord& record) {
    clear();
    fmt::print(stderr, "{:>2}/{} {:<24} {:<8} {:>8}  {}\n", place_of(journal, record),
               journal.stages.size(), record.name, name(record.state), clock_text(record.spent),
               record.note);
    std::fflush(stderr);
  }
  void tick(const Journal& journal, const StageRecord& record) {
    const auto now = steady_clock::now();
    if (!is_terminal_ || now < next_) return;
    next_ = now + std::chrono::seconds{1};
    std::string left;
    if (journal.budget.time) {
      const auto rest = *journal.budget.time - journal.spent();
      left = fmt::format(
          ", left {}",
          clock_text(std::max(std::chrono::milliseconds{0},
                              std::chrono::duration_cast<std::chrono::milliseconds>(rest))));
    }
    process::rewrite_line(fmt::format("{}/{} {}  {}{}", place_of(journal, record),
                                      journal.stages.size(), record.name, clock_text(record.spent),
                                      left));
    is_shown_ = true;
  }

 private:
  static std::ptrdiff_t place_of(const Journal& journal, const StageRecord& record) {
    return &record - journal.stages.data() + 1;
  }
  void clear() {
    if (is_shown_) process::clear_line();
    is_shown_ = false;
  }

  bool is_terminal_ = process::can_rewrite_lines();
  bool is_shown_ = false;
  steady_clock::time_point next_;
};

std::expected<nightly::Options, Refusal> options_of(const NightlyOptions& asked) {
  const auto budget = process::choose_budget(
      asked.budget.empty() && !asked.operations ? kDefaultBudget : asked.budget, asked.operations,
      std::nullopt);
  if (!budget) {
    auto refusal = budget.error();
    refusal.message =
        fmt::format("--budget {}: expected a number with s, m or h behind it, as in 90s, 10m, 2h",
                    asked.budget);
    return std::unexpected(std::move(refusal));
  }
  const auto bytes = bytes_of(asked.size);
  if (!bytes)
    return process::bad_input(
        fmt::format("--size {}: expected a number with M or G behind it, at least 16M",
                    reports::printable_line(asked.size)));
  const auto tools = tools_of(asked);
  if (!tools) return std::unexpected(tools.error());
  if (auto probed = process::probe_out(tools->state.string(), "--state"); !probed)
    return std::unexpected(probed.error());
  auto stages = chosen(night_plan(*tools), asked.only);
  if (!stages) return std::unexpected(stages.error());
  return nightly::Options{.state = tools->state,
                          .budget = *budget,
                          .seed = asked.seed,
                          .jobs = asked.jobs,
                          .bytes_max = *bytes,
                          .nights_max = asked.nights,
                          .version = VMADIFF_VERSION,
                          .program = tools->program,
                          .stages = *std::move(stages)};
}

}  // namespace

std::optional<std::uint64_t> bytes_of(std::string_view words) {
  std::uint64_t value = 0;
  const auto* const end = words.data() + words.size();
  const auto [stop, error] = std::from_chars(words.data(), end, value);
  const std::string_view unit{stop, static_cast<std::size_t>(end - stop)};
  constexpr std::uint64_t kMebi = std::uint64_t{1} << 20U;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40U;
  const auto factor = unit == "M" ? kMebi : unit == "G" ? kMebi << 10U : 0;
  if (error != std::errc{} || factor == 0 || value > kMost / factor || value * factor < 16 * kMebi)
    return std::nullopt;
  return value * factor;
}

ExitStatus nightly(const NightlyOptions& options) {
  const auto made = options_of(options);
  if (!made) return process::refuse(made.error());
  process::watch_for_interrupts();
  NightLine line;
  const auto result = nightly::run_night(
      *made, {.on_begin = [&](const Journal& journal,
                              const StageRecord& record) { line.tick(journal, record); },
              .on_end = [&](const Journal& journal,
                            const StageRecord& record) { line.end(journal, record); },
              .on_tick = [&](const Journal& journal,
                             const StageRecord& record) { line.tick(journal, record); }});
  if (!result) return process::refuse(result.error());
  const auto& report = result->report;
  if (const auto page = write_night_page(result->places, report.journal.places); !page)
    fmt::print(stderr, "vmadiff: no page of the night: {}\n", page.error());
  const auto suites = nightly::suites_of(report);
  if (options.json) {
    fmt::print("{}\n", reports::dumped(nightly::to_json(report)));
  } else if (options.ktap) {
    fmt::print("{}", reports::ktap_text(suites));
  } else {
    const auto& night = report.journal.places.night;
    fmt::print("{}\nreport                   {}\npage                     {}\n",
               nightly::text(report, result->places),
               reports::shell_path((night / "report.txt").string()),
               reports::shell_path((night / "index.html").string()));
  }
  if (!options.junit.empty()) {
    if (const auto written = reports::write_atomically(options.junit, reports::junit_xml(suites));
        !written)
      return process::refuse_input(written.error().message);
  }
  return static_cast<ExitStatus>(report.exit_status());
}

}  // namespace vmadiff::cli
