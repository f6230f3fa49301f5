// kernel: how an agent that is used again and again begins: what a fresh one is looked at for, and
// how one that has run a sequence is brought back.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "kernel/host/agent_session.h"
#include "kernel/host/own_limits.h"
#include "kernel/host/program.h"
#include "kernel/host/protection_keys.h"
#include "kernel/host/usage.h"
#include "spec/flags.h"
#include "spec/setup.h"

namespace vmadiff::kernel {
namespace {

using spec::ToolFault;

/// After so many sequences the layout is read in full and compared with the first one.
constexpr std::uint32_t kVerifyInterval = 256;
/// An agent that does not even come to its beginning is replaced so many times.
constexpr int kSpawnsMax = 100;

/// Whether the record can take a protection key. That of memory that can be executed alone cannot
/// be given back, nor what pkey_alloc takes on a machine without keys.
bool takes_a_key(const Record& record) {
  constexpr std::uint64_t kAccess = PROT_READ | PROT_WRITE | PROT_EXEC;
  if (record.number == SYS_pkey_alloc) return true;
  const bool has_prot = record.number == SYS_mmap || record.number == SYS_mprotect ||
                        record.number == SYS_pkey_mprotect;
  return has_prot && (record.argument[2] & kAccess) == PROT_EXEC && has_protection_keys();
}

}  // namespace

std::expected<void, ToolFault> AgentSession::begin() {
  must_reset_ = true;
  anonymous_files_.clear();
  past_.clear();
  past_results_.clear();
  names_ = false;
  appetite_ = {};
  if (agent_) agent_->begin_sequence();
  ++sequences_;
  if (is_alive()) processor_.before_turn(agent_->pid());
  if (!is_alive() || is_suspect_ || sequences_ >= options_.sequences_per_process)
    return replace_agent();
  if (auto renewed = renew_sealed_files(); !renewed) return renewed;
  if (!is_alive() || is_suspect_) return replace_agent();
  if (!is_doubtful_ && sequences_ % kVerifyInterval != 0) return {};
  auto is_good = is_at_its_beginning();
  if (is_good && !*is_good) {
    needs_new_memory_ = true;
    is_good = is_at_its_beginning();
  }
  if (!is_good) return std::unexpected(is_good.error());
  return *is_good ? std::expected<void, ToolFault>{} : replace_agent();
}

// Whether a reset leaves it as it was at first, seen from outside.
std::expected<bool, ToolFault> AgentSession::is_at_its_beginning() {
  is_doubtful_ = false;
  must_reset_ = true;
  spec::Snapshot now;
  if (auto read = snapshot(0, now); !read) return std::unexpected(std::move(read.error()));
  must_reset_ = true;
  return now.vmas == initial_.vmas && now.counters == initial_.counters;
}

std::expected<bool, ToolFault> AgentSession::settle() {
  if (is_alive()) agent_->wait_for_exit();
  if (auto begun = begin(); !begun) return std::unexpected(begun.error());
  const auto ran = run(std::span<const Record>{}, no_results_);
  if (!ran) return std::unexpected(ran.error());
  if (ran->died) return false;
  wait_for_the_ending();
  return true;
}

std::expected<void, ToolFault> AgentSession::replace_agent() {
  std::expected<void, ToolFault> done;
  for (int i = 0; i < kSpawnsMax; ++i) {
    done = try_replace_agent();
    if (done || !done.error().passes) return done;
  }
  return done;
}

// A seal cannot be undone: another file takes the place of the one that has it, here and in the
// agent, if there is one.
std::expected<void, ToolFault> AgentSession::renew_sealed_files() {
  if (!seals_) return {};
  for (OpenFile& file : files_.files) {
    if (!has_new_seals(file)) continue;
    if (auto renewed = renew_memfd(file); !renewed) return renewed;
    is_suspect_ =
        is_suspect_ || (is_alive() && !agent_->give(file.descriptor, descriptor_of(file.id)));
    struct stat status{};
    const auto known = std::ranges::find(known_, file.id, &KnownFile::id);
    if (known == known_.end()) continue;
    if (::fstat(file.descriptor.number(), &status) != 0)
      return std::unexpected(ToolFault{fmt::format("{}: fstat: {}", spec::text(file.id), errno)});
    // On the same file system as the one before.
    known->inode.number = status.st_ino;
  }
  seals_ = false;
  return {};
}

// A fault that passes is that of an agent that was killed meanwhile.
std::expected<void, ToolFault> AgentSession::try_replace_agent() {
  // The old one goes first: two would need twice the memory.
  agent_.reset();
  ending_.clear();
  const auto memory = options_.memory_limit != 0 ? options_.memory_limit : default_memory_limit();
  limits_of_use_ = {
      .patience = options_.timeout, .memory = within_own_limits(memory), .cpu = options_.cpu_limit};
  kills_before_ = out_of_memory_kills();
  if (auto renewed = renew_sealed_files(); !renewed) return renewed;
  auto agent = AgentProcess::spawn(files_, limits_of_use_);
  if (!agent) {
    agent.error().fault.passes = agent.error().was_killed;
    return std::unexpected(std::move(agent.error().fault));
  }
  agent_ = std::move(*agent);
  agent_->begin_sequence();
  ++process_count_;
  limits_ = agent_->limits();
  sequences_ = 0;
  is_suspect_ = is_doubtful_ = needs_new_memory_ = limits_changed_ = locked_all_ = locks_ =
      watches_ = exec_made_ = sees_itself_ = false;
  forks_ = 0;
  appetite_ = {};
  auto ready = learn_beginning();
  if (ready || ready.error().passes) return ready;
  const auto death = agent_->find_death();
  ready.error().passes = death && death->was_killed;
  return ready;
}

std::expected<void, ToolFault> AgentSession::learn_beginning() {
  if (auto done = learn_own_files(); !done) return done;

  // The state as it is now is the initial one, but for the break, which is asked for.
  reset_.clear();
  start_brk_ = 0;
  unseen_.assign(1, {});
  must_reset_ = true;
  auto trip = run_once({}, no_results_);
  if (!trip) return std::unexpected(std::move(trip.error()));
  if (trip->run.died)
    return std::unexpected(
        ToolFault{fmt::format("agent: at its beginning: {}", trip->run.how_died), trip->again});
  if (auto read = look(0, initial_); !read) return read;
  start_brk_ = unseen_[0].brk;
  spec::Address free_from = 0;
  for (const spec::Vma& vma : initial_.vmas) {
    if (vma.start > free_from)
      reset_.push_back(must_give(0, system_call(SYS_munmap, free_from, vma.start - free_from)));
    free_from = vma.end;
  }
  if (free_from < kTaskSize)
    reset_.push_back(must_give(0, system_call(SYS_munmap, free_from, kTaskSize - free_from)));
  if (reset_.size() + 10 > kResetCountMax)
    return std::unexpected(ToolFault{"agent: the kernel keeps too many mappings of its own"});
  return {};
}

// The window and the executable are new with each process; they stand before the files.
std::expected<void, ToolFault> AgentSession::learn_own_files() {
  std::erase_if(known_,
                [](const KnownFile& file) { return file.id.cls == spec::FileClass::kOther; });
  auto text = read_smaps(agent_->smaps(), buffer_);
  if (!text) return std::unexpected(text.error());
  SmapsEntry entry;
  while (take_smaps_entry(*text, entry)) {
    if (entry.range.start == kWindowStart)
      known_.push_back({entry.inode, {spec::FileClass::kOther, 0}});
    if (entry.range.start == kTextStart)
      known_.push_back({entry.inode, {spec::FileClass::kOther, 1}});
  }
  return {};
}

/// Whether the agent still has its memory, and so had it when it was looked at before.
bool AgentSession::shows_whole_process() const {
  std::string text;
  const auto status = read_status(agent_->status(), text);
  return status && status->contains("\nVmSize:");
}

// Maps every file once, and reads from outside what it is called there.
std::expected<void, ToolFault> AgentSession::learn_files() {
  const auto& segments = files_.segments.ids();
  for (std::uint32_t i = 0; i < segments.size(); ++i) {
    if (segments[i] < 0) continue;
    known_.push_back(
        {{0, 0, static_cast<std::uint64_t>(segments[i])}, spec::attachment(i, false, 0)});
  }
  constexpr spec::Address kFirst = 0x100000000000;
  constexpr spec::Address kStride = 2 * spec::kHugePageSize;
  std::vector<Record> program;
  for (const OpenFile& file : files_.files) {
    const bool is_huge = file.id.cls == spec::FileClass::kHugetlb;
    program.push_back(system_call(SYS_mmap, kFirst + program.size() * kStride,
                                  is_huge ? spec::kHugePageSize : spec::kPageSize, PROT_READ,
                                  MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
                                  static_cast<std::uint64_t>(std::int64_t{descriptor_of(file.id)}),
                                  0));
  }
  std::vector<std::uint64_t> results;
  auto ran = run(program, results);
  if (!ran) return std::unexpected(ran.error());
  if (ran->died)
    return std::unexpected(ToolFault{fmt::format("agent: mapping the files: {}", ran->how_died)});
  auto text = read_smaps(agent_->smaps(), buffer_);
  // One that was killed since it ran shows nothing: what is mapped would be taken for no file.
  for (int i = 0; i < kSpawnsMax && !(text && shows_whole_process()); ++i) {
    if (auto again = run_again(0); !again) return std::unexpected(again.error());
    text = read_smaps(agent_->smaps(), buffer_);
  }
  if (!text) return std::unexpected(text.error());
  std::vector<std::string> not_told_apart;
  SmapsEntry entry;
  while (take_smaps_entry(*text, entry)) {
    if (entry.range.start < kFirst || entry.range.start >= kFirst + program.size() * kStride)
      continue;
    const OpenFile& file = files_.files[(entry.range.start - kFirst) / kStride];
    if (std::ranges::find(known_, entry.inode, &KnownFile::inode) == known_.end()) {
      known_.push_back({entry.inode, file.id});
    } else {
      not_told_apart.push_back(spec::text(file.id));
    }
  }
  if (!not_told_apart.empty()) {
    files_.notes.push_back(fmt::format(
        "{}: cannot be told apart from outside (that needs CAP_MKNOD, and a TMPDIR that is "
        "not mounted nodev)",
        fmt::join(not_told_apart, " ")));
  }
  must_reset_ = true;
  return {};
}

void AgentSession::note_what_lasts(std::span<const Record> program) {
  for (const Record& record : program) {
    names_ = names_ || record.number == kSetVmaName;
    limits_changed_ = limits_changed_ || record.number == kSetLimit;
    // What is left of a locked mapping can count as locked for ever (measured on 6.18).
    const bool leaves_the_source =
        record.number == SYS_mremap && (record.argument[3] & spec::kMremapDontunmap) != 0;
    locks_ = locks_ || record.number == SYS_mlock || record.number == SYS_mlock2 ||
             record.number == SYS_mlockall ||
             (record.number == SYS_mmap && (record.argument[3] & spec::kMapLocked) != 0);
    is_doubtful_ = is_doubtful_ || (leaves_the_source && locks_);
    // The seals of files are not the agent's but its parent's. Memory that is sealed needs no note:
    // the reset cannot unmap it.
    seals_ = seals_ || record.number == SYS_fcntl;
    watches_ = watches_ || record.number == kUffdOpen || record.number == kUffdRegister ||
               record.number == kUffdUnregister || record.number == kUffdWriteprotect ||
               record.number == kUffdRwprotect;
    needs_new_memory_ = needs_new_memory_ || (record.process == 0 && takes_a_key(record));
    locked_all_ = locked_all_ || record.number == SYS_mlockall;
    exec_made_ = exec_made_ || (record.number == kExec && record.process == 0);
    if (record.number == kFork && forks_ + 1 < kProcessCountMax) ++forks_;
  }
}

// What lasts only where the call succeeds, and cannot be undone.
void AgentSession::note_what_came(std::span<const Record> program,
                                  std::span<const std::uint64_t> results) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Record& record = program[i];
    const bool sets_mdwe = record.number == SYS_prctl && record.process == 0 &&
                           record.argument[0] == spec::kPrSetMdwe && record.argument[1] != 0;
    is_suspect_ = is_suspect_ || (sets_mdwe && results[i] == 0);
  }
}

// Undoes whatever a sequence can leave behind outside the agent's own memory. Every record must
// succeed: one that does not says that the process is not what it was.
void AgentSession::write_reset(std::vector<Record>& program) const {
  for (std::uint32_t process = 1; process <= forks_; ++process)
    program.push_back(in_process(process, system_call(kExit)));
  if (watches_) program.push_back(must_give(0, system_call(kUffdReset)));
  if (limits_changed_) {
    for (const auto& [resource, soft] :
         {std::pair{spec::kRlimitData, limits_.data}, std::pair{spec::kRlimitStack, limits_.stack},
          std::pair{spec::kRlimitMemlock, limits_.memlock},
          std::pair{spec::kRlimitAs, limits_.as}}) {
      program.push_back(must_give(0, system_call(kSetLimit, resource, soft)));
    }
  }
  if (needs_new_memory_) program.push_back(must_give(0, system_call(kExec)));
  if (locked_all_) program.push_back(must_give(0, system_call(SYS_munlockall)));
  program.insert(program.end(), reset_.begin(), reset_.end());
  const auto& [brk, merge_any] = unseen_[0];
  if (brk != start_brk_ && !needs_new_memory_) {
    // The break only shrinks where something is mapped, and the heap has just been unmapped.
    const auto heap = spec::page_up(brk) - spec::page_up(start_brk_);
    if (heap != 0) {
      program.push_back(
          must_give(start_brk_, system_call(SYS_mmap, start_brk_, heap, PROT_NONE,
                                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
                                            ~std::uint64_t{0}, 0)));
    }
    program.push_back(must_give(start_brk_, system_call(SYS_brk, start_brk_)));
  }
  if (merge_any) program.push_back(must_give(0, system_call(SYS_prctl, spec::kPrSetMemoryMerge)));
}

}  // namespace vmadiff::kernel
