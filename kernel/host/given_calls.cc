// kernel: trying what this machine gives.
#include "kernel/host/given_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <fstream>
#include <optional>
#include <utility>

#include "kernel/host/program.h"
#include "spec/call_part.h"
#include "spec/flags.h"
#include "spec/sequence.h"

namespace vmadiff::kernel {
namespace {

using spec::Address;
using spec::CallPart;
using spec::Errno;
using spec::Outcome;
using spec::Sequence;
using spec::Syscall;
using Argument = CallPart::Argument;

constexpr Address kPlace = 0x100000000000;
constexpr std::uint64_t kReadWrite = spec::kProtRead | spec::kProtWrite;
constexpr std::uint64_t kPrivate = spec::kMapPrivate | spec::kMapAnonymous;
constexpr spec::Mmap kMemory{
    kPlace, 4 * spec::kPageSize, kReadWrite, kPrivate | spec::kMapFixed, {}, 0};

/// Whether a seccomp filter stands between this process and the kernel. Then ENOSYS can be its
/// word.
bool is_filtered() {
  std::ifstream status{"/proc/self/status"};
  for (std::string label; status >> label;) {
    int mode = 0;
    if (label == "Seccomp:" && status >> mode) return mode != 0;
  }
  return false;
}

std::size_t index_of(const Syscall& call) { return call.index(); }

class Search {
 public:
  Search(AgentSession& session, const spec::Setup& setup)
      : session_(session), setup_(setup), is_filtered_(is_filtered()) {}

  /// The call, which succeeds on every kernel that has it, after those that prepare it.
  void whole(const Syscall& call, const Sequence& before = {{0, kMemory, {}}}) {
    const auto outcome = tried(before, call);
    if (!outcome || outcome->is_ok()) return;
    if (!outcome->is_death() && !is_refusal(*outcome) && !is_filtered_) return;
    add({index_of(call), Argument::kAny, 0}, *outcome);
  }

  /// The call with an argument that a kernel may refuse, but not as a policy does.
  void part(const Syscall& call, Argument argument, std::uint64_t value,
            const Sequence& before = {{0, kMemory, {}}}) {
    const CallPart part{index_of(call), argument, value};
    if (is_known(call)) return;
    const auto outcome = tried(before, call);
    if (outcome && (outcome->is_death() || is_refusal(*outcome))) add(part, *outcome);
  }

  /// Whether it was found not to be given.
  [[nodiscard]] bool is_known(const Syscall& call) const {
    return std::ranges::any_of(
        withheld_, [&](const Withheld& known) { return spec::is_of(call, known.part); });
  }

  /// The call, which asks for what is so in the beginning unless somebody has set it before.
  void unset(const Syscall& call, std::uint64_t value) {
    const auto outcome = tried({}, call);
    if (!outcome || !outcome->is_ok() || outcome->value() == 0) return;
    add({index_of(call), Argument::kChoice, value}, *outcome);
  }

  /// A process cannot be had as often as a sequence may ask for one.
  void forks() {
    Sequence all;
    while (all.size() + 1 < spec::kProcessCountMax) all.push_back({0, spec::Fork{}, {}});
    const auto results = run(all);
    const CallPart part{index_of(spec::Fork{}), Argument::kAny, 0};
    if (!setback_.empty()) {
      withheld_.push_back({part, setback_});
    } else if (results) {
      const auto failed = std::ranges::find_if_not(*results, &Outcome::is_ok);
      if (failed != results->end()) add(part, *failed);
    }
  }

  std::vector<Withheld> take() { return std::move(withheld_); }

 private:
  [[nodiscard]] bool is_refusal(const Outcome& outcome) const {
    if (outcome.is_ok() || outcome.is_death()) return false;
    const Errno error = outcome.error();
    return error == Errno::kEPERM || error == Errno::kEACCES ||
           (error == Errno::kENOSYS && is_filtered_);
  }

  void add(const CallPart& part, const Outcome& outcome) {
    withheld_.push_back({part, outcome.is_death() ? how_died_ : spec::text(outcome)});
  }

  /// What the last of the calls gave; nothing where one before it failed, which has a row of its
  /// own.
  std::optional<Outcome> tried(Sequence sequence, const Syscall& call) {
    sequence.push_back({0, call, {}});
    const auto outcomes = run(sequence);
    if (!outcomes) return std::nullopt;
    for (std::size_t i = 0; i + 1 < outcomes->size(); ++i) {
      if (!(*outcomes)[i].is_ok()) return std::nullopt;
    }
    return outcomes->back();
  }

  std::optional<std::vector<Outcome>> run(const Sequence& sequence) {
    std::vector<Record> program;
    for (const spec::Step& step : sequence)
      program.push_back(in_process(step.process, record_of(step.call, setup_.task_size)));
    if (!session_.begin()) return std::nullopt;
    const auto ran = session_.run(program, results_);
    setback_ = ran ? ran->setback : std::string{};
    if (!ran || !setback_.empty()) return std::nullopt;
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < results_.size(); ++i)
      outcomes.push_back(outcome_of(sequence[i].call, results_[i]));
    if (ran->died) {
      how_died_ = ran->how_died;
      outcomes.resize(sequence.size(), Outcome::died());
    }
    return outcomes;
  }

  AgentSession& session_;
  const spec::Setup& setup_;
  bool is_filtered_;
  std::vector<std::uint64_t> results_;
  std::string how_died_;
  std::string setback_;  ///< why the last run says nothing of the kernel, or empty
  std::vector<Withheld> withheld_;
};

void try_whole_calls(Search& search, const spec::Setup& setup) {
  search.whole(spec::Munmap{kPlace, spec::kPageSize});
  search.whole(spec::Mprotect{kPlace, spec::kPageSize, spec::kProtRead});
  search.whole(spec::Madvise{kPlace, spec::kPageSize, spec::kMadvNormal});
  search.whole(spec::Mremap{kPlace, 4 * spec::kPageSize, 2 * spec::kPageSize, 0, 0});
  // Without room for a locked page the kernel itself says EPERM.
  if (setup.limits.memlock >= spec::kPageSize) {
    search.whole(spec::Mlock{kPlace, spec::kPageSize});
    search.whole(spec::Mlock2{kPlace, spec::kPageSize, 0});
    search.whole(spec::Mlockall{spec::kMclFuture}, {});
  }
  search.whole(spec::Munlock{kPlace, spec::kPageSize});
  search.whole(spec::Munlockall{}, {});
  search.whole(spec::Mseal{kPlace, spec::kPageSize, 0});
  search.whole(spec::PkeyMprotect{kPlace, spec::kPageSize, spec::kProtRead, -1});
  spec::Mmap shared = kMemory;
  shared.flags = spec::kMapShared | spec::kMapAnonymous | spec::kMapFixed;
  search.whole(spec::RemapFilePages{kPlace, spec::kPageSize, 0, 0, 0}, {{0, shared, {}}});
  search.whole(spec::Prctl{.option = spec::kPrGetMemoryMerge}, {});
  search.whole(spec::Setrlimit{spec::kRlimitStack, setup.limits.stack}, {});
  search.forks();
  search.whole(spec::Exec{}, {});
  search.whole(spec::UffdRegister{kPlace, spec::kPageSize, spec::kUffdModeWp});
  search.whole(spec::UffdUnregister{kPlace, spec::kPageSize});
  // EPERM is our own, too.
  if (setup.uffd_kernel_faults || search.is_known(spec::UffdRegister{})) {
    search.part(spec::UffdWriteprotect{kPlace, spec::kPageSize}, Argument::kAny, 0);
    search.part(spec::UffdRwprotect{kPlace, spec::kPageSize}, Argument::kAny, 0);
  }
  search.whole(spec::UffdOpen{}, {});
  search.whole(spec::UffdClose{}, {{0, spec::UffdOpen{}, {}}});
  search.whole(spec::Mbind{kPlace, spec::kPageSize, spec::kMpolDefault, 0, 0, 0});
  search.whole(spec::SetMempolicy{}, {});
  if (setup.vma_names) {
    search.whole(spec::SetVmaName{
        .addr = kPlace, .length = spec::kPageSize, .name = spec::VmaName::of("a")});
  }
  search.whole(spec::Shmat{.segment = 0, .addr = kPlace, .flags = 0}, {});
  search.part(spec::Shmat{.segment = 0, .addr = kPlace, .flags = spec::kShmExec}, Argument::kFlags,
              spec::kShmExec, {});
  search.whole(spec::Shmdt{kPlace},
               {{0, spec::Shmat{.segment = 0, .addr = kPlace, .flags = 0}, {}}});
  // Without keys both fail.
  search.part(spec::PkeyAlloc{}, Argument::kAny, 0, {});
  search.part(spec::PkeyFree{1}, Argument::kAny, 0, {{0, spec::PkeyAlloc{}, {}}});
  search.whole(spec::Msync{kPlace, spec::kPageSize, spec::kMsAsync});
  search.whole(spec::AddSeals{{spec::FileClass::kMemfd, 0}, 0}, {});
  // Refused for its flags on every kernel that has it, as no policy refuses.
  search.part(spec::ProcessMadvise{.flags = 1}, Argument::kAny, 0, {});
}

void try_protections(Search& search) {
  constexpr std::uint64_t kWriteExec = spec::kProtWrite | spec::kProtExec;
  for (const std::uint64_t prot : {spec::kProtExec, kWriteExec}) {
    spec::Mmap mmap = kMemory;
    mmap.prot = spec::kProtRead | prot;
    search.part(mmap, Argument::kProt, prot, {});
    search.part(spec::Mprotect{kPlace, spec::kPageSize, spec::kProtRead | prot}, Argument::kProt,
                prot);
    search.part(spec::PkeyMprotect{kPlace, spec::kPageSize, spec::kProtRead | prot, -1},
                Argument::kProt, prot);
  }
}

void try_mmap_flags(Search& search, const spec::Setup& setup) {
  constexpr std::array kFlags{spec::kMapDroppable,  spec::kMapNoreserve, spec::kMap32Bit,
                              spec::kMapAbove4G,    spec::kMapGrowsdown, spec::kMapDenywrite,
                              spec::kMapLocked,     spec::kMapPopulate,  spec::kMapNonblock,
                              spec::kMapExecutable, spec::kMapStack,     spec::kMapSync,
                              spec::kMapHugetlb,    spec::kMapFixed,     spec::kMapFixedNoreplace};
  for (const std::uint64_t flag : kFlags) {
    if (flag == spec::kMapLocked && setup.limits.memlock < kMemory.length) continue;
    spec::Mmap mmap = kMemory;
    if (flag == spec::kMapFixedNoreplace) mmap.flags &= ~spec::kMapFixed;
    if (flag == spec::kMapDroppable) mmap.flags &= ~spec::kMapType;
    if (flag == spec::kMapHugetlb) mmap.length = spec::kHugePageSize;
    mmap.flags |= flag;
    search.part(mmap, Argument::kFlags, flag, {});
  }
}

void try_other_flags(Search& search, const spec::Setup& setup) {
  constexpr Address kElsewhere = kPlace + 8 * spec::kPageSize;
  for (const std::uint64_t flag :
       {spec::kMremapMaymove, spec::kMremapFixed, spec::kMremapDontunmap}) {
    search.part(spec::Mremap{kPlace, spec::kPageSize, spec::kPageSize, spec::kMremapMaymove | flag,
                             kElsewhere},
                Argument::kFlags, flag);
  }
  if (setup.limits.memlock >= spec::kPageSize) {
    search.part(spec::Mlock2{kPlace, spec::kPageSize, spec::kMlockOnfault}, Argument::kFlags,
                spec::kMlockOnfault);
    for (const std::uint64_t flag : {spec::kMclCurrent, spec::kMclOnfault})
      search.part(spec::Mlockall{spec::kMclFuture | flag}, Argument::kFlags, flag, {});
  }
  const std::uint64_t node =
      setup.nodes == 0 ? 1 : std::uint64_t{1} << std::countr_zero(setup.nodes);
  for (const std::uint64_t flag : {spec::kMpolRelativeNodes, spec::kMpolStaticNodes}) {
    search.part(spec::Mbind{kPlace, spec::kPageSize, spec::kMpolBind, flag, node, 0},
                Argument::kFlags, flag);
    search.part(spec::SetMempolicy{spec::kMpolBind, flag, node}, Argument::kFlags, flag, {});
  }
  search.part(spec::Mbind{kPlace, spec::kPageSize, spec::kMpolBind, 0, node, spec::kMpolMfMove},
              Argument::kFlags, spec::kMpolMfMove);
}

void try_choices(Search& search, const spec::Setup& setup) {
  for (const spec::FlagName& advice : spec::kAdviceNames) {
    const spec::Madvise call{kPlace, spec::kPageSize, static_cast<std::int32_t>(advice.bits)};
    if (!spec::unmodelled_reason(call)) search.part(call, Argument::kChoice, advice.bits);
  }
  for (const auto& [option, value] :
       {std::pair{spec::kPrGetMdwe, 0}, std::pair{spec::kPrSetMdwe, 0},
        std::pair{spec::kPrGetThpDisable, 0}, std::pair{spec::kPrSetThpDisable, 1}}) {
    search.part(spec::Prctl{.option = option, .arg2 = static_cast<std::uint64_t>(value)},
                Argument::kChoice, option, {});
  }
  search.unset(spec::Prctl{.option = spec::kPrGetMdwe}, spec::kPrGetMdwe);
  const auto& limits = setup.limits;
  for (const auto& [resource, soft] :
       {std::pair{spec::kRlimitData, limits.data}, std::pair{spec::kRlimitStack, limits.stack},
        std::pair{spec::kRlimitMemlock, limits.memlock}, std::pair{spec::kRlimitAs, limits.as}}) {
    search.part(spec::Setrlimit{resource, soft}, Argument::kChoice, resource, {});
  }
  const std::uint64_t node =
      setup.nodes == 0 ? 1 : std::uint64_t{1} << std::countr_zero(setup.nodes);
  for (const spec::FlagName& mode : spec::kPolicyNames) {
    const auto value = static_cast<std::uint16_t>(mode.bits);
    const bool has_nodes = value != spec::kMpolDefault && value != spec::kMpolLocal;
    const std::uint64_t nodes = has_nodes ? node : 0;
    search.part(spec::Mbind{kPlace, spec::kPageSize, value, 0, nodes, 0}, Argument::kChoice, value);
    search.part(spec::SetMempolicy{value, 0, nodes}, Argument::kChoice, value, {});
  }
}

}  // namespace

std::vector<Withheld> find_withheld(AgentSession& session, const spec::Setup& setup) {
  Search search{session, setup};
  try_whole_calls(search, setup);
  try_protections(search);
  try_mmap_flags(search, setup);
  try_other_flags(search, setup);
  try_choices(search, setup);
  return search.take();
}

}  // namespace vmadiff::kernel
