// campaign: the work of one thread.
#include "campaign/worker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "campaign/crew.h"
#include "process/interrupt.h"

namespace vmadiff::campaign {
namespace {

using properties::Checker;
using properties::Finding;
using properties::Observation;

/// Relations cost several runs each: they are checked on every so manieth sequence. A remote system
/// is looked at after every call on as many.
constexpr std::uint64_t kThoroughEvery = 64;

/// Where so many sequences after each other could not be run, none can.
constexpr int kSetBackMax = 100;

/// The selected properties without the relations; nothing where only relations are selected.
std::optional<properties::PropertySet> without_relations(const properties::PropertySet& all) {
  std::string names;
  for (const auto& property : properties::all_properties()) {
    if (properties::has_runs_of_its_own(property.kind) || !all.has(property.name)) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ",", property.name);
  }
  if (names.empty()) return std::nullopt;
  return properties::PropertySet::parse(names).value();
}

/// The two checkers of a thread: one for most sequences, one for the thorough ones.
class Bench {
 public:
  Bench(const CampaignOptions& options, Crew crew, properties::Coverage* coverage)
      : crew_(std::move(crew)),
        thorough_(make_checker(crew_.systems(), options.profile, options.setup, options.properties,
                               coverage)) {
    if (auto quick = without_relations(options.properties)) {
      quick_.reset(new Checker{make_checker(crew_.systems(), options.profile, options.setup,
                                            *std::move(quick), coverage)});
    }
  }

  void begin_in(const spec::Setup& setup) {
    thorough_.begin_in(setup);
    if (quick_) quick_->begin_in(setup);
  }

  /// Says which sequences come next, the first of them with that index. Those that are looked at
  /// after every call cannot be run ahead.
  void will_check(std::uint64_t first, std::span<const spec::Announced> sequences) {
    while (quick_ && !sequences.empty()) {
      const auto quick =
          std::min<std::uint64_t>(kThoroughEvery - first % kThoroughEvery, sequences.size());
      const auto part = sequences.first(quick).subspan(is_thorough(first) ? 1 : 0);
      for (spec::System* system : crew_.systems()) system->will_run(part);
      first += quick;
      sequences = sequences.subspan(quick);
    }
  }

  std::expected<std::optional<Finding>, spec::ToolFault> check(std::uint64_t index,
                                                               const spec::Sequence& sequence) {
    const bool thorough = is_thorough(index);
    Checker& checker = thorough || !quick_ ? thorough_ : *quick_;
    return checker.check(sequence, thorough ? Observation::kEveryStep : Observation::kAtEnd);
  }

  [[nodiscard]] std::chrono::nanoseconds bare_time() const {
    std::chrono::nanoseconds sum{};
    for (const spec::System* system : crew_.systems()) sum += system->bare_time();
    return sum;
  }

  [[nodiscard]] properties::Tally tally() const {
    auto sum = thorough_.tally();
    if (quick_) sum.add(quick_->tally());
    return sum;
  }

 private:
  static bool is_thorough(std::uint64_t index) { return index % kThoroughEvery == 0; }

  Crew crew_;
  Checker thorough_;
  std::unique_ptr<Checker> quick_;  ///< absent where only relations are selected
};

/// What was seen since the earlier tally was read.
properties::Tally since(const properties::Tally& earlier, properties::Tally now) {
  now.sequences -= earlier.sequences;
  now.operations -= earlier.operations;
  now.remote_operations -= earlier.remote_operations;
  now.skipped_on_remote -= earlier.skipped_on_remote;
  for (const auto& [name, count] : earlier.exemptions) {
    const auto at = now.exemptions.find(name);
    if (at == now.exemptions.end()) continue;
    at->second -= count;
    if (at->second == 0) now.exemptions.erase(at);
  }
  return now;
}

void note(Finding finding, const CampaignOptions& options, std::uint64_t seed,
          BlockResult& result) {
  ++result.sightings[finding.claim];
  const auto same = [&finding](const Finding& other) {
    return other.fingerprint == finding.fingerprint;
  };
  if (std::ranges::any_of(result.findings, same)) return;
  finding.run_seed = options.seed;
  finding.sequence_seed = seed;
  if (options.sights != nullptr) options.sights->note(finding);
  result.findings.push_back(std::move(finding));
}

}  // namespace

void Exchange::hand_in(std::uint64_t block, BlockResult result) {
  const std::lock_guard lock{mutex_};
  results_.emplace(block, std::move(result));
  changed_.notify_all();
}

std::size_t Exchange::add(const properties::Coverage& coverage,
                          properties::GeneratorOptions& generator) {
  const std::lock_guard lock{mutex_};
  coverage_.add(coverage);
  generator.favoured = 0;
  generator.favour_madvised = false;
  std::size_t met = 0;
  for (const auto& cell : properties::meetable_cells()) {
    if (properties::count_of(coverage_, cell) != 0) {
      ++met;
      continue;
    }
    generator.favoured |= std::uint64_t{1} << cell.call;
    const bool madvised = !cell.result && cell.ksm == properties::KsmMode::kMadvised;
    generator.favour_madvised = generator.favour_madvised || madvised;
  }
  return met;
}

void Exchange::worker_left() {
  const std::lock_guard lock{mutex_};
  --workers_;
  changed_.notify_all();
}

std::optional<BlockResult> Exchange::take(std::uint64_t block, std::chrono::milliseconds patience,
                                          bool& all_left) {
  std::unique_lock lock{mutex_};
  changed_.wait_for(lock, patience, [&] { return results_.contains(block) || workers_ == 0; });
  all_left = workers_ == 0;
  const auto at = results_.find(block);
  if (at == results_.end()) return std::nullopt;
  std::optional<BlockResult> result{std::move(at->second)};
  results_.erase(at);
  taken_ = block;
  changed_.notify_all();
  return result;
}

void Exchange::wait_for_room(std::uint64_t block, const std::atomic<bool>& stop) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [&] { return block < taken_ + kBlocksAhead || stop.load(); });
}

void Exchange::wake_all() {
  const std::lock_guard lock{mutex_};
  changed_.notify_all();
}

void work(const CampaignOptions& options, Dealer& dealer, Exchange& exchange,
          process::Progress& progress, const std::atomic<bool>& stop, InFlightSlot* slot) {
  if (slot != nullptr) slot->thread = ::gettid();
  const auto must_end = [&] {
    return stop.load(std::memory_order_relaxed) || process::is_interrupted() ||
           (options.budget.time &&
            std::chrono::steady_clock::now() - progress.start >= *options.budget.time);
  };
  auto crew = Crew::make(options.systems, options.profile);
  if (!crew) {
    if (const auto block = dealer.next()) {
      exchange.hand_in(
          block->number,
          {.tally = {}, .findings = {}, .sightings = {}, .set_back = {}, .fault = crew.error()});
    }
    return exchange.worker_left();
  }
  properties::Coverage coverage;
  Bench bench{options, *std::move(crew), options.coverage ? &coverage : nullptr};
  auto generator = options.generator;
  // One block is run ahead where a system can do that: its calls are made while the results of the
  // block before are looked at.
  struct Hand {
    std::optional<Block> block;
    std::vector<std::uint64_t> seeds;
    std::vector<spec::Sequence> sequences;
    std::vector<std::optional<spec::Setup>> setups;  ///< of their own
    std::uint64_t favoured = 0;
    bool favour_madvised = false;
  };
  const auto draw = [&](Hand& hand) {
    hand.block = dealer.next();
    if (!hand.block) return;
    hand.favoured = generator.favoured;
    hand.favour_madvised = generator.favour_madvised;
    hand.seeds.resize(hand.block->count);
    hand.sequences.resize(hand.block->count);
    hand.setups.resize(hand.block->count);
    std::vector<spec::Announced> announced(hand.block->count);
    for (std::uint64_t i = 0; i < hand.block->count; ++i) {
      hand.seeds[i] = properties::sequence_seed(options.seed, hand.block->first + i);
      campaign::draw(options, hand.seeds[i], generator, hand.sequences[i]);
      auto& setup = hand.setups[i] = own_setup(options, hand.seeds[i]);
      announced[i] = {setup ? &*setup : &options.setup, &hand.sequences[i]};
    }
    bench.will_check(hand.block->first, announced);
  };
  Hand hand;
  Hand next;
  int set_back_in_a_row = 0;
  for (draw(hand); hand.block && !must_end(); std::swap(hand, next)) {
    const Block& block = *hand.block;
    exchange.wait_for_room(block.number, stop);
    draw(next);
    BlockResult result;
    const auto before = bench.tally();
    const auto bare_before = bench.bare_time();
    for (std::uint64_t i = 0; i < block.count && !must_end() && !result.fault; ++i) {
      if (slot != nullptr) slot->begin(hand.seeds[i], hand.favoured, hand.favour_madvised);
      const auto& setup = hand.setups[i];
      if (setup) bench.begin_in(*setup);
      auto checked = bench.check(block.first + i, hand.sequences[i]);
      if (setup) bench.begin_in(options.setup);
      if (slot != nullptr) slot->end();
      if (!checked) {
        ++set_back_in_a_row;
        if (checked.error().passes && set_back_in_a_row < kSetBackMax) {
          ++result.set_back[checked.error().message];
        } else {
          result.fault = checked.error();
        }
        continue;
      }
      set_back_in_a_row = 0;
      progress.operations.fetch_add(hand.sequences[i].size(), std::memory_order_relaxed);
      if (*checked) {
        progress.note_sight();
        note(**std::move(checked), options, hand.seeds[i], result);
      }
    }
    result.tally = since(before, bench.tally());
    const auto bare = bench.bare_time() - bare_before;
    progress.bare_nanoseconds.fetch_add(static_cast<std::uint64_t>(bare.count()),
                                        std::memory_order_relaxed);
    const bool failed = result.fault.has_value();
    exchange.hand_in(block.number, std::move(result));
    if (options.coverage) {
      progress.behaviours.store(exchange.add(coverage, generator), std::memory_order_relaxed);
      coverage = {};
    }
    if (failed) break;
  }
  exchange.worker_left();
}

}  // namespace vmadiff::campaign
