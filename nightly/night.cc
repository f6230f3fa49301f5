// nightly: the stages of a night, one after another.
#include "nightly/night.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "kernel/descriptor.h"
#include "nightly/disk.h"
#include "process/interrupt.h"

namespace vmadiff::nightly {
namespace {

using process::ExitStatus;
using process::Refusal;
using std::chrono::milliseconds;

/// A stage that was begun so often and never ended brings the machine down.
constexpr std::uint64_t kAttemptsMax = 12;
/// The smallest time for which it is worth beginning a stage.
constexpr milliseconds kTimeMin{1'000};

/// One night at a time. The lock outlives a night that is killed by what its child takes to end.
std::expected<kernel::Descriptor, Refusal> lock(const Places& places) {
  kernel::Descriptor file{::open(places.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
  if (!file.is_open())
    return process::lacks(
        fmt::format("{}: cannot be opened: {}", places.lock().string(), std::strerror(errno)));
  constexpr int kTries = 100;
  for (int i = 0; ::flock(file.number(), LOCK_EX | LOCK_NB) != 0; ++i) {
    if (i == kTries)
      return process::lacks(fmt::format("--state {}: another vmadiff nightly is at work there",
                                        places.state.string()));
    std::this_thread::sleep_for(milliseconds{100});
  }
  return file;
}

std::uint64_t mixed(std::uint64_t value) {  // splitmix64
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111eb;
  return value ^ (value >> 31U);
}

const Stage* find(const Options& options, std::string_view name) {
  const auto at = std::ranges::find(options.stages, name, &Stage::name);
  return at == options.stages.end() ? nullptr : &*at;
}

bool can_run(const Stage* stage) { return stage != nullptr && stage->lacks.empty(); }

/// What this stage may take of what is left of the night. What a stage leaves of its share is the
/// others'.
Share share_of(const Context& context, const Stage& stage, const StageRecord& record) {
  const process::Budget& budget = context.journal.budget;
  double shares = 0;
  double all_shares = 0;
  milliseconds ended{0};
  for (const StageRecord& other : context.journal.stages) {
    const Stage* const planned = find(context.options, other.name);
    if (can_run(planned)) all_shares += planned->share;
    if (has_ended(other.state)) {
      ended += other.spent;
    } else if (can_run(planned)) {
      shares += planned->share;
    }
  }
  if (budget.operations) {
    const auto part = static_cast<double>(*budget.operations) * stage.share / all_shares;
    return {.time = {}, .operations = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(part))};
  }
  const auto left = std::chrono::duration<double, std::milli>(*budget.time - ended).count();
  const auto part = shares > 0 ? left * stage.share / shares : 0;
  return {.time = std::max(milliseconds{0},
                           milliseconds{static_cast<std::int64_t>(part)} - record.spent),
          .operations = {}};
}

StageResult run_stage(Context& context, const Stage& stage, StageRecord& record) {
  auto share = share_of(context, stage, record);
  if (stage.share > 0 && share.time && *share.time < kTimeMin) {
    // What a killed attempt has left is looked at however late it is.
    const bool has_left = record.attempts > 1 && stage.kind == Kind::kCheck;
    if (has_left) share.time = kTimeMin;
    if (!has_left && stage.kind != Kind::kFuzz)
      return StageEnd{record.attempts > 1 ? State::kDone : State::kSkipped,
                      "no time was left for it"};
  }
  switch (stage.kind) {
    case Kind::kReplay:
      return run_replay(context, stage, record);
    case Kind::kKnown:
      return run_known(context, stage, record);
    case Kind::kCheck:
      return run_check(context, stage, record, share);
    case Kind::kSuites:
      return run_suites(context, stage, record, share);
    case Kind::kFuzz:
      return run_fuzz(context, stage, record, share);
    case Kind::kMerge:
      return run_merge(context, stage, record, share);
    case Kind::kDistill:
      return run_distill(context, stage, record, share);
  }
  std::unreachable();
}

std::expected<Journal, spec::ToolFault> begin(const Options& options, const Places& places) {
  auto unfinished = unfinished_night(places);
  if (!unfinished) return std::unexpected(unfinished.error());
  if (*unfinished) return **std::move(unfinished);
  auto journal = new_night(places);
  if (!journal) return journal;
  journal->version = options.version;
  journal->seed = options.seed ? *options.seed : process::random_seed();
  journal->budget = options.budget;
  for (const Stage& stage : options.stages)
    journal->stages.push_back({.name = stage.name, .asks = stage.asks, .note = {}, .numbers = {}});
  return journal;
}

}  // namespace

std::uint64_t seed_of(const Context& context, const StageRecord& record) {
  std::uint64_t seed = context.journal.seed;
  for (const char c : record.name) seed = mixed(seed ^ static_cast<unsigned char>(c));
  return context.journal.budget.time ? mixed(seed + record.attempts) : seed;
}

std::expected<NightResult, Refusal> run_night(const Options& options, const Listener& listener) {
  const Places places{options.state};
  if (auto made = make_directory(places.nights()); !made)
    return process::lacks(made.error().message);
  const auto locked = lock(places);
  if (!locked) return std::unexpected(locked.error());
  sweep(places);
  auto known = KnownFindings::load(places);
  if (!known) return process::lacks(known.error().message);
  auto journal = begin(options, places);
  if (!journal) return process::lacks(journal.error().message);
  ++journal->starts;
  if (auto saved = journal->save(); !saved) return process::lacks(saved.error().message);
  prune(places, journal->night, options.nights_max, options.bytes_max);

  Context context{options, places, *journal, *known, listener};
  for (StageRecord& record : journal->stages) {
    if (has_ended(record.state)) continue;
    if (process::is_interrupted()) break;
    const Stage* const stage = find(options, record.name);
    const bool runs = can_run(stage) && record.attempts < kAttemptsMax;
    if (runs) {
      record.state = State::kRunning;
      ++record.attempts;
      if (auto saved = journal->save(); !saved) return process::lacks(saved.error().message);
      if (listener.on_begin) listener.on_begin(*journal, record);
      const auto end = run_stage(context, *stage, record);
      if (!end) return process::lacks(end.error().message);
      record.state = end->state;
      record.note = end->note;
      if (has_ended(record.state)) tidy(context.place_of(*stage));
    } else if (can_run(stage)) {
      record.state = State::kBroken;
      record.note = fmt::format("begun {} times, and never ended", record.attempts);
    } else {
      record.state = State::kSkipped;
      record.note = stage == nullptr ? "not asked for any more" : stage->lacks;
    }
    if (auto saved = journal->save(); !saved) return process::lacks(saved.error().message);
    if (listener.on_end) listener.on_end(*journal, record);
  }
  const bool is_whole = std::ranges::all_of(
      journal->stages, [](const StageRecord& record) { return has_ended(record.state); });
  // The report says that it is done; the journal says so when the report is there.
  auto told = *journal;
  told.is_done = is_whole;
  NightResult result{.report = report_of(told, *known), .places = places};
  if (auto written = write_reports(result.report, places); !written)
    return process::lacks(written.error().message);
  if (is_whole) {
    prune(places, journal->night, options.nights_max, options.bytes_max);
    journal->is_done = true;
    if (auto saved = journal->save(); !saved) return process::lacks(saved.error().message);
  }
  return result;
}

}  // namespace vmadiff::nightly
