// properties: the families of calls, and what each makes.
#include "properties/generate/swarm.h"

#include <array>

#include "properties/generate/names.h"
#include "properties/generate/ranges.h"

namespace vmadiff::properties {
namespace {

using spec::Address;

/// Advice that sets flags comes twice as often as advice on pages: flags decide merges.
constexpr std::array kAdviceToDraw{
    spec::kMadvNormal,        spec::kMadvRandom,        spec::kMadvSequential,
    spec::kMadvDontfork,      spec::kMadvDofork,        spec::kMadvHugepage,
    spec::kMadvNohugepage,    spec::kMadvDontdump,      spec::kMadvDodump,
    spec::kMadvWipeonfork,    spec::kMadvKeeponfork,    spec::kMadvNormal,
    spec::kMadvRandom,        spec::kMadvSequential,    spec::kMadvDontfork,
    spec::kMadvDofork,        spec::kMadvDontdump,      spec::kMadvDodump,
    spec::kMadvWipeonfork,    spec::kMadvKeeponfork,    spec::kMadvWillneed,
    spec::kMadvDontneed,      spec::kMadvFree,          spec::kMadvRemove,
    spec::kMadvCold,          spec::kMadvPageout,       spec::kMadvPopulateRead,
    spec::kMadvPopulateWrite, spec::kMadvPopulateWrite, spec::kMadvDontneedLocked,
    spec::kMadvCollapse,      spec::kMadvGuardInstall,  spec::kMadvGuardInstall,
    spec::kMadvGuardRemove};

/// Sizes near those of the sequences' mappings, so that a limit is met now and then.
std::uint64_t near_limit(Random& random, std::uint64_t base) {
  return base + spec::kPageSize * random.below(128) +
         (random.percent(20) ? random.below(spec::kPageSize) : 0);
}

template <typename... Calls>
bool wants(std::uint64_t favoured) {
  return ((favoured >> spec::Syscall{Calls{}}.index() & 1) | ...) != 0;
}

}  // namespace

Swarm::Swarm(Random& random, const GeneratorOptions& options, bool huge_pages, bool protection_keys)
    : setup_(options.setup) {
  const std::uint64_t favoured = options.favoured;
  const auto has = [&](std::uint64_t percent) {
    return options.swarming == Swarming::kNone || random.percent(percent);
  };
  moves_ = has(wants<spec::Mremap>(favoured) ? 75 : 45);
  const bool locking =
      wants<spec::Mlock, spec::Mlock2, spec::Munlock, spec::Mlockall, spec::Munlockall>(favoured);
  locks_ = has(locking ? 60 : 30);
  advises_ = has(wants<spec::Madvise>(favoured) ? 70 : 40);
  populates_ = has(20);
  seals_ = has(wants<spec::Mseal>(favoured) ? 10 : 2);
  limits_ = has(wants<spec::Setrlimit>(favoured) ? 20 : 10);
  stacks_ = has(15);
  places_ = has(8);
  remaps_files_ = has(wants<spec::RemapFilePages>(favoured) ? 30 : 8);
  processes_ = has(wants<spec::Fork, spec::Exec, spec::Exit>(favoured) ? 12 : 6);
  registers_ = has(wants<spec::UffdRegister, spec::UffdUnregister, spec::UffdOpen, spec::UffdClose,
                         spec::UffdWriteprotect, spec::UffdRwprotect>(favoured)
                       ? 60
                       : 15);
  binds_ = has(wants<spec::Mbind, spec::SetMempolicy>(favoured) ? 60 : 15);
  attaches_ = has(wants<spec::Shmat, spec::Shmdt>(favoured) ? 60 : 12);
  const bool keys = wants<spec::PkeyAlloc, spec::PkeyFree, spec::PkeyMprotect>(favoured);
  keys_ = has(!protection_keys ? 1 : keys ? 60 : 25);
  maps_huge_ = huge_pages && has(4);
  names_ = has(!setup_.vma_names ? 3 : wants<spec::SetVmaName>(favoured) ? 60 : 15);
  syncs_ = has(wants<spec::Msync>(favoured) ? 30 : 8);
  advises_self_ = has(wants<spec::ProcessMadvise>(favoured) ? 40 : 10);
  seals_files_ = has(wants<spec::AddSeals>(favoured) ? 12 : 3);
  restricts_ = has(wants<spec::Prctl>(favoured) ? 6 : 2);
}

std::optional<spec::Syscall> Swarm::process_call(Random& random) const {
  if (!processes_) return std::nullopt;
  const auto kind = random.below(100);
  if (kind < 8) return spec::Fork{};
  if (kind < 10) return spec::Exec{};
  if (kind < 12) return spec::Exit{};
  return std::nullopt;
}

std::optional<spec::Syscall> Swarm::call(Random& random, Sketch& sketch) const {
  const auto kind = random.below(100);
  const auto range = [&] { return existing_range(random, sketch); };
  if (kind < 14)
    return moves_ ? std::optional<spec::Syscall>{mremap(random, sketch)} : std::nullopt;
  if (kind < 24) return locks_ ? std::optional{lock(random, sketch)} : std::nullopt;
  if (kind < 36)
    return advises_ ? std::optional<spec::Syscall>{advise(random, sketch)} : std::nullopt;
  if (kind < 39 && seals_) {
    const auto at = range();
    return spec::Mseal{at.start, at.length, 0};
  }
  if (kind < 42 && limits_) return limit(random);
  if (kind < 44 && remaps_files_) {
    const auto at = range();
    return spec::RemapFilePages{at.start, at.length, 0, random.below(20), 0};
  }
  if (kind < 45) {
    const auto at = range();
    return spec::PkeyMprotect{at.start, at.length, random.below(8), -1};
  }
  if (kind < 55 && registers_) return watch(random, sketch);
  if (kind < 65 && binds_) {
    const spec::Mbind policy = bind(random, sketch);
    if (!random.percent(4)) return policy;
    return spec::SetMempolicy{policy.mode, policy.mode_flags, policy.nodes};
  }
  if (kind < 68 && names_) return name(random, sketch);
  if (kind < 72 && attaches_) return attach(random, sketch);
  if (kind < 76 && keys_) return use_key(random, sketch);
  if (kind < 76) return std::nullopt;
  if (kind < 79 && syncs_) return sync(random, sketch);
  if (kind < 82 && advises_self_) return advise_self(random, sketch);
  if (kind < 85 && seals_files_) return seal_file(random);
  if (kind < 87 && restricts_) return restrict(random);
  return std::nullopt;
}

spec::Syscall Swarm::mark(Random& random, std::uint64_t prot) const {
  // As often as there are families, the first of which this sequence has counts.
  for (int attempt = 0; attempt < 4; ++attempt) {
    switch (random.below(9)) {
      case 0:
        if (seals_) return spec::Mseal{};
        break;
      case 1:
        if (locks_) return spec::Mlock{};
        break;
      case 2:
        if (locks_) return spec::Mlock2{.addr = 0, .length = 0, .flags = spec::kMlockOnfault};
        break;
      case 3:
        if (locks_) return spec::Munlock{};
        break;
      case 4:
        if (advises_) return spec::Madvise{0, 0, random.of(kAdviceToDraw)};
        break;
      case 5:
        if (registers_) {
          return spec::UffdRegister{
              0, 0, random.percent(70) ? spec::kUffdModeWp : spec::kUffdModeMissing};
        }
        break;
      case 6:
        if (binds_) {
          spec::Mbind policy{};
          policy.mode = spec::kMpolBind;
          policy.nodes = 1;
          return policy;
        }
        break;
      case 7:
        if (names_) return spec::SetVmaName{.addr = 0, .length = 0, .name = any_vma_name(random)};
        break;
      default:
        if (random.percent(10)) return spec::PkeyMprotect{0, 0, prot, -1};
        return spec::Mprotect{0, 0, prot};
    }
  }
  return spec::Mprotect{0, 0, prot};
}

std::uint64_t Swarm::map_flags(Random& random) const {
  std::uint64_t flags = 0;
  if (locks_ && random.percent(10)) flags |= spec::kMapLocked;
  if (populates_ && random.percent(25)) flags |= spec::kMapPopulate;
  if (stacks_ && random.percent(30)) flags |= spec::kMapGrowsdown;
  if (places_ && random.percent(25)) {
    flags |= random.percent(70) ? spec::kMap32Bit : spec::kMapAbove4G;
  }
  if (maps_huge_ && random.percent(20)) {
    flags |= spec::kMapHugetlb;
    if (random.percent(80)) flags |= spec::kMapNoreserve;
    if (random.percent(30)) flags |= spec::kMapHuge2Mb;
  }
  return flags;
}

spec::Mremap Swarm::mremap(Random& random, Sketch& sketch) const {
  if (random.percent(20)) {
    // Back to where it came from: there alone, memory that was written fits its neighbours again.
    const Region& moved = sketch.any(random);
    const Address length = moved.end - moved.start;
    if (moved.home != 0) {
      return {moved.start, length, length, spec::kMremapMaymove | spec::kMremapFixed, moved.home};
    }
  }
  const auto [start, length] = existing_range(random, sketch);
  spec::Mremap call{
      .addr = start, .length = length, .new_length = length, .flags = 0, .new_addr = 0};
  if (random.percent(6)) call.length = 0;
  switch (random.below(4)) {
    case 0:
      call.new_length += few_pages(random) * spec::kPageSize;
      break;
    case 1:
      call.new_length = (1 + random.below(length / spec::kPageSize)) * spec::kPageSize;
      break;
    default:
      break;
  }
  if (random.percent(85)) call.flags |= spec::kMremapMaymove;
  if (random.percent(60)) {
    call.flags |= spec::kMremapFixed;
    // Next to something, where it may merge, or anywhere near.
    const auto there = existing_range(random, sketch);
    call.new_addr = random.percent(50) ? there.start + there.length
                    : random.percent(50)
                        ? there.start - call.new_length
                        : kArena + random.below(sketch.arena_pages()) * spec::kPageSize;
  }
  if (random.percent(12)) {
    call.flags |= spec::kMremapDontunmap;
    if (random.percent(85)) call.new_length = call.length;
  }
  if (sketch.empty()) return call;
  if (call.new_addr == 0) {
    // It grows in place, mostly.
    if (call.new_length > call.length && call.length != 0) {
      Region grown = sketch.any(random);
      grown.start = start;
      grown.end = start + call.new_length;
      sketch.add(grown);
    }
    return call;
  }
  Region moved = sketch.any(random);
  moved.start = call.new_addr;
  moved.end = call.new_addr + call.new_length;
  moved.home = start;
  sketch.add(moved);
  return call;
}

spec::Syscall Swarm::lock(Random& random, Sketch& sketch) const {
  const auto [start, length] = existing_range(random, sketch);
  const auto kind = random.below(100);
  if (kind < 35) return spec::Mlock{start, length};
  if (kind < 50) {
    return spec::Mlock2{start, length, random.percent(80) ? spec::kMlockOnfault : 0};
  }
  if (kind < 80) return spec::Munlock{start, length};
  if (kind < 92) {
    constexpr std::array kFlags{
        spec::kMclFuture, spec::kMclCurrent, spec::kMclCurrent | spec::kMclFuture,
        spec::kMclCurrent | spec::kMclOnfault, spec::kMclFuture | spec::kMclOnfault};
    return spec::Mlockall{random.of(kFlags)};
  }
  return spec::Munlockall{};
}

spec::Madvise Swarm::advise(Random& random, Sketch& sketch) const {
  const auto [start, length] = existing_range(random, sketch);
  return {start, length, random.of(kAdviceToDraw)};
}

spec::Syscall Swarm::watch(Random& random, Sketch& sketch) const {
  const auto [start, length] = existing_range(random, sketch);
  // Mostly the first two, so that they meet.
  const auto number = random.percent(60) ? 0 : random.below(random.percent(90) ? 2 : 4);
  const auto kind = random.below(100);
  if (kind < 50) {
    constexpr std::array kModes{
        spec::kUffdModeWp,      spec::kUffdModeWp,
        spec::kUffdModeWp,      spec::kUffdModeMissing,
        spec::kUffdModeMissing, spec::kUffdModeMissing | spec::kUffdModeWp,
        spec::kUffdModeMinor,   spec::kUffdModeMissing | spec::kUffdModeMinor,
        spec::kUffdModeRwp};
    const spec::UffdRegister call{start, length, random.of(kModes), number};
    sketch.add_watched(call);
    return call;
  }
  if (kind < 72) return spec::UffdUnregister{start, length, number};
  if (kind < 80) {
    const auto mode = random.percent(75) ? spec::kUffdProtect : 0;
    const auto& there = sketch.watched(random);
    const bool is_there = there.length != 0 && random.percent(80);
    const spec::UffdWriteprotect call{is_there ? there.addr : start,
                                      is_there ? there.length : length, mode, number};
    if (!random.percent(25)) return call;
    return spec::UffdRwprotect{call.addr, call.length, call.mode, call.userfaultfd};
  }
  if (kind < 94) {
    constexpr std::array kFeatures{spec::kUffdEventFork,
                                   spec::kUffdEventFork,
                                   spec::kUffdEventRemap,
                                   spec::kUffdEventRemap,
                                   spec::kUffdEventFork | spec::kUffdEventRemap,
                                   spec::kUffdWpAsync,
                                   spec::kUffdWpAsync | spec::kUffdEventRemap,
                                   spec::kUffdWpUnpopulated,
                                   spec::kUffdRwp,
                                   spec::kUffdRwp | spec::kUffdRwpAsync | spec::kUffdEventFork,
                                   std::uint64_t{0}};
    return spec::UffdOpen{number, random.of(kFeatures)};
  }
  return spec::UffdClose{number};
}

/// Of few policies, so that neighbours often have the same.
spec::Mbind Swarm::bind(Random& random, Sketch& sketch) const {
  const auto [start, length] = existing_range(random, sketch);
  spec::Mbind call{.addr = start, .length = length};
  constexpr std::array kModes{
      spec::kMpolBind,          spec::kMpolBind,       spec::kMpolDefault,
      spec::kMpolDefault,       spec::kMpolInterleave, spec::kMpolPreferred,
      spec::kMpolPreferredMany, spec::kMpolLocal,      spec::kMpolWeightedInterleave};
  call.mode = random.of(kModes);
  const bool has_nodes = call.mode != spec::kMpolDefault && call.mode != spec::kMpolLocal;
  if (has_nodes != random.percent(4)) call.nodes = 1 + random.below(random.percent(90) ? 1 : 8);
  if (random.percent(8)) {
    constexpr std::array kFlags{spec::kMpolStaticNodes, spec::kMpolRelativeNodes,
                                spec::kMpolNumaBalancing};
    call.mode_flags = random.of(kFlags);
  }
  if (random.percent(2)) call.flags = spec::kMpolMfMove;
  return call;
}

spec::SetVmaName Swarm::name(Random& random, Sketch& sketch) const {
  const auto [start, length] = existing_range(random, sketch);
  return {.addr = start, .length = length, .name = any_vma_name(random)};
}

spec::Syscall Swarm::attach(Random& random, Sketch& sketch) const {
  if (random.percent(35)) {
    const Address at = sketch.attached(random);
    return spec::Shmdt{at != 0 && random.percent(90) ? at : existing_range(random, sketch).start};
  }
  spec::Shmat call{.segment = random.below(spec::kFilesPerClass), .addr = 0, .flags = 0};
  if (random.percent(90)) {
    const auto there = existing_range(random, sketch);
    call.addr = random.percent(60) ? there.start
                                   : kArena + random.below(sketch.arena_pages()) * spec::kPageSize;
    // The arena is mostly taken.
    if (random.percent(70)) call.flags |= spec::kShmRemap;
  }
  if (random.percent(15)) call.flags |= spec::kShmRdonly;
  if (random.percent(8)) call.flags |= spec::kShmExec;
  if (random.percent(5)) {
    call.flags |= spec::kShmRnd;
    call.addr += random.below(spec::kPageSize);
  }
  if (call.addr == 0) return call;
  const Address start = spec::page_down(call.addr);
  sketch.add_attached(start);
  sketch.add(
      {.start = start,
       .end = start + spec::page_up(spec::kSegmentBytes[call.segment]),
       .look = {spec::kProtRead | spec::kProtWrite, spec::kMapShared | spec::kMapAnonymous, {}},
       .offset = 0});
  return call;
}

/// Of few keys, so that neighbours often have the same.
spec::Syscall Swarm::use_key(Random& random, Sketch& sketch) const {
  const auto kind = random.below(100);
  const auto key = static_cast<std::int32_t>(1 + random.below(3));
  if (kind < 30) return spec::PkeyAlloc{0, random.percent(50) ? 0 : random.below(4)};
  if (kind < 38) return spec::PkeyFree{key};
  const auto [start, length] = existing_range(random, sketch);
  if (kind < 48) return spec::Mprotect{start, length, spec::kProtExec};
  return spec::PkeyMprotect{start, length, random.below(random.percent(80) ? 4 : 8),
                            random.percent(85) ? key : 0};
}

spec::Msync Swarm::sync(Random& random, Sketch& sketch) const {
  const auto [start, length] = existing_range(random, sketch);
  constexpr std::array kFlags{spec::kMsSync,
                              spec::kMsSync,
                              spec::kMsAsync,
                              spec::kMsInvalidate,
                              spec::kMsInvalidate | spec::kMsSync,
                              spec::kMsInvalidate | spec::kMsAsync};
  return {start, length, random.of(kFlags)};
}

spec::AddSeals Swarm::seal_file(Random& random) const {
  constexpr std::array kSeals{spec::kSealWrite,       spec::kSealWrite, spec::kSealFutureWrite,
                              spec::kSealFutureWrite, spec::kSealExec,  spec::kSealExec,
                              spec::kSealShrink,      spec::kSealGrow,  spec::kSealSeal};
  const auto number = static_cast<std::uint32_t>(random.below(spec::kFilesPerClass));
  spec::AddSeals call{.file = {spec::FileClass::kMemfd, number}, .seals = random.of(kSeals)};
  if (random.percent(10)) call.seals |= random.of(kSeals);
  if (random.percent(5)) call.file.cls = spec::FileClass::kFile;
  return call;
}

spec::ProcessMadvise Swarm::advise_self(Random& random, Sketch& sketch) const {
  const auto [start, length] = existing_range(random, sketch);
  spec::ProcessMadvise call{.addr = start, .length = length, .advice = random.of(kAdviceToDraw)};
  if (random.percent(50)) {
    const auto second = existing_range(random, sketch);
    call.second_addr = second.start;
    call.second_length = second.length;
  }
  return call;
}

spec::Prctl Swarm::restrict(Random& random) const {
  const auto kind = random.below(100);
  if (kind < 45) {
    return {.option = spec::kPrSetMdwe, .arg2 = spec::kMdweRefuseExecGain};
  }
  if (kind < 70) {
    return {.option = spec::kPrSetMdwe, .arg2 = spec::kMdweRefuseExecGain | spec::kMdweNoInherit};
  }
  if (kind < 75) return {.option = spec::kPrSetMdwe, .arg2 = 0};
  if (kind < 90) return {.option = spec::kPrGetMdwe};
  if (kind < 95) return {.option = spec::kPrGetThpDisable};
  return {.option = spec::kPrSetThpDisable, .arg2 = 1};
}

spec::Setrlimit Swarm::limit(Random& random) const {
  constexpr std::array kResources{spec::kRlimitAs, spec::kRlimitData, spec::kRlimitMemlock,
                                  spec::kRlimitStack};
  spec::Setrlimit call{.resource = random.of(kResources), .limit = spec::kRlimInfinity};
  if (random.percent(15)) return call;
  const auto& counters = setup_.initial.counters;
  const std::uint64_t base = call.resource == spec::kRlimitAs     ? counters.total_vm
                             : call.resource == spec::kRlimitData ? counters.data_vm
                                                                  : 0;
  call.limit = random.percent(5) ? 0 : near_limit(random, base * spec::kPageSize);
  return call;
}

}  // namespace vmadiff::properties
