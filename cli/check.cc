// cli: the check command: from options to a campaign, and from its findings to files and text.
#include "cli/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/budget.h"
#include "cli/campaign.h"
#include "cli/choices.h"
#include "cli/interrupt.h"
#include "cli/status_line.h"
#include "cli/systems.h"
#include "reports/json.h"
#include "reports/store.h"
#include "reports/terminal.h"

namespace vmadiff::cli {
namespace {

/// Everything that is decided before the first sequence runs.
struct Plan {
  CampaignOptions campaign;
  reports::RunHeader header;
};

std::expected<Plan, Refusal> plan(const CheckOptions& options) {
  const auto profile = choose_profile(options.profile);
  if (!profile) return std::unexpected(profile.error());
  auto properties = choose_properties(options.properties);
  if (!properties) return std::unexpected(properties.error());
  const auto budget = choose_budget(options.time, options.operations, options.sequences);
  if (!budget) return std::unexpected(budget.error());
  if (auto out = probe_out(options.out); !out) return std::unexpected(out.error());
  const auto choice = choose_systems(options.systems, *profile);
  if (!choice) return std::unexpected(choice.error());
  const auto setup = setup_for(choice->systems);
  if (!setup) return std::unexpected(Refusal{ExitStatus::kLacks, setup.error().message});

  const Offer offer = offer_of(choice->systems);
  Plan out;
  auto& campaign = out.campaign;
  campaign.systems = choice->systems;
  campaign.profile = *profile;
  campaign.properties = *std::move(properties);
  campaign.setup = *setup;
  campaign.generator.setup = *setup;
  campaign.generator.file_classes = offer.file_classes;
  campaign.generator.files_per_class = offer.files_per_class;
  campaign.generator.ksm_calls = offer.ksm_calls;
  campaign.generator.exec_only = offer.exec_only;
  campaign.seed = options.seed ? *options.seed : random_seed();
  campaign.jobs = options.jobs;
  campaign.max_findings = options.max_findings;
  campaign.budget = *budget;
  campaign.coverage = options.coverage;
  out.header = {.version = VMADIFF_VERSION,
                .profile = std::string{profile->name},
                .systems = choice->systems,
                .properties = options.properties.empty() ? "all" : options.properties,
                .seed = campaign.seed,
                .notes = {}};
  if (!choice->left_out.empty()) out.header.notes.push_back("without " + choice->left_out);
  if (!offer.note.empty()) out.header.notes.push_back(offer.note);
  return out;
}

/// Writes a finding down, then prints it.
class Reporter {
 public:
  explicit Reporter(const CheckOptions& options) : options_(options) {}

  void report(const properties::Finding& finding) const {
    const auto files = reports::write_finding(options_.out, finding);
    if (!files.fault.empty()) {
      fmt::print(stderr, "vmadiff: the finding is printed, but not all of it written: {}\n",
                 files.fault);
    }
    if (options_.json) {
      auto object = reports::to_json(finding);
      object["trace"] = files.trace.string();
      print(object);
    } else {
      fmt::print("\n{}\n", reports::terminal_text(finding, files));
    }
    std::fflush(stdout);
  }

  void print(const reports::RunHeader& header) const {
    if (options_.json) {
      print(reports::to_json(header));
    } else {
      fmt::print("{}", reports::text(header));
    }
    std::fflush(stdout);
  }

  void print(const reports::RunSummary& summary) const {
    if (options_.json) {
      print(reports::to_json(summary));
    } else {
      fmt::print("{}", reports::text(summary));
    }
  }

 private:
  static void print(const nlohmann::ordered_json& object) { fmt::print("{}\n", object.dump()); }

  const CheckOptions& options_;
};

}  // namespace

ExitStatus check(const CheckOptions& options) {
  const auto planned = plan(options);
  if (!planned) return refuse(planned.error());
  const Reporter reporter{options};
  reporter.print(planned->header);

  watch_for_interrupts();
  Progress progress;
  progress.start = std::chrono::steady_clock::now();
  StatusLine status{progress, planned->campaign.budget};
  const auto result = run_campaign(planned->campaign, progress,
                                   {.on_finding =
                                        [&](const properties::Finding& finding) {
                                          status.clear();
                                          reporter.report(finding);
                                        },
                                    .on_tick = [&] { status.tick(); }});
  const auto& tally = result.summary.tally;
  status.finish(tally.operations, tally.remote_operations);
  reporter.print(result.summary);
  const bool found = progress.findings.load() != 0;
  if (result.fault) {
    refuse({ExitStatus::kLacks, fmt::format("the run ended early: {}", result.fault->message)});
    if (!found) return ExitStatus::kLacks;
  }
  return found ? ExitStatus::kFinding : ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
