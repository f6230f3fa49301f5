// kernel: an agent that can be used again and again.
#include "kernel/agent_session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <utility>

#include "kernel/program.h"
#include "spec/flags.h"
#include "spec/setup.h"

namespace vmadiff::kernel {
namespace {

using spec::ToolFault;

constexpr spec::Address kTaskSize = spec::Setup{}.task_size;
/// Behind every program: the break and the merge-any flag, which /proc does not show. Neither call
/// changes anything (a break below the start of the heap is refused).
constexpr std::uint32_t kObservationCount = 2;
/// At most: the gaps between four kept mappings, the filler, the break, the flag.
constexpr std::uint32_t kResetCountMax = 16;
constexpr std::size_t kCallCountMax = kRecordCountMax - kObservationCount - kResetCountMax;
/// After so many sequences the layout is read in full and compared with the first one.
constexpr std::uint32_t kVerifyInterval = 256;

}  // namespace

std::expected<std::unique_ptr<AgentSession>, ToolFault> AgentSession::open(
    const HostOptions& options) {
  std::unique_ptr<AgentSession> session{new AgentSession{options}};
  auto files = open_agent_files();
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

std::expected<void, ToolFault> AgentSession::begin() {
  must_reset_ = true;
  anon_shared_.clear();
  ++sequences_;
  if (!agent_->is_alive() || is_suspect_ || sequences_ >= options_.sequences_per_process)
    return replace_agent();
  if (sequences_ % kVerifyInterval == 0) {
    spec::Snapshot now;
    if (auto read = snapshot(now); !read) return read;
    if (now.vmas != initial_.vmas || now.counters != initial_.counters) return replace_agent();
    must_reset_ = true;
  }
  return {};
}

std::expected<void, ToolFault> AgentSession::replace_agent() {
  // The old one goes first: two would need twice the memory.
  agent_.reset();
  auto agent = AgentProcess::spawn(files_, options_.timeout);
  if (!agent) return std::unexpected(agent.error());
  agent_ = std::move(*agent);
  ++process_count_;
  sequences_ = 0;
  is_suspect_ = false;
  if (auto done = learn_own_files(); !done) return done;

  // The state as it is now is the initial one, but for the break, which is asked for.
  reset_.clear();
  brk_ = start_brk_ = 0;
  merge_any_ = false;
  must_reset_ = true;
  if (auto read = snapshot(initial_); !read) return read;
  start_brk_ = brk_;
  spec::Address free_from = 0;
  for (const spec::Vma& vma : initial_.vmas) {
    if (vma.start > free_from)
      reset_.push_back(must_give(0, system_call(SYS_munmap, free_from, vma.start - free_from)));
    free_from = vma.end;
  }
  if (free_from < kTaskSize)
    reset_.push_back(must_give(0, system_call(SYS_munmap, free_from, kTaskSize - free_from)));
  if (reset_.size() + 3 > kResetCountMax)
    return std::unexpected(ToolFault{"agent: the kernel keeps too many mappings of its own"});
  return {};
}

// The window and the executable are new with each process; they stand before the files.
std::expected<void, ToolFault> AgentSession::learn_own_files() {
  std::erase_if(known_,
                [](const KnownFile& file) { return file.id.cls == spec::FileClass::kOther; });
  auto text = read_proc(agent_->smaps(), buffer_);
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

// Maps every file once, and reads from outside what it is called there.
std::expected<void, ToolFault> AgentSession::learn_files() {
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
  auto text = read_proc(agent_->smaps(), buffer_);
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

// Undoes whatever a sequence can leave behind outside the agent's own memory. Every record must
// succeed: one that does not says that the process is not what it was.
void AgentSession::write_reset(std::vector<Record>& program) const {
  program.insert(program.end(), reset_.begin(), reset_.end());
  if (brk_ != start_brk_) {
    // The break only shrinks where something is mapped, and the heap has just been unmapped.
    const auto heap = spec::page_up(brk_) - spec::page_up(start_brk_);
    if (heap != 0) {
      program.push_back(
          must_give(start_brk_, system_call(SYS_mmap, start_brk_, heap, PROT_NONE,
                                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
                                            ~std::uint64_t{0}, 0)));
    }
    program.push_back(must_give(start_brk_, system_call(SYS_brk, start_brk_)));
  }
  if (merge_any_) program.push_back(must_give(0, system_call(SYS_prctl, spec::kPrSetMemoryMerge)));
}

std::expected<AgentSession::Run, ToolFault> AgentSession::run(std::span<const Record> program,
                                                              std::vector<std::uint64_t>& results) {
  results.clear();
  Run total;
  do {
    const auto part = program.first(std::min(program.size(), kCallCountMax));
    program = program.subspan(part.size());
    auto ran = run_once(part, results);
    if (!ran) return ran;
    total.done += ran->done;
    total.died = ran->died;
    total.how_died = std::move(ran->how_died);
  } while (!program.empty() && !total.died);
  return total;
}

std::expected<AgentSession::Run, ToolFault> AgentSession::run_once(
    std::span<const Record> program, std::vector<std::uint64_t>& results) {
  if (!agent_->is_alive()) return Run{.done = 0, .died = true, .how_died = "it is dead already"};
  for (bool is_retry = false;; is_retry = true) {
    prefix_.clear();
    if (must_reset_) write_reset(prefix_);
    const auto prefix = static_cast<std::uint32_t>(prefix_.size());
    const auto calls = static_cast<std::uint32_t>(program.size());
    auto at = std::ranges::copy(prefix_, agent_->records().begin()).out;
    at = std::ranges::copy(program, at).out;
    *at++ = system_call(SYS_brk);
    *at++ = system_call(SYS_prctl, spec::kPrGetMemoryMerge);
    const RunEnd end = agent_->run(prefix + calls + kObservationCount);
    const bool is_reset_broken = end.kind != RunEnd::Kind::kDone && end.index < prefix;
    if (is_reset_broken) {
      if (is_retry)
        return std::unexpected(
            ToolFault{"agent: a fresh process cannot be reset to its beginning"});
      if (auto done = replace_agent(); !done) return std::unexpected(done.error());
      continue;
    }
    must_reset_ = false;
    const auto done = std::min(end.index - prefix, calls);
    const auto all = agent_->results();
    results.insert(results.end(), all.begin() + prefix, all.begin() + prefix + done);
    if (end.kind == RunEnd::Kind::kDied) {
      // A death in the observation is the last call's doing.
      const auto blamed = std::min(done, calls - (calls == 0 ? 0 : 1));
      results.resize(results.size() - (done - blamed));
      return Run{.done = blamed, .died = true, .how_died = end.how_died};
    }
    brk_ = all[prefix + calls];
    // An error (a kernel without KSM) is no flag.
    merge_any_ = all[prefix + calls + 1] == 1;
    return Run{.done = done, .died = false, .how_died = {}};
  }
}

std::expected<void, ToolFault> AgentSession::snapshot(spec::Snapshot& out) {
  if (must_reset_) {
    if (auto ran = run({}, no_results_); !ran) return std::unexpected(ran.error());
  }
  if (!agent_->is_alive())
    return std::unexpected(ToolFault{"the agent is dead: nothing to look at"});
  if (auto read = read_layout(out); !read) return read;
  out.brk = brk_;
  out.merge_any = merge_any_;
  return {};
}

std::expected<void, ToolFault> AgentSession::read_layout(spec::Snapshot& out) {
  auto text = read_proc(agent_->smaps(), buffer_);
  if (!text) return std::unexpected(text.error());
  if (auto parsed = parse_smaps(*text, known_, kTaskSize, anon_shared_, out.vmas); !parsed)
    return parsed;
  text = read_proc(agent_->status(), buffer_);
  if (!text) return std::unexpected(text.error());
  out.counters.map_count = out.vmas.size();
  return parse_status(*text, out.counters);
}

}  // namespace vmadiff::kernel
