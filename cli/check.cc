// cli: the check command: from options to a campaign, and from its findings to files and text.
// Long, since both ways are one object's: what the options say decides where each finding goes.
#include "cli/check.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <utility>

#include "campaign/campaign.h"
#include "campaign/confirmation.h"
#include "campaign/fresh_replay.h"
#include "campaign/post_mortem.h"
#include "campaign/supervisor.h"
#include "cli/campaign_page.h"
#include "cli/choices.h"
#include "cli/status_line.h"
#include "cli/trace_file.h"
#include "compare/call_pattern.h"
#include "kernel/store/kernel_store.h"
#include "process/budget.h"
#include "process/child.h"
#include "process/interrupt.h"
#include "process/output.h"
#include "reports/json.h"
#include "reports/store.h"
#include "reports/terminal.h"
#include "reports/test_results.h"
#include "reports/trace.h"
#include "spec/profile_text.h"
#include "systems/machine.h"
#include "systems/offer.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

/// A sequence on which a thread spends longer hangs. The time that a real kernel takes is not the
/// thread's; its agent is watched by who waits for it.
constexpr auto kPatience = std::chrono::seconds{5};
/// Enough for a tree of four levels.
constexpr std::size_t kTeethInProcess = 1000;
/// Where each allocation of each call fails in turn, a sequence costs the cube of them.
constexpr std::size_t kTeethWithFaults = 60;
/// Longer than any post-mortem spends on itself: most of the work is its children's.
constexpr auto kPostMortemPatience = std::chrono::hours{1};

/// Everything that is decided before the first sequence runs.
struct CheckPlan {
  campaign::CampaignOptions campaign;
  reports::RunHeader header;
  std::string left_out;  ///< SystemChoice's
  std::unique_ptr<campaign::Sights> sights;
  bool tells_bare_time = false;
};

constexpr std::string_view kFaultClaims = "faults";

/// The properties as words; empty for the default.
std::string properties_of(const CheckOptions& options) {
  if (!options.faults) return options.properties;
  return fmt::format("{}{}{}", options.properties, options.properties.empty() ? "" : ",",
                     kFaultClaims);
}

/// A system whose allocations can fail, and one that says what its calls do.
bool can_check_faults(std::span<const std::string> systems) {
  const auto is_there = [&](std::string_view name) {
    return std::ranges::find(systems, name) != systems.end();
  };
  return is_there(systems::kModel) && is_there(systems::kImpl);
}

/// Whether there can be a page where --html says: not found out only when all has run.
std::expected<void, process::Refusal> check_page(const CheckOptions& options) {
  if (options.html.empty()) return {};
  const auto page = std::filesystem::absolute(options.html);
  std::error_code ignored;
  if (std::filesystem::is_directory(page.parent_path(), ignored) &&
      !std::filesystem::is_directory(page, ignored)) {
    return {};
  }
  return process::bad_input(
      fmt::format("--html {}: expected a file in a directory that is there", options.html));
}

/// Whether --confirm names a kernel that can be asked, as far as that is known without booting it.
std::expected<void, process::Refusal> check_confirm(const CheckOptions& options) {
  if (options.confirm.empty()) return {};
  const auto refused = [&](process::ExitStatus status, std::string_view why) {
    return std::unexpected(
        process::Refusal{status, fmt::format("--confirm {}: {}", options.confirm, why)});
  };
  const bool is_guest = systems::is_guest(options.confirm) && options.confirm != systems::kGuest;
  if (!is_guest && options.confirm != systems::kHost)
    return refused(process::ExitStatus::kBadInput,
                   "expected a kernel that is booted: guest:KERNEL (a bzImage's path or "
                   "debian-7.3), or host");
  const auto named = systems::parse_systems(options.systems);
  if (!named || std::ranges::none_of(*named, systems::is_tree))
    return refused(process::ExitStatus::kBadInput,
                   "it is asked about what a tree's code shows, and --systems has no tree");
  if (!is_guest) return {};
  const auto image = kernel::find_kernel(options.confirm.substr(systems::kGuest.size() + 1));
  if (!image) return refused(process::ExitStatus::kLacks, image.error());
  return {};
}

/// What was asked of the kernel, and what it answered that a reader must know.
void note_identity(const Choice& choice, reports::RunHeader& header) {
  const compare::Identity& identity = *choice.identity;
  reports::IdentityNote note{.system = choice.identified,
                             .nearest = std::string{identity.nearest->name},
                             .is_exact = identity.is_exact,
                             .differences = {},
                             .not_asked = {},
                             .unknown = {}};
  for (const compare::BehaviourFound& found : identity.findings) {
    const auto& b = *found.behaviour;
    const auto value = b.get(identity.profile);
    if (value != b.get(*identity.nearest)) note.differences.emplace(b.name, b.value_name(value));
    if (found.not_asked.empty()) continue;
    note.not_asked.emplace_back(b.name);
    header.notes.push_back(fmt::format("not asked: {} ({}): {}", b.what, b.name, found.not_asked));
  }
  for (const compare::Unknown& unknown : identity.unknown) {
    note.unknown.push_back(fmt::format("{}: {}", unknown.about, unknown.seen));
    const auto left_out = compare::left_out_text(compare::pattern_of(unknown.sequence));
    header.notes.push_back(
        fmt::format("as no profile: {}: {}; {}", unknown.about, unknown.seen,
                    left_out.empty() ? "nothing can be left out for it" : "left out: " + left_out));
  }
  for (const std::string& other : choice.systems.systems) {
    if (systems::is_real(other) && other != choice.identified)
      header.notes.push_back(fmt::format("the profile is that of {}; {} is held to it, too",
                                         choice.identified, other));
  }
  header.identity = std::move(note);
}

/// What an earlier run left in the directory, for these systems.
std::expected<std::vector<campaign::LeftOver>, process::Refusal> left_over(
    const std::string& directory, const spec::Setup& setup) {
  std::vector<campaign::LeftOver> out;
  std::error_code ignored;
  if (directory.empty() || !std::filesystem::exists(directory, ignored)) return out;
  const auto files = find_traces({directory});
  if (!files) return process::bad_input(files.error());
  for (const std::string& path : *files) {
    auto file = read_trace(path);
    if (!file) return process::bad_input(file.error());
    out.push_back({path, setup_of(*file, setup), std::move(file->trace.sequence)});
  }
  return out;
}

std::expected<CheckPlan, process::Refusal> plan(const CheckOptions& options) {
  // What is wrong with the command is said before a kernel is asked.
  if (const auto profile = choose_profile(options.profile); !profile)
    return std::unexpected(profile.error());
  const auto words = properties_of(options);
  auto properties = choose_properties(words);
  if (!properties) return std::unexpected(properties.error());
  const auto budget = process::choose_budget(options.time, options.operations, options.sequences);
  if (!budget) return std::unexpected(budget.error());
  if (auto out = process::probe_out(options.out); !out) return std::unexpected(out.error());
  if (!options.sights.empty()) {
    if (auto kept = process::probe_out(options.sights, "--sights"); !kept)
      return std::unexpected(kept.error());
  }
  if (auto page = check_page(options); !page) return std::unexpected(page.error());
  if (auto asked = check_confirm(options); !asked) return std::unexpected(asked.error());
  const bool only_faults = options.faults && options.systems.empty();
  const auto chosen = choose(only_faults ? "model,impl" : options.systems, options.profile);
  if (!chosen) return std::unexpected(chosen.error());
  const auto* const choice = &chosen->systems;
  if (properties->has_any(properties::Kind::kFault) && !can_check_faults(choice->systems)) {
    return process::bad_input(
        fmt::format("--systems {}: to make allocations fail, model and impl must be among "
                    "them",
                    systems::joined(choice->systems)));
  }
  const auto setup = systems::setup_for(choice->systems);
  if (!setup) return process::lacks(setup.error().message);

  auto left = left_over(options.sights, *setup);
  if (!left) return std::unexpected(left.error());

  const systems::Offer offer = systems::offer_of(choice->systems);
  CheckPlan out;
  auto& campaign = out.campaign;
  campaign.left_over = *std::move(left);
  if (!options.sights.empty()) out.sights = std::make_unique<campaign::Sights>(options.sights);
  campaign.sights = out.sights.get();
  campaign.systems = choice->systems;
  campaign.profile = chosen->profile;
  campaign.is_identified = chosen->identity != nullptr;
  if (chosen->identity != nullptr) campaign.unknown = chosen->identity->unknown;
  campaign.properties = *std::move(properties);
  campaign.setup = *setup;
  campaign.generator.setup = *setup;
  campaign.generator.swarming = options.swarming;
  systems::keep_within(offer, campaign.generator);
  campaign.seed = options.seed ? *options.seed : process::random_seed();
  campaign.jobs = options.jobs;
  campaign.max_findings = options.max_findings;
  campaign.budget = *budget;
  campaign.coverage = options.coverage;
  out.tells_bare_time = options.bare_time;
  campaign.setup_variation = systems::setups_of(choice->systems);
  campaign.generator.setup_variation = campaign.setup_variation;
  // A real kernel is looked at through a text that grows with them.
  if (std::ranges::none_of(choice->systems, systems::is_real)) {
    const bool has_faults = campaign.properties.has_any(properties::Kind::kFault);
    campaign.generator.teeth_max = has_faults ? kTeethWithFaults : kTeethInProcess;
  }
  out.header = {.version = VMADIFF_VERSION,
                .profile = spec::profile_text(chosen->profile),
                .systems = choice->systems,
                .properties = words.empty() ? "all" : words,
                .seed = campaign.seed,
                .notes = {}};
  out.left_out = choice->left_out;
  if (chosen->identity != nullptr) note_identity(*chosen, out.header);
  if (!choice->left_out.empty()) out.header.notes.push_back("without " + choice->left_out);
  if (!offer.note.empty()) out.header.notes.push_back(offer.note);
  return out;
}

/// Writes a finding down, then prints it.
class Reporter {
 public:
  Reporter(const CheckOptions& options, const properties::PropertySet& properties)
      : options_(options), properties_(properties) {}

  [[nodiscard]] StatusForm status_form() const {
    return options_.json ? StatusForm::kJson : StatusForm::kText;
  }

  void report(properties::Finding finding) {
    for (const std::string& system : reports::systems_of(finding)) {
      if (!systems::is_real(system)) continue;
      if (systems::is_tree(system)) finding.sanitize = options_.chosen.sanitize;
      finding.machines.push_back(fmt::format(
          "{}: {}{}{}", system, systems::machine_line(system),
          finding.sanitize.empty() ? "" : "; built with -fsanitize=", finding.sanitize));
    }
    const auto files = write(finding);
    stems_.insert(files.trace.stem().string());
    if (!files.fault.empty()) {
      fmt::print(stderr, "vmadiff: the finding is printed, but not all of it written: {}\n",
                 files.fault);
    }
    if (options_.ktap || !options_.junit.empty())
      shown_[finding.claim].push_back(reports::terminal_text(finding, files));
    if (options_.json) {
      print(reports::json_with_files(finding, files));
    } else if (!options_.ktap) {
      fmt::print("\n{}\n", reports::terminal_text(finding, files));
    }
    std::fflush(stdout);
  }

  void print(const reports::RunHeader& header) {
    header_ = header;
    if (options_.json) {
      print(reports::to_json(header));
    } else {
      fmt::print(options_.ktap ? stderr : stdout, "{}", reports::text(header));
    }
    std::fflush(stdout);
  }

  void print(const reports::RunSummary& summary) const {
    if (options_.json) {
      print(reports::to_json(summary));
    } else if (options_.ktap) {
      fmt::print("{}", reports::ktap_text(suite()));
    } else {
      fmt::print("{}", reports::text(summary));
    }
    if (options_.junit.empty()) return;
    const auto claims = suite();
    const auto written =
        reports::write_atomically(options_.junit, reports::junit_xml({&claims, 1}));
    if (!written) process::refuse_input(written.error().message);
  }

  /// The page, where one was asked for. What is wrong with it is said; then it gives false.
  [[nodiscard]] bool write_page(const reports::RunSummary& summary,
                                const process::Progress& progress) const {
    if (options_.html.empty()) return true;
    const auto spent = std::chrono::steady_clock::now() - progress.start;
    const auto seconds = std::chrono::round<std::chrono::seconds>(spent).count();
    const auto written = write_campaign_page(options_.html, options_.out,
                                             {.header = header_,
                                              .summary = summary,
                                              .seconds = static_cast<std::uint64_t>(seconds),
                                              .stems = stems_});
    if (!written) fmt::print(stderr, "vmadiff: no page: {}\n", written.error());
    return written.has_value();
  }

 private:
  /// The trace is written first, and replayed; what came of it stands in the reports beside it.
  [[nodiscard]] reports::FindingFiles write(properties::Finding& finding) const {
    auto files = reports::write_trace(options_.out, finding);
    auto proof = campaign::replay_afresh(files.trace, finding);
    if (files.is_kept && proof.replayed == reports::Replayed::kDoesNotShow) {
      // The earlier one is stale: of another build, say.
      files = reports::write_trace(options_.out, finding, true);
      proof = campaign::replay_afresh(files.trace, finding);
    }
    files.replayed = proof.replayed;
    files.replay_note = std::move(proof.note);
    const auto systems = reports::systems_of(finding);
    if (!options_.confirm.empty() && std::ranges::any_of(systems, systems::is_tree)) {
      finding.confirmation = campaign::confirm(files.trace, finding, options_.confirm);
      // It is on disk already; now with what the booted kernel says.
      if (!files.is_kept) {
        const auto note = std::exchange(files, reports::write_trace(options_.out, finding, true));
        files.replayed = note.replayed;
        files.replay_note = note.replay_note;
      }
    }
    reports::write_reports(finding, files);
    return files;
  }

  static void print(const nlohmann::ordered_json& object) {
    fmt::print("{}\n", reports::dumped(object));
  }

  /// Each claim that was asked about is a test.
  [[nodiscard]] reports::TestSuite suite() const {
    reports::TestSuite out{.name = "check", .results = {}};
    for (const properties::Property& property : properties::all_properties()) {
      if (!properties_.has(property.name)) continue;
      reports::TestResult result{
          .name = std::string{property.name}, .reason = {}, .details = {}, .seconds = {}};
      if (const auto shown = shown_.find(result.name); shown != shown_.end()) {
        result.outcome = reports::TestOutcome::kFailed;
        result.reason = property.claim;
        result.details = shown->second;
      }
      out.results.push_back(std::move(result));
    }
    return out;
  }

  const CheckOptions& options_;
  const properties::PropertySet& properties_;
  std::map<std::string, std::vector<std::string>> shown_;  ///< by claim; findings as text
  reports::RunHeader header_;
  std::set<std::string> stems_;  ///< of the files of what was reported
};

/// What a run and its supervisor both see.
struct Shared {
  campaign::InFlight in_flight;
  process::Progress progress;
};

/// Memory that a child process shares with this one.
template <typename T>
std::unique_ptr<T, void (*)(T*)> make_shared_memory() {
  void* const memory =
      ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc{};
  return {new (memory) T, [](T* shared) {
            shared->~T();
            ::munmap(shared, sizeof(T));
          }};
}

/// The campaign, from its first sequence to its summary.
process::ExitStatus campaign(const CheckPlan& planned, Reporter& reporter,
                             process::Progress& progress) {
  progress.start = std::chrono::steady_clock::now();
  StatusLine status{progress, planned.campaign.budget, reporter.status_form()};
  const auto result = campaign::run_campaign(planned.campaign, progress,
                                             {.on_finding =
                                                  [&](const properties::Finding& finding) {
                                                    status.clear();
                                                    reporter.report(finding);
                                                  },
                                              .on_tick =
                                                  [&] {
                                                    process::watch_output();
                                                    status.tick();
                                                  }});
  const auto& tally = result.summary.tally;
  status.finish(tally.operations, tally.remote_operations);
  if (planned.tells_bare_time) status.finish_bare_time();
  reporter.print(result.summary);
  const bool has_page = reporter.write_page(result.summary, progress);
  const bool found = progress.findings.load() != 0;
  if (result.fault) {
    process::refuse({process::ExitStatus::kLacks,
                     fmt::format("the run ended early: {}", result.fault->message)});
    if (!found) return process::ExitStatus::kLacks;
  }
  if (found) return process::ExitStatus::kFinding;
  return has_page ? process::ExitStatus::kHeld : process::ExitStatus::kLacks;
}

/// Reports what a run that was cut short leaves, and ends it in its place.
process::ExitStatus report_death(const CheckPlan& planned, Reporter& reporter,
                                 process::Progress& progress,
                                 const std::vector<properties::Finding>& findings,
                                 const std::string& death) {
  reports::RunSummary summary;
  summary.tally.operations = progress.operations.load();
  // Also where the limit is reached: the death is another matter than what was found before it.
  std::uint64_t reported = 0;
  for (const auto& finding : findings) {
    if (reported++ >= planned.campaign.max_findings) break;
    progress.findings.fetch_add(1);
    summary.claims[finding.claim] = {.findings = 1, .sequences = 1};
    reporter.report(finding);
  }
  StatusLine{progress, planned.campaign.budget, reporter.status_form()}.finish(
      summary.tally.operations, 0);
  reporter.print(summary);
  static_cast<void>(reporter.write_page(summary, progress));
  if (progress.findings.load() != 0) return process::ExitStatus::kFinding;
  return process::refuse(
      {process::ExitStatus::kLacks,
       fmt::format("the run was cut short ({}), and no sequence shows why", death)});
}

/// The run was cut short: says of what. Looking for the sequence can end a process as well, where
/// memory is corrupted: it is done in one of its own, and what is left then is the sequence itself.
process::ExitStatus after_death(const CheckPlan& planned, Reporter& reporter, Shared& shared,
                                const std::string& death) {
  fmt::print(stderr, "vmadiff: the run was cut short ({}); looking for the sequence\n", death);
  shared.progress.note_sight();
  const pid_t child = process::start_child([&] {
    const auto findings = campaign::post_mortem(planned.campaign, shared.in_flight, death);
    return static_cast<int>(report_death(planned, reporter, shared.progress, findings, death));
  });
  const auto ended = child < 0 ? std::nullopt : process::wait_for(child, kPostMortemPatience);
  if (ended && WIFEXITED(*ended)) return static_cast<process::ExitStatus>(WEXITSTATUS(*ended));
  if (child >= 0 && !ended) process::kill_child(child);
  return report_death(planned, reporter, shared.progress,
                      campaign::suspects(planned.campaign, shared.in_flight, death), death);
}

}  // namespace

process::ExitStatus check(const CheckOptions& options) {
  auto planned = plan(options);
  if (!planned) return process::refuse(planned.error());
  Reporter reporter{options, planned->campaign.properties};
  reporter.print(planned->header);
  // The head of a long log is soon out of sight.
  if (!planned->left_out.empty()) {
    fmt::print(stderr, "vmadiff: the host takes no part: {}\n", planned->left_out);
  }

  process::watch_for_interrupts();
  const auto shared = make_shared_memory<Shared>();
  const auto& systems = planned->campaign.systems;
  // A virtual machine belongs to the process that booted it, and the plan has booted one.
  if (std::ranges::any_of(systems, systems::is_guest)) {
    return campaign(*planned, reporter, shared->progress);
  }
  planned->campaign.in_flight = &shared->in_flight;
  const bool has_remote = std::ranges::any_of(systems, systems::is_real);
  const auto run = campaign::supervise(shared->in_flight, kPatience, has_remote, [&] {
    return campaign(*planned, reporter, shared->progress);
  });
  return run.status ? *run.status : after_death(*planned, reporter, *shared, run.death);
}

}  // namespace vmadiff::cli
