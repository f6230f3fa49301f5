// cli: a campaign's main thread: takes up what the workers hand in, block after block.
#include "cli/campaign.h"

#include <fmt/format.h>
#include <unistd.h>

#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/crew.h"
#include "cli/dealer.h"
#include "cli/interrupt.h"
#include "cli/settle.h"
#include "cli/worker.h"
#include "properties/setups.h"

namespace vmadiff::cli {
namespace {

using properties::Finding;
using std::chrono::steady_clock;

/// After the time is up, a finding is still made smaller for so long.
constexpr auto kGrace = std::chrono::seconds{10};
constexpr auto kTick = std::chrono::milliseconds{200};
/// Agents are killed from outside: a finding is looked at again so many times.
constexpr int kTriesMax = 4;

/// Settles findings, each kind once. Its systems are made when the first finding comes.
class Settler {
 public:
  Settler(const CampaignOptions& options, Progress& progress, const CampaignListener& listener,
          CampaignResult& result)
      : options_(options), progress_(progress), listener_(listener), result_(result) {}

  /// Whether the campaign has as many findings as were asked for.
  [[nodiscard]] bool is_full() const { return found_ >= options_.max_findings; }

  void take_up(Finding finding) {
    if (!seen_.insert(finding.fingerprint).second) return;
    if (!crew_) {
      auto made = Crew::make(options_.systems, options_.profile);
      if (!made) return fail(made.error());
      crew_ = *std::move(made);
    }
    const auto fingerprint = finding.fingerprint;
    if (slot_ != nullptr) slot_->thread = ::gettid();
    if (slot_ != nullptr) slot_->begin(finding.sequence_seed, 0, false);
    auto settled = settle(*crew_, options_.profile, finding, interrupted());
    for (int i = 1; i < kTriesMax && !settled && settled.error().passes; ++i)
      settled = settle(*crew_, options_.profile, finding, interrupted());
    if (!settled && settled.error().passes) {
      finding.reproducible = false;
      settled = std::move(finding);
    }
    if (slot_ != nullptr) slot_->end();
    if (!settled) return fail(settled.error());
    // A smaller sequence can turn out to be a finding that is known already.
    if (settled->fingerprint != fingerprint && !seen_.insert(settled->fingerprint).second) return;
    ++found_;
    ++result_.summary.claims[settled->claim].findings;
    // It counts when it is on disk.
    listener_.on_finding(*settled);
    progress_.findings.fetch_add(1, std::memory_order_relaxed);
  }

 private:
  void fail(const spec::ToolFault& fault) { result_.fault = fault; }

  [[nodiscard]] std::function<bool()> interrupted() const {
    auto last_tick = steady_clock::now();
    const auto deadline = last_tick + kGrace;
    return [this, last_tick, deadline]() mutable {
      if (slot_ != nullptr) slot_->turns.fetch_add(1, std::memory_order_relaxed);
      const auto now = steady_clock::now();
      if (now - last_tick >= kTick) {
        last_tick = now;
        listener_.on_tick();
      }
      // With a budget in calls the clock decides nothing: the result must not depend on it.
      const auto& time = options_.budget.time;
      const bool late = time && now > deadline && now - progress_.start > *time;
      return is_interrupted() || late;
    };
  }

  const CampaignOptions& options_;
  Progress& progress_;
  const CampaignListener& listener_;
  CampaignResult& result_;
  InFlightSlot* slot_ = options_.in_flight == nullptr ? nullptr : options_.in_flight->slots.data();
  std::optional<Crew> crew_;
  std::set<std::string> seen_;
  std::size_t found_ = 0;
};

/// Takes up blocks in ascending order until there are no more.
void reduce(Exchange& exchange, Settler& settler, const CampaignListener& listener,
            CampaignResult& result) {
  auto& summary = result.summary;
  for (std::uint64_t block = 0; !settler.is_full() && !result.fault;) {
    bool all_left = false;
    auto taken = exchange.take(block, kTick, all_left);
    listener.on_tick();
    if (!taken) {
      if (all_left) return;
      continue;
    }
    ++block;
    summary.tally.add(taken->tally);
    for (const auto& [claim, count] : taken->sightings) summary.claims[claim].sequences += count;
    for (const auto& [reason, count] : taken->set_back) summary.set_back[reason] += count;
    for (Finding& finding : taken->findings) {
      if (settler.is_full() || result.fault) break;
      settler.take_up(std::move(finding));
    }
    if (taken->fault && !result.fault) result.fault = taken->fault;
  }
}

}  // namespace

std::optional<spec::Setup> own_setup(const CampaignOptions& options, std::uint64_t sequence_seed) {
  if (!options.varies_setup) return std::nullopt;
  return properties::varied_setup(sequence_seed, options.setup);
}

CampaignResult run_campaign(const CampaignOptions& options, Progress& progress,
                            const CampaignListener& listener) {
  CampaignResult result;
  Dealer dealer{options};
  Exchange exchange{options.jobs};
  std::atomic<bool> stop{false};
  progress.start = steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < options.jobs; ++i) {
      InFlightSlot* const slot =
          options.in_flight == nullptr ? nullptr : &options.in_flight->slots[1 + i];
      try {
        threads.emplace_back([&, slot] { work(options, dealer, exchange, progress, stop, slot); });
      } catch (const std::system_error& error) {
        result.fault = spec::ToolFault{
            fmt::format("thread {} cannot be started: {} (allow more processes: ulimit -u, or "
                        "pids.max of the cgroup; or take fewer --jobs)",
                        i + 1, error.code().message())};
        break;
      }
    }
    Settler settler{options, progress, listener, result};
    reduce(exchange, settler, listener, result);
    stop = true;
    exchange.wake_all();
  }
  if (options.coverage) result.summary.coverage = exchange.coverage();
  result.summary.interrupted = is_interrupted();
  return result;
}

}  // namespace vmadiff::cli
