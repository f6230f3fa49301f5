// kernel: an agent that can be used again and again: running, and looking. How one begins, and
// begins again, is in agent_beginning.cc.
#include "kernel/host/agent_session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "kernel/host/own_limits.h"
#include "kernel/host/program.h"
#include "kernel/host/usage.h"
#include "spec/flags.h"
#include "spec/setup.h"

namespace vmadiff::kernel {
namespace {

using spec::ToolFault;

/// An agent that is killed from outside is replaced so many times, for one run.
constexpr int kTriesMax = 100;
/// A run that ends in SIGKILL so often, always at the same call, is not killed from outside, where
/// agents that do nothing live.
constexpr int kDeathsThatCount = 8;
/// Or so often where the kernel says that it is out of memory.
constexpr int kDeathsForMemory = 4;

}  // namespace

bool AgentSession::adds_seals(std::span<const Record> program) {
  return std::ranges::find(program, std::uint32_t{SYS_fcntl}, &Record::number) != program.end();
}

std::expected<std::unique_ptr<AgentSession>, ToolFault> AgentSession::open(
    const HostOptions& options) {
  std::unique_ptr<AgentSession> session{new AgentSession{options}};
  if (auto fault = make_room()) return std::unexpected(*std::move(fault));
  auto files = open_agent_files(options.memory_device);
  if (!files) return std::unexpected(files.error());
  session->files_ = std::move(*files);
  if (auto done = session->replace_agent(); !done) return std::unexpected(done.error());
  if (auto done = session->learn_files(); !done) return std::unexpected(done.error());
  return session;
}

std::uint32_t AgentSession::file_count(spec::FileClass cls) const {
  // Of what cannot be mapped, none can be confused with another.
  if (cls == spec::FileClass::kUnmappable) return files_.count(cls);
  return static_cast<std::uint32_t>(
      std::ranges::count_if(known_, [cls](const KnownFile& file) { return file.id.cls == cls; }));
}

std::expected<Session::Run, ToolFault> AgentSession::run(const Program& program,
                                                         std::vector<std::uint64_t>& results) {
  is_suspect_ = is_suspect_ || program.distrusted;
  const bool seals = adds_seals(program.records);
  if (seals) {
    auto begun = reset_alone();
    if (!begun || begun->died) return begun;
  }
  if (!seals && !program.has_huge_pages()) return run(program.records, results);
  return run_exit_by_exit(program.records, results);
}

// Before a program for which it matters what processes of the sequences before still have: a file
// that one of them can write to cannot be sealed, and they are still at their end when they have
// been told to, some even behind a whole short sequence.
std::expected<Session::Run, ToolFault> AgentSession::reset_alone() {
  if (is_alive()) agent_->wait_for_exit();
  Run ran;
  if (must_reset_ && forks_ != 0 && is_alive()) {
    auto reset = run(std::span<const Record>{}, no_results_);
    if (!reset || reset->died) return reset;
    ran = *std::move(reset);
  }
  wait_for_the_ending();
  return ran;
}

// Those of the present sequence, which the reset is about to tell.
void AgentSession::note_the_ending() {
  for (std::uint32_t process = 1; is_alive() && process <= forks_; ++process)
    ending_.push_back(agent_->pid_of(process));
  if (ending_.size() > kProcessCountMax)
    ending_.erase(ending_.begin(), ending_.end() - kProcessCountMax);
}

void AgentSession::wait_for_the_ending() {
  for (const int pid : std::exchange(ending_, {})) {
    if (is_alive()) agent_->wait_for_end(pid);
  }
}

// What a process had of the pool is free once it has ended, which its last record does not wait
// for.
std::expected<Session::Run, ToolFault> AgentSession::run_exit_by_exit(
    std::span<const Record> records, std::vector<std::uint64_t>& results) {
  results.clear();
  Run total;
  std::vector<std::uint64_t> some;
  do {
    const auto exit = std::ranges::find(records, kExit, &Record::number);
    const auto before = static_cast<std::size_t>(exit - records.begin());
    const auto part = records.first(std::min(before + 1, records.size()));
    records = records.subspan(part.size());
    auto ran = run(part, some);
    if (!ran) return ran;
    results.insert(results.end(), some.begin(), some.end());
    total.done += ran->done;
    total.died = ran->died;
    total.how_died = std::move(ran->how_died);
    total.setback = std::move(ran->setback);
    if (is_alive()) agent_->wait_for_exit();
  } while (!records.empty() && !total.died);
  return total;
}

std::expected<Session::Run, ToolFault> AgentSession::run(std::span<const Record> records,
                                                         std::vector<std::uint64_t>& results) {
  results.clear();
  Run total;
  do {
    const auto part = records.first(std::min(records.size(), kCallCountMax));
    records = records.subspan(part.size());
    auto ran = run_part(part, results);
    if (!ran) return ran;
    total.done += ran->done;
    total.died = ran->died;
    total.how_died = std::move(ran->how_died);
    total.setback = std::move(ran->setback);
  } while (!records.empty() && !total.died);
  return total;
}

// Runs it until the agent is not killed in it.
std::expected<Session::Run, ToolFault> AgentSession::run_part(std::span<const Record> part,
                                                              std::vector<std::uint64_t>& results) {
  if (!is_alive())
    return Run{.done = 0, .died = true, .how_died = "it is dead already", .setback = {}};
  const auto before = results.size();
  std::optional<std::uint32_t> place;
  bool at_one_place = true;
  for (int tries = 1;; ++tries) {
    auto trip = run_once(part, results);
    if (!trip) return std::unexpected(std::move(trip.error()));
    if (!trip->again) {
      past_.insert(past_.end(), part.begin(), part.end());
      past_results_.insert(past_results_.end(),
                           results.begin() + static_cast<std::ptrdiff_t>(before), results.end());
      return std::move(trip->run);
    }
    at_one_place = at_one_place && place.value_or(trip->run.done) == trip->run.done;
    place = trip->run.done;
    const bool lacks_memory = tries >= kDeathsForMemory && out_of_memory_kills() != kills_before_;
    if (tries == kTriesMax || lacks_memory || (at_one_place && tries == kDeathsThatCount))
      return give_up(trip->run, at_one_place);
    results.resize(before);
    for (int i = 0;; ++i) {
      const auto again = run_again(tries);
      if (!again) return std::unexpected(again.error());
      if (*again) break;
      at_one_place = false;
      if (i == kTriesMax) return give_up(trip->run, false);
    }
  }
}

// With a fresh agent, up to where the present sequence was. False where that was killed as well.
std::expected<bool, ToolFault> AgentSession::run_again(int tries) {
  const bool was_suspect = is_suspect_;
  if (auto done = replace_agent(); !done) return std::unexpected(done.error());
  // Longer from time to time: who kills whatever he sees, kills one that does nothing.
  constexpr int kDoublings = 6;
  std::this_thread::sleep_for(std::chrono::milliseconds{1 << std::min(tries, kDoublings)});
  const auto idle = run_once({}, no_results_);
  if (!idle) return std::unexpected(idle.error());
  if (idle->run.died) return false;
  if (looks_ && !agent_->give_proc()) return false;
  must_reset_ = true;
  is_suspect_ = was_suspect;
  anonymous_files_.clear();
  const auto past = std::exchange(past_, {});
  const auto past_results = std::exchange(past_results_, {});
  appetite_ = {};
  std::span<const Record> rest = past;
  std::vector<std::uint64_t> results;
  bool lives = true;
  while (!rest.empty() && lives) {
    const auto part = rest.first(std::min(rest.size(), kCallCountMax));
    rest = rest.subspan(part.size());
    const auto trip = run_once(part, results);
    if (!trip) return std::unexpected(trip.error());
    lives = !trip->run.died;
  }
  past_ = past;
  past_results_ = past_results;
  // What the calls of before have shown is known already.
  if (looks_) {
    if (auto forgotten = forget_shown(); !forgotten) return std::unexpected(forgotten.error());
  }
  if (lives && results != past_results) {
    return std::unexpected(
        ToolFault{"the agent was killed from outside, and the same calls gave other results in the "
                  "one after it",
                  true});
  }
  return lives;
}

// It is the sequence's own doing where it always happens at the same call, and an agent that is
// left alone lives.
std::expected<Session::Run, ToolFault> AgentSession::give_up(const Run& last, bool at_one_place) {
  Run run = last;
  agent_->kill();
  if (!run.setback.empty()) return run;
  if (out_of_memory_kills() != kills_before_) {
    run.setback =
        "the kernel killed the agent for want of memory: the sequence needs more than this "
        "machine, "
        "or its cgroup, has";
    return run;
  }
  if (auto done = replace_agent(); !done) return std::unexpected(done.error());
  for (int i = 0; at_one_place && i < kTriesMax; ++i) {
    must_reset_ = true;
    const auto trip = run_once({}, no_results_);
    if (!trip) return std::unexpected(trip.error());
    at_one_place = !trip->run.died;
  }
  is_suspect_ = true;
  agent_->kill();
  if (!at_one_place) run.setback = "the agent was killed from outside (SIGKILL), again and again";
  return run;
}

std::expected<AgentSession::Trip, ToolFault> AgentSession::run_once(
    std::span<const Record> program, std::vector<std::uint64_t>& results) {
  const auto appetite = appetite_;
  for (bool is_fresh = false;;) {
    appetite_ = appetite;
    prefix_.clear();
    bool has_new_memory = false;
    if (must_reset_) {
      note_the_ending();
      write_reset(prefix_);
      agent_->count_processes_anew();
      has_new_memory = std::exchange(needs_new_memory_, false);
      exec_made_ = exec_made_ || has_new_memory;
      limits_changed_ = locked_all_ = locks_ = watches_ = false;
      forks_ = 0;
    }
    const auto prefix = static_cast<std::uint32_t>(prefix_.size());
    const auto calls = static_cast<std::uint32_t>(program.size());
    note_what_lasts(program);
    auto at = std::ranges::copy(prefix_, agent_->records().begin()).out;
    at = std::ranges::copy(program, at).out;
    for (std::uint32_t process = 0; process <= forks_; ++process) {
      *at++ = in_process(process, system_call(SYS_brk));
      *at++ = in_process(process, system_call(SYS_prctl, spec::kPrGetMemoryMerge));
    }
    add_appetite(appetite_, program, past_.size(), locked_all_);
    // Behind the look at the beginning each call has its own look.
    if (looks_) {
      agent_->time_records(prefix + kLookCount, prefix + calls, kLookCount + 1);
    } else {
      agent_->time_records(prefix, prefix + calls);
    }
    const RunEnd end = agent_->run(prefix + calls + kObservationCount * (forks_ + 1), appetite_);
    bare_ticks_ += agent_->ticks();
    const bool was_killed = end.kind == RunEnd::Kind::kDied && end.death.was_killed;
    const bool is_reset_broken = end.kind != RunEnd::Kind::kDone && end.index < prefix &&
                                 !was_killed && end.death.over_limit.empty();
    // Memory that is sealed goes with the whole of it.
    const bool is_sealed =
        is_reset_broken && !has_new_memory && prefix_[end.index].number == SYS_munmap;
    if (is_sealed) {
      needs_new_memory_ = true;
      continue;
    }
    if (is_reset_broken) {
      if (is_fresh)
        return std::unexpected(
            ToolFault{"agent: a fresh process cannot be reset to its beginning"});
      if (auto done = replace_agent(); !done) return std::unexpected(done.error());
      is_fresh = true;
      continue;
    }
    must_reset_ = false;
    const auto done = end.index < prefix ? 0 : std::min(end.index - prefix, calls);
    const auto all = agent_->results();
    const auto came = all.subspan(prefix, done);
    results.insert(results.end(), came.begin(), came.end());
    note_what_came(program, came);
    if (end.kind == RunEnd::Kind::kDied) {
      // A death in the observation is the last call's doing.
      const auto blamed = std::min(done, calls - (calls == 0 ? 0 : 1));
      results.resize(results.size() - (done - blamed));
      return Trip{{.done = blamed,
                   .died = true,
                   .how_died = end.death.how,
                   .setback = end.death.over_limit},
                  was_killed};
    }
    for (std::uint32_t i = 0; i < done; ++i) {
      if (program[i].number != kFork || all[prefix + i] != kNoProcessLeft) continue;
      return Trip{{.done = i,
                   .died = true,
                   .how_died = {},
                   .setback = "fork: this machine allows no more processes: ulimit -u, or pids.max "
                              "of the cgroup"},
                  true};
    }
    unseen_.resize(forks_ + 1);
    for (std::uint32_t process = 0; process <= forks_; ++process) {
      const auto first = prefix + calls + kObservationCount * process;
      // An error (a kernel without KSM) is no flag.
      unseen_[process] = {all[first], all[first + 1] == 1};
    }
    return Trip{{.done = done, .died = false, .how_died = {}, .setback = {}}, false};
  }
}

std::chrono::nanoseconds AgentSession::bare_time() const {
  const auto ticks = ticks_now() - opened_ticks_;
  if (ticks == 0) return {};
  const std::chrono::duration<double, std::nano> since = std::chrono::steady_clock::now() - opened_;
  return std::chrono::nanoseconds{static_cast<std::int64_t>(
      static_cast<double>(bare_ticks_) * since.count() / static_cast<double>(ticks))};
}

std::expected<void, ToolFault> AgentSession::snapshot(spec::ProcessId process,
                                                      spec::Snapshot& out) {
  if (must_reset_) {
    auto ran = run(std::span<const Record>{}, no_results_);
    if (!ran) return std::unexpected(ran.error());
    if (!ran->setback.empty()) return std::unexpected(ToolFault{std::move(ran->setback), true});
  }
  for (int i = 0;; ++i) {
    auto seen = look(process, out);
    if (seen || !is_alive() || i == kTriesMax) return seen;
    // It may be that it was killed since it ran.
    const auto death = agent_->find_death();
    if (!death) return seen;
    if (!death->was_killed) {
      return std::unexpected(
          ToolFault{fmt::format("the agent died while it was looked at: {}", death->how)});
    }
    for (int tries = 0;; ++tries) {
      const auto again = run_again(tries);
      if (!again) return std::unexpected(again.error());
      if (*again) break;
      if (tries == kTriesMax) {
        return std::unexpected(
            ToolFault{"the agent was killed from outside (SIGKILL), again and again", true});
      }
    }
  }
}

std::expected<void, ToolFault> AgentSession::look(spec::ProcessId process, spec::Snapshot& out) {
  if (!is_alive()) return std::unexpected(ToolFault{"the agent is dead: nothing to look at"});
  if (process != 0) {
    if (process > forks_ || !agent_->has(process)) {
      out = {};
      return {};
    }
    const int pid = agent_->pid_of(process);
    if (auto read = read_forked(pid, out); !read) return read;
  } else {
    if (auto opened = reopen_proc(); !opened) return opened;
    if (auto read = read_layout(agent_->smaps(), agent_->status(), out); !read) return read;
  }
  out.brk = unseen_[process].brk;
  out.merge_any = unseen_[process].merge_any;
  return {};
}

std::expected<std::uint64_t, ToolFault> AgentSession::anonymous_bytes(spec::Address start) {
  auto text = read_smaps(agent_->smaps(), buffer_);
  if (!text) return std::unexpected(text.error());
  SmapsEntry entry;
  while (take_smaps_entry(*text, entry)) {
    if (entry.range.start != start) continue;
    if (const auto bytes = kernel::anonymous_bytes(entry)) return *bytes;
  }
  return std::unexpected(
      ToolFault{fmt::format("smaps has no line 'Anonymous:' for the mapping at {:#x}", start)});
}

std::expected<void, ToolFault> AgentSession::read_forked(int pid, spec::Snapshot& out) {
  const Descriptor smaps{::open(fmt::format("/proc/{}/smaps", pid).c_str(), O_RDONLY | O_CLOEXEC)};
  const Descriptor status{
      ::open(fmt::format("/proc/{}/status", pid).c_str(), O_RDONLY | O_CLOEXEC)};
  if (!smaps.is_open() || !status.is_open())
    return std::unexpected(ToolFault{fmt::format("a forked process (pid {}) is not there", pid)});
  return read_layout(smaps.number(), status.number(), out);
}

std::expected<void, ToolFault> AgentSession::read_layout(int smaps, int status,
                                                         spec::Snapshot& out) {
  auto text = read_smaps(smaps, buffer_);
  if (!text) return std::unexpected(text.error());
  if (auto parsed = parse_mappings(*text, out); !parsed) return parsed;
  text = read_status(status, buffer_);
  if (!text) return std::unexpected(text.error());
  return parse_status(*text, out.counters);
}

std::expected<void, ToolFault> AgentSession::parse_mappings(std::string_view smaps,
                                                            spec::Snapshot& out) {
  auto parsed = parse_smaps(smaps, known_, kTaskSize, anonymous_files_, unknown_codes_,
                            names_ ? MayBeNamed::kYes : MayBeNamed::kNo, out.vmas);
  out.counters.map_count = out.vmas.size();
  return parsed;
}

// What is open shows the memory that it had before an exec.
std::expected<void, ToolFault> AgentSession::reopen_proc() {
  if (!exec_made_) return {};
  if (auto fault = agent_->open_proc()) return std::unexpected(std::move(*fault));
  exec_made_ = sees_itself_ = false;
  return {};
}

}  // namespace vmadiff::kernel
