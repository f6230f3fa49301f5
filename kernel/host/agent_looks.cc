// kernel: an agent that looks at itself between its calls, so that many calls and looks are one
// round trip.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "kernel/host/agent_session.h"
#include "kernel/host/program.h"
#include "spec/flags.h"

namespace vmadiff::kernel {
namespace {

using spec::ToolFault;

/// What smaps says of one VMA takes less, bytes.
constexpr std::size_t kTextOfVma = 1024;
/// How much may be shown in one round trip, by a guess at how many VMAs there will be.
constexpr std::size_t kShownMax = std::size_t{8} << 20;
/// The guess can be wrong, but not by so much: a call cannot make all the VMAs that a process may
/// have.
constexpr std::int64_t kShownLimit = std::int64_t{256} << 20;
/// More than a call usually adds: an mmap in the middle of a VMA.
constexpr std::size_t kVmasOfCall = 2;

const std::array kLook{system_call(kShow, kSmapsDescriptor),
                       system_call(kShow, kStatusDescriptor, 1),
                       // These two change nothing (AgentSession::kObservationCount).
                       system_call(SYS_brk), system_call(SYS_prctl, spec::kPrGetMemoryMerge)};

/// Whether only process 0 has a part in it, in the memory that it has.
bool is_of_one_memory(const std::vector<Record>& records) {
  return std::ranges::none_of(records, [](const Record& record) {
    return record.process != 0 || record.number == kFork || record.number == kExec;
  });
}

/// How many calls may follow each other where there are so many VMAs; at least one.
std::size_t calls_at_once(std::size_t vma_count, std::size_t most) {
  std::size_t calls = 1;
  while (calls < most &&
         (calls + 2) * (vma_count + kVmasOfCall * (calls + 1)) * kTextOfVma <= kShownMax)
    ++calls;
  return calls;
}

/// Takes the first text off what was shown; nothing where it does not end.
std::optional<std::string_view> take_text(std::string_view& shown) {
  const auto end = shown.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const auto text = shown.substr(0, end);
  shown.remove_prefix(end + 1);
  return text;
}

}  // namespace

std::expected<std::optional<Session::Run>, ToolFault> AgentSession::run_and_look(
    const Program& program, std::vector<std::uint64_t>& results,
    std::vector<spec::Snapshot>& states) {
  const std::span<const Record> records{program.records};
  if (program.distrusted || records.empty() || !is_of_one_memory(program.records))
    return std::nullopt;
  const auto ready = prepare_looks(program.records);
  if (!ready) return std::unexpected(ready.error());
  if (!*ready) return std::nullopt;
  if (states.size() < records.size() + 1) states.resize(records.size() + 1);
  results.clear();
  Run total;
  std::vector<Record> looking;
  std::vector<std::uint64_t> given;
  constexpr std::size_t kStride = kLookCount + 1;
  static_assert(kLook.size() == kLookCount);
  constexpr std::size_t kMost = kCallCountMax / kStride - 1;
  std::size_t at_once = calls_at_once(initial_.vmas.size(), kMost);
  while (total.done < records.size() && !total.died) {
    const auto part = records.subspan(total.done, std::min(at_once, records.size() - total.done));
    looking.assign(kLook.begin(), kLook.end());
    for (const Record& record : part) {
      looking.push_back(record);
      looking.insert(looking.end(), kLook.begin(), kLook.end());
    }
    given.clear();
    looks_ = true;
    auto ran = run_part(looking, given);
    looks_ = false;
    if (!ran) return std::unexpected(std::move(ran.error()));
    total.died = ran->died;
    total.how_died = std::move(ran->how_died);
    total.setback = std::move(ran->setback);
    // A death in a look is the doing of the call before it.
    const std::size_t done =
        !ran->died ? part.size()
                   : (std::max<std::size_t>(ran->done, kLookCount) - kLookCount) / kStride;
    const auto looks = std::span{given}.first(std::min(given.size(), kLookCount + done * kStride));
    const auto shown = std::span{states}.subspan(total.done, done + 1);
    if (looks.size() == kLookCount + done * kStride) {
      if (auto read = read_shown(looks, shown); !read) return std::unexpected(read.error());
    }
    for (std::size_t i = 0; i < done; ++i) results.push_back(given[kLookCount + i * kStride]);
    total.done += static_cast<std::uint32_t>(done);
    at_once = calls_at_once(shown.back().vmas.size(), kMost);
  }
  return total;
}

// False where the agent cannot look at itself.
std::expected<bool, ToolFault> AgentSession::prepare_looks(std::span<const Record> program) {
  if (adds_seals(program)) {
    const auto begun = reset_alone();
    if (!begun) return std::unexpected(begun.error());
    if (begun->died) return false;
  }
  // The beginning may want an exec, behind which its smaps are others.
  if (must_reset_) {
    const auto ran = run(std::span<const Record>{}, no_results_);
    if (!ran) return std::unexpected(ran.error());
    if (ran->died) return false;
  }
  if (!is_alive()) return false;
  // What an agent has left there that lost its mind is not read.
  if (auto forgotten = forget_shown(); !forgotten) return std::unexpected(forgotten.error());
  if (auto opened = reopen_proc(); !opened) return std::unexpected(opened.error());
  if (!sees_itself_) sees_itself_ = agent_->give_proc();
  return sees_itself_ && is_alive();
}

// `looks` are the results of a look, and of calls with a look behind each.
std::expected<void, ToolFault> AgentSession::read_shown(std::span<const std::uint64_t> looks,
                                                        std::span<spec::Snapshot> states) {
  struct stat status_of_file{};
  if (::fstat(files_.shown.number(), &status_of_file) != 0 || status_of_file.st_size > kShownLimit)
    return std::unexpected(ToolFault{"agent: it has shown more than there can be"});
  const auto text = read_proc(files_.shown.number(), buffer_);
  if (!text) return std::unexpected(text.error());
  std::string_view shown = *text;
  for (spec::Snapshot& state : states) {
    if (looks.size() < kLookCount) return std::unexpected(ToolFault{"agent: a look is missing"});
    const auto smaps = take_text(shown);
    const auto status = take_text(shown);
    if (looks[0] != 0 || looks[1] != 0 || !smaps || !status) {
      return std::unexpected(ToolFault{fmt::format("agent: it cannot read its own /proc: {} and {}",
                                                   static_cast<std::int64_t>(looks[0]),
                                                   static_cast<std::int64_t>(looks[1]))});
    }
    if (auto parsed = parse_mappings(*smaps, state); !parsed) return parsed;
    if (auto parsed = parse_status(*status, state.counters); !parsed) return parsed;
    state.brk = looks[2];
    state.merge_any = looks[3] == 1;
    state.huge_pages = {};
    looks = looks.subspan(std::min(looks.size(), kLookCount + 1));
  }
  return forget_shown();
}

std::expected<void, ToolFault> AgentSession::forget_shown() {
  if (is_alive()) agent_->forget_shown();
  if (::ftruncate(files_.shown.number(), 0) == 0) return {};
  return std::unexpected(
      ToolFault{fmt::format("emptying what was shown: ftruncate: {}", std::strerror(errno))});
}

}  // namespace vmadiff::kernel
