// campaign: a campaign's main thread: takes up what the workers hand in, block after block.
#include "campaign/campaign.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "campaign/attribution.h"
#include "campaign/crew.h"
#include "campaign/dealer.h"
#include "campaign/settle.h"
#include "campaign/worker.h"
#include "compare/call_pattern.h"
#include "compare/recording.h"
#include "process/interrupt.h"
#include "properties/claims/own_breaches.h"
#include "properties/generate/setups.h"

namespace vmadiff::campaign {
namespace {

using properties::Finding;
using std::chrono::steady_clock;

/// After the time is up, a finding is still made smaller for a part of it, within these bounds.
constexpr int kGracePart = 8;
constexpr steady_clock::duration kGraceMin = std::chrono::seconds{1};
constexpr steady_clock::duration kGraceMax = std::chrono::seconds{10};
constexpr auto kTick = std::chrono::milliseconds{200};
/// Agents are killed from outside: a finding is looked at again so many times.
constexpr int kTriesMax = 4;

/// Settles findings, each kind once. Its systems are made when the first finding comes.
class Settler {
 public:
  Settler(const CampaignOptions& options, process::Progress& progress,
          const CampaignListener& listener, CampaignResult& result)
      : options_(options),
        progress_(progress),
        listener_(listener),
        result_(result),
        attribution_(options.profile, options.is_identified) {}

  /// What was met before the campaign, in the form of findings.
  void report_unknown() {
    for (const compare::Unknown& unknown : options_.unknown) {
      if (result_.fault || process::is_interrupted()) return;
      attribution_.add(unknown.sequence);
      if (!can_compare() || !has_crew()) continue;
      auto checker = make_checker(crew_->systems(), options_.profile, options_.setup,
                                  properties::PropertySet::parse("equivalence").value());
      auto found = compare::retried(
          [&] { return checker.check(unknown.sequence, properties::Observation::kEveryStep); });
      // It differed once; if it is anything, the campaign meets it.
      if (found ? !*found : found.error().passes) continue;
      if (!found) return fail(found.error());
      auto settled = compare::retried(
          [&] { return settle(*crew_, options_.profile, **found, [] { return true; }); });
      if (!settled && settled.error().passes) continue;
      if (!settled) return fail(settled.error());
      settled->explanation = fmt::format("This kernel does as no known one, asked about {}: {}. {}",
                                         unknown.about, unknown.seen, settled->explanation);
      settled->fingerprint += "/asked about " + unknown.about;
      if (seen_.insert(settled->fingerprint).second) publish(*settled);
    }
  }

  /// What an earlier campaign left, in the order of its files. What shows nothing any more is said.
  void take_up_left_over() {
    for (const LeftOver& left : options_.left_over) {
      if (result_.fault || is_full() || process::is_interrupted() || !has_crew()) return;
      auto checker =
          make_checker(crew_->systems(), options_.profile, left.setup, options_.properties);
      auto found = compare::retried(
          [&] { return checker.check(left.sequence, properties::Observation::kEveryStep); });
      if (!found) return fail(found.error());
      if (*found) {
        progress_.note_sight();
        (*found)->run_seed = options_.seed;
        if (options_.sights != nullptr) options_.sights->note(**found);
        take_up(**std::move(found));
        if (result_.fault) return;
      } else {
        result_.summary.shows_nothing.push_back(left.file.filename().string());
      }
      // The same finding can have got that very name again.
      std::error_code ignored;
      std::filesystem::remove(left.file, ignored);
    }
  }

  /// Whether the campaign has as many findings as were asked for.
  [[nodiscard]] bool is_full() const { return found_ >= options_.max_findings; }

  /// Settles it, where it is the first of its kind.
  void take_up(const Finding& finding) {
    if (!seen_.insert(finding.fingerprint).second) return;
    if (!has_crew()) return;
    settle_and_publish(finding);
    if (options_.sights != nullptr && !result_.fault) options_.sights->settled(finding);
  }

  /// To be called at the end.
  void sum_up() { result_.summary.more_of_a_cause = attribution_.more(); }

 private:
  void settle_and_publish(Finding finding) {
    auto rest = compare::retried([&] { return attribution_.without_known(*crew_, finding); });
    if (!rest && !rest.error().passes) return fail(rest.error());
    if (rest && !*rest) return;
    if (rest) finding = **std::move(rest);
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
    const auto is_new = compare::retried([&] { return attribution_.is_new(*crew_, *settled); });
    if (!is_new && !is_new.error().passes) return fail(is_new.error());
    if (is_new && !*is_new) return;
    settled->known = properties::own_breach(*settled, options_.profile);
    // What the profile breaks by its nature is reported, and ends no hunt.
    if (settled->known.empty()) ++found_;
    publish(*settled);
  }

  void publish(const Finding& finding) {
    ++result_.summary.claims[finding.claim].findings;
    // It counts when it is on disk.
    listener_.on_finding(finding);
    progress_.findings.fetch_add(1, std::memory_order_relaxed);
  }

  bool has_crew() {
    if (crew_) return true;
    auto made = Crew::make(options_.systems, options_.profile);
    if (!made) {
      fail(made.error());
      return false;
    }
    crew_ = *std::move(made);
    return true;
  }

  /// Whether systems are compared with one another at all.
  [[nodiscard]] bool can_compare() const {
    return options_.systems.size() > 1 &&
           options_.properties.has_any(properties::Kind::kEquivalence);
  }

  void fail(const spec::ToolFault& fault) { result_.fault = fault; }

  [[nodiscard]] std::function<bool()> interrupted() const {
    auto last_tick = steady_clock::now();
    const auto grace =
        std::clamp(options_.budget.time.value_or(kGraceMax) / kGracePart, kGraceMin, kGraceMax);
    const auto deadline = last_tick + grace;
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
      return process::is_interrupted() || late;
    };
  }

  const CampaignOptions& options_;
  process::Progress& progress_;
  const CampaignListener& listener_;
  CampaignResult& result_;
  InFlightSlot* slot_ = options_.in_flight == nullptr ? nullptr : options_.in_flight->slots.data();
  std::optional<Crew> crew_;
  Attribution attribution_;
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
      settler.take_up(finding);
    }
    if (taken->fault && !result.fault) result.fault = taken->fault;
  }
}

}  // namespace

void draw(const CampaignOptions& options, std::uint64_t sequence_seed,
          const properties::GeneratorOptions& generator, spec::Sequence& out) {
  properties::generate(sequence_seed, generator, out);
  for (const compare::Unknown& unknown : options.unknown)
    compare::leave_out(compare::pattern_of(unknown.sequence), out);
}

std::optional<spec::Setup> own_setup(const CampaignOptions& options, std::uint64_t sequence_seed) {
  return properties::varied_setup(sequence_seed, options.setup, options.setup_variation);
}

CampaignResult run_campaign(const CampaignOptions& options, process::Progress& progress,
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
    settler.report_unknown();
    settler.take_up_left_over();
    reduce(exchange, settler, listener, result);
    settler.sum_up();
    stop = true;
    exchange.wake_all();
  }
  if (options.coverage) result.summary.coverage = exchange.coverage();
  result.summary.interrupted = process::is_interrupted();
  return result;
}

}  // namespace vmadiff::campaign
