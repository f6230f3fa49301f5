// properties: the shapes of calls. Long: it is the table of them, and how a call is found in it.
#include "properties/coverage/call_shapes.h"

#include <memory>
#include <optional>
#include <vector>

#include "spec/policy.h"

namespace vmadiff::properties {
namespace {

using namespace spec;  // NOLINT: this file is little but spec's constants
using enum Family;

constexpr unsigned kAspects = 13;
constexpr std::size_t kValues = 128;
constexpr std::uint64_t kReadWrite = kProtRead | kProtWrite;
/// Of resources that a lowered limit is about.
constexpr std::uint64_t kSomePages = 64 * kPageSize;

/// The class of the call's aspect of that number, below kValues; nothing where it has none.
using Class = std::optional<std::uint64_t>;
constexpr Class when(bool holds, std::uint64_t value = 1) {
  return holds ? Class{value} : std::nullopt;
}
constexpr Class flag(std::uint64_t flags, std::uint64_t bit) { return when((flags & bit) != 0); }

/// 0 … 4: none, read, write, exec, PROT_GROWSDOWN.
constexpr std::uint64_t prot_class(std::uint64_t prot) {
  if ((prot & (kProtGrowsdown | kProtGrowsup)) != 0) return 4;
  if ((prot & kProtExec) != 0) return 3;
  if ((prot & kProtWrite) != 0) return 2;
  return (prot & kProtRead) != 0 ? 1 : 0;
}

/// What is mapped: an anonymous kind, or the file's class and whether it is shared.
constexpr std::uint64_t mapped_class(const Mmap& c) {
  constexpr std::uint64_t kAnonymousKinds = 64;
  const std::uint64_t type = c.flags & kMapType;
  if ((c.flags & kMapAnonymous) != 0) {
    if ((c.flags & kMapHugetlb) != 0) return kAnonymousKinds + 3;
    if (type == kMapDroppable) return kAnonymousKinds + 2;
    return kAnonymousKinds + (type == kMapShared || type == kMapSharedValidate ? 1 : 0);
  }
  return static_cast<std::uint64_t>(c.file.cls) * 2 + (type == kMapPrivate ? 0 : 1);
}

struct ClassOf {
  unsigned aspect;

  Class operator()(const Mmap& c) const {
    const bool is_placed = (c.flags & (kMapFixed | kMapFixedNoreplace)) != 0;
    switch (aspect) {
      case 0:
        return mapped_class(c);
      case 1:
        return flag(c.flags, kMapNoreserve);
      case 2:
        return flag(c.flags, kMapGrowsdown);
      case 3:
        return flag(c.flags, kMapLocked);
      case 4:
        return flag(c.flags, kMapPopulate);
      case 5:
        return flag(c.flags, kMap32Bit);
      case 6:
        return flag(c.flags, kMapAbove4G);
      case 7:
        return flag(c.flags, kMapFixedNoreplace);
      case 8:
        return when(!is_placed, c.addr == 0 ? 0 : 1);
      case 9:
        return when(prot_class(c.prot) != 2, prot_class(c.prot));
      case 10:
        return flag(c.flags, kMapStack);
      default:
        return std::nullopt;
    }
  }
  Class operator()(const Mprotect& c) const { return when(aspect == 0, prot_class(c.prot)); }
  Class operator()(const PkeyMprotect& c) const {
    if (aspect == 1) return when(c.pkey > 0);
    return when(aspect == 0, prot_class(c.prot));
  }
  Class operator()(const PkeyAlloc& c) const { return when(aspect == 0, c.rights & 3); }
  Class operator()(const Shmat& c) const {
    switch (aspect) {
      case 0:
        return c.addr == 0 ? 2 : (c.flags & kShmRemap) != 0 ? 1 : 0;
      case 1:
        return flag(c.flags, kShmRdonly);
      case 2:
        return flag(c.flags, kShmExec);
      default:
        return std::nullopt;
    }
  }
  Class operator()(const Madvise& c) const {
    return when(aspect == 0 && c.advice >= 0 && c.advice < static_cast<std::int32_t>(kValues),
                static_cast<std::uint64_t>(c.advice));
  }
  Class operator()(const Prctl& c) const {
    if (c.option != kPrSetMemoryMerge && c.option != kPrGetMemoryMerge) return std::nullopt;
    return when(aspect == 0, c.option == kPrGetMemoryMerge ? 2 : c.arg2 != 0 ? 1 : 0);
  }
  Class operator()(const Touch& c) const {
    return when(aspect == 0, static_cast<std::uint64_t>(c.access));
  }
  /// How it is moved (not, DONTUNMAP, FIXED, both), and how its size changes.
  Class operator()(const Mremap& c) const {
    if (aspect != 0) return std::nullopt;
    if (c.length == 0) return 15;
    const bool leaves = (c.flags & kMremapDontunmap) != 0;
    const std::uint64_t size = c.new_length == c.length ? 0 : c.new_length < c.length ? 1 : 2;
    return ((c.flags & kMremapFixed) != 0 ? 3 : 0) + size + (leaves ? 6 : 0);
  }
  Class operator()(const Msync& c) const { return when(aspect == 0, c.flags & 7); }
  Class operator()(const ProcessMadvise& c) const { return (*this)(Madvise{.advice = c.advice}); }
  Class operator()(const Mlock2& c) const { return when(aspect == 0, c.flags & kMlockOnfault); }
  Class operator()(const Mlockall& c) const { return when(aspect == 0, c.flags & 7); }
  Class operator()(const Setrlimit& c) const {
    return when(aspect == 0, c.resource % 16 + (c.limit == kRlimInfinity ? 16 : 0));
  }
  Class operator()(const UffdRegister& c) const {
    return aspect == 0 ? Class{c.mode & 15} : when(aspect == 1 && c.userfaultfd != 0, 1);
  }
  Class operator()(const UffdUnregister& c) const {
    return aspect == 0 ? Class{0} : when(aspect == 1 && c.userfaultfd != 0, 1);
  }
  Class operator()(const UffdWriteprotect&) const { return when(aspect == 0, 0); }
  Class operator()(const UffdRwprotect&) const { return std::nullopt; }
  /// The feature that matters most: forks, moves, no waiting; of others nothing is asked.
  Class operator()(const UffdOpen& c) const {
    if (aspect != 0) return std::nullopt;
    const auto has = [&c](std::uint64_t feature) { return (c.features & feature) != 0; };
    return (has(kUffdEventFork) ? 1U : 0U) + (has(kUffdEventRemap) ? 2U : 0U) +
           (has(kUffdWpAsync) ? 4U : 0U) + (has(kUffdRwp) ? 8U : 0U);
  }
  /// Mode, flags of the mode, how many nodes, flags.
  Class operator()(const Mbind& c) const {
    switch (aspect) {
      case 0:
        return c.mode & 7U;
      case 1:
        return when(c.mode_flags != 0, c.mode_flags >> 13 & 7);
      case 2:
        return when(c.nodes != 0, nodes_class(c.nodes));
      case 3:
        return when(c.flags != 0, c.flags & 7);
      default:
        return std::nullopt;
    }
  }
  Class operator()(const SetMempolicy& c) const {
    return when(aspect == 0, c.mode_flags != 0 ? 8 + (c.mode_flags >> 13 & 7) : c.mode & 7U);
  }
  /// None, the empty one, or another.
  Class operator()(const SetVmaName& c) const {
    return when(aspect == 0, c.name.is_none() ? 0 : c.name.text().empty() ? 1 : 2);
  }
  template <typename Call>
  Class operator()(const Call&) const {
    return when(aspect == 0, 0);
  }

  /// The first node, another one, several.
  static constexpr std::uint64_t nodes_class(std::uint64_t nodes) {
    return nodes == 1 ? 1 : std::has_single_bit(nodes) ? 2 : 3;
  }
};

Class class_of(const Syscall& call, unsigned aspect) {
  const Class value = std::visit(ClassOf{aspect}, call);
  return value && *value < kValues ? value : std::nullopt;
}

/// Without a file.
Mmap map(std::uint64_t flags, std::uint64_t prot = kReadWrite) {
  return {.addr = 0, .length = 0, .prot = prot, .flags = kMapAnonymous | flags, .file = {}};
}
Mmap anon(std::uint64_t more, std::uint64_t prot = kReadWrite) {
  return map(kMapPrivate | kMapFixed | more, prot);
}
Mmap at_a_hint() {
  Mmap call = map(kMapPrivate);
  call.addr = kPageSize;
  return call;
}
Mmap of_file(FileClass cls, std::uint64_t type, std::uint64_t prot = kReadWrite) {
  return {.addr = 0, .length = 0, .prot = prot, .flags = type | kMapFixed, .file = {cls, 0}};
}
Mbind bind(std::uint16_t mode, std::uint64_t mode_flags = 0, std::uint64_t nodes = 1,
           std::uint64_t flags = 0) {
  return {.mode = mode, .mode_flags = mode_flags, .nodes = nodes, .flags = flags};
}
/// Sizes are for the caller to set: these only say which way.
Mremap mremap(std::uint64_t flags, Address length, Address new_length) {
  return {.length = length, .new_length = new_length, .flags = flags | kMremapMaymove};
}

std::vector<Shape> make_shapes() {
  constexpr std::uint8_t kAnonymous = kOnPrivate | kOnStack | kOnHeap;
  constexpr std::uint8_t kMarked = kOnPrivate | kOnFile | kOnShared | kOnStack | kOnHeap;
  return {
      {kMap, "mmap private anon", 0, anon(0)},
      {kMap, "mmap shared anon", 0, map(kMapShared | kMapFixed)},
      {kDroppable, "mmap droppable", 0, map(kMapDroppable | kMapFixed)},
      {kHuge, "mmap MAP_HUGETLB", 0, anon(kMapHugetlb | kMapNoreserve)},
      {kFile, "mmap memfd private", 0, of_file(FileClass::kMemfd, kMapPrivate)},
      {kFile, "mmap memfd shared", 0, of_file(FileClass::kMemfd, kMapShared)},
      {kFile, "mmap file private", 0, of_file(FileClass::kFile, kMapPrivate)},
      {kFile, "mmap file shared", 0, of_file(FileClass::kFile, kMapShared)},
      {kFile, "mmap file-ro private", 0, of_file(FileClass::kFileReadOnly, kMapPrivate)},
      {kFile, "mmap file-ro shared", 0, of_file(FileClass::kFileReadOnly, kMapShared, kProtRead)},
      {kFile, "mmap zero private", 0, of_file(FileClass::kZero, kMapPrivate)},
      {kFile, "mmap zero shared", 0, of_file(FileClass::kZero, kMapShared)},
      {kHuge, "mmap hugetlb private", 0, of_file(FileClass::kHugetlb, kMapPrivate | kMapNoreserve)},
      {kHuge, "mmap hugetlb shared", 0, of_file(FileClass::kHugetlb, kMapShared | kMapNoreserve)},
      {kDriver, "mmap pfnmap private", 0, of_file(FileClass::kPfnmap, kMapPrivate)},
      {kDriver, "mmap prepared-pfnmap private", 0,
       of_file(FileClass::kPreparedPfnmap, kMapPrivate)},
      {kMap, "mmap MAP_NORESERVE", 1, anon(kMapNoreserve)},
      {kStack, "mmap MAP_GROWSDOWN", 2, anon(kMapGrowsdown)},
      {kLock, "mmap MAP_LOCKED", 3, anon(kMapLocked)},
      {kPopulate, "mmap MAP_POPULATE", 4, anon(kMapPopulate)},
      {kPlace, "mmap MAP_32BIT", 5, map(kMapPrivate | kMap32Bit)},
      {kPlace, "mmap MAP_ABOVE4G", 6, map(kMapPrivate | kMapAbove4G)},
      {kPlace, "mmap MAP_FIXED_NOREPLACE", 7, map(kMapPrivate | kMapFixedNoreplace)},
      {kPlace, "mmap anywhere", 8, map(kMapPrivate)},
      {kPlace, "mmap at a hint", 8, at_a_hint()},
      {kMap, "mmap PROT_NONE", 9, anon(0, kProtNone)},
      {kMap, "mmap PROT_READ", 9, anon(0, kProtRead)},
      {kMap, "mmap PROT_EXEC", 9, anon(0, kReadWrite | kProtExec)},
      {kMap, "mmap MAP_STACK", 10, anon(kMapStack)},
      {kUnmap, "munmap", 0, Munmap{}},
      {kProtect, "mprotect PROT_NONE", 0, Mprotect{.prot = kProtNone}},
      {kProtect, "mprotect PROT_READ", 0, Mprotect{.prot = kProtRead}},
      {kProtect, "mprotect PROT_WRITE", 0, Mprotect{.prot = kReadWrite}},
      {kProtect, "mprotect PROT_EXEC", 0, Mprotect{.prot = kProtRead | kProtExec}},
      {kProtect, "mprotect PROT_GROWSDOWN", 0, Mprotect{.prot = kProtRead | kProtGrowsdown},
       kOnStack},
      {kProtect, "pkey_mprotect PROT_NONE", 0, PkeyMprotect{.prot = kProtNone}},
      {kProtect, "pkey_mprotect PROT_READ", 0, PkeyMprotect{.prot = kProtRead}},
      {kProtect, "pkey_mprotect PROT_WRITE", 0, PkeyMprotect{.prot = kReadWrite}},
      {kProtect, "pkey_mprotect PROT_EXEC", 0, PkeyMprotect{.prot = kProtRead | kProtExec}},
      {kProtect, "pkey_mprotect PROT_GROWSDOWN", 0,
       PkeyMprotect{.prot = kProtRead | kProtGrowsdown}, kOnStack},
      {kHeap, "brk", 0, Brk{}, kOnHeap},
      {kAdvice, "madvise NORMAL", 0, Madvise{.advice = kMadvNormal}},
      {kAdvice, "madvise RANDOM", 0, Madvise{.advice = kMadvRandom}},
      {kAdvice, "madvise SEQUENTIAL", 0, Madvise{.advice = kMadvSequential}},
      {kPages, "madvise WILLNEED", 0, Madvise{.advice = kMadvWillneed}},
      {kPages, "madvise DONTNEED", 0, Madvise{.advice = kMadvDontneed}},
      {kPages, "madvise FREE", 0, Madvise{.advice = kMadvFree}, kAnonymous},
      {kPages, "madvise REMOVE", 0, Madvise{.advice = kMadvRemove}, kOnShared},
      {kInherit, "madvise DONTFORK", 0, Madvise{.advice = kMadvDontfork}},
      {kInherit, "madvise DOFORK", 0, Madvise{.advice = kMadvDofork}},
      {kKsm, "madvise MERGEABLE", 0, Madvise{.advice = kMadvMergeable}},
      {kKsm, "madvise UNMERGEABLE", 0, Madvise{.advice = kMadvUnmergeable}},
      {kAdvice, "madvise HUGEPAGE", 0, Madvise{.advice = kMadvHugepage}},
      {kAdvice, "madvise NOHUGEPAGE", 0, Madvise{.advice = kMadvNohugepage}},
      {kAdvice, "madvise DONTDUMP", 0, Madvise{.advice = kMadvDontdump}},
      {kAdvice, "madvise DODUMP", 0, Madvise{.advice = kMadvDodump}, kMarked},
      {kInherit, "madvise WIPEONFORK", 0, Madvise{.advice = kMadvWipeonfork}, kAnonymous},
      {kInherit, "madvise KEEPONFORK", 0, Madvise{.advice = kMadvKeeponfork}, kMarked},
      {kPages, "madvise COLD", 0, Madvise{.advice = kMadvCold}},
      {kPages, "madvise PAGEOUT", 0, Madvise{.advice = kMadvPageout}},
      {kPopulate, "madvise POPULATE_READ", 0, Madvise{.advice = kMadvPopulateRead}, kMarked},
      {kPopulate, "madvise POPULATE_WRITE", 0, Madvise{.advice = kMadvPopulateWrite}, kMarked},
      {kPages, "msync SYNC", 0, Msync{.flags = kMsSync}},
      {kPages, "process_madvise COLD", 0, ProcessMadvise{.advice = kMadvCold}},
      {kPages, "madvise DONTNEED_LOCKED", 0, Madvise{.advice = kMadvDontneedLocked}},
      {kGuard, "madvise GUARD_INSTALL", 0, Madvise{.advice = kMadvGuardInstall}, kMarked},
      {kGuard, "madvise GUARD_REMOVE", 0, Madvise{.advice = kMadvGuardRemove}, kMarked},
      {kKsm, "prctl merge off", 0, Prctl{.arg2 = 0}},
      {kKsm, "prctl merge on", 0, Prctl{.arg2 = 1}},
      {kKsm, "prctl merge?", 0, Prctl{.option = kPrGetMemoryMerge}},
      {kTouch, "touch READ", 0, Touch{.access = Access::kRead}},
      {kTouch, "touch WRITE", 0, Touch{.access = Access::kWrite}},
      {kMove, "mremap, same size", 0, mremap(0, 1, 1)},
      {kMove, "mremap, shrink", 0, mremap(0, 2, 1)},
      {kMove, "mremap, grow", 0, mremap(0, 1, 2), kMarked},
      {kMove, "mremap FIXED", 0, mremap(kMremapFixed, 1, 1), kMarked},
      {kMove, "mremap FIXED, shrink", 0, mremap(kMremapFixed, 2, 1), kMarked},
      {kMove, "mremap FIXED, grow", 0, mremap(kMremapFixed, 1, 2), kMarked},
      {kMove, "mremap DONTUNMAP", 0, mremap(kMremapDontunmap, 1, 1), kMarked},
      {kMove, "mremap DONTUNMAP FIXED", 0, mremap(kMremapDontunmap | kMremapFixed, 1, 1), kMarked},
      {kMove, "mremap of shared memory, twice", 0, mremap(0, 0, 1), kOnShared},
      {kLock, "mlock", 0, Mlock{}, kMarked},
      {kLock, "mlock2", 0, Mlock2{}, kMarked},
      {kLock, "mlock2 ONFAULT", 0, Mlock2{.flags = kMlockOnfault}, kMarked},
      {kLock, "munlock", 0, Munlock{}},
      {kLockAll, "mlockall CURRENT", 0, Mlockall{kMclCurrent}},
      {kLockAll, "mlockall FUTURE", 0, Mlockall{kMclFuture}},
      {kLockAll, "mlockall CURRENT FUTURE", 0, Mlockall{kMclCurrent | kMclFuture}},
      {kLockAll, "mlockall CURRENT ONFAULT", 0, Mlockall{kMclCurrent | kMclOnfault}},
      {kLockAll, "mlockall FUTURE ONFAULT", 0, Mlockall{kMclFuture | kMclOnfault}},
      {kLockAll, "mlockall CURRENT FUTURE ONFAULT", 0,
       Mlockall{kMclCurrent | kMclFuture | kMclOnfault}},
      {kLockAll, "munlockall", 0, Munlockall{}},
      {kSeal, "mseal", 0, Mseal{}},
      {kSeal, "add_seals", 0, AddSeals{{FileClass::kMemfd, 0}, kSealGrow}},
      {kRearrange, "remap_file_pages", 0, RemapFilePages{}, kOnShared},
      {kLimit, "setrlimit DATA", 0, Setrlimit{kRlimitData, kSomePages}},
      {kLimit, "setrlimit STACK", 0, Setrlimit{kRlimitStack, kSomePages}},
      {kLimit, "setrlimit MEMLOCK", 0, Setrlimit{kRlimitMemlock, kSomePages}},
      {kLimit, "setrlimit AS", 0, Setrlimit{kRlimitAs, kSomePages}},
      {kLimit, "setrlimit DATA infinite", 0, Setrlimit{kRlimitData, kRlimInfinity}},
      {kLimit, "setrlimit AS infinite", 0, Setrlimit{kRlimitAs, kRlimInfinity}},
      {kProcess, "fork", 0, Fork{}},
      {kProcess, "exec", 0, Exec{}},
      {kProcess, "exit", 0, Exit{}},
      {kWatch, "uffd_register WP", 0, UffdRegister{}, kOnPrivate | kOnShared | kOnStack | kOnHeap},
      {kWatch, "uffd_register WP by another", 1, UffdRegister{0, 0, kUffdModeWp, 1},
       kOnPrivate | kOnShared | kOnStack | kOnHeap},
      {kWatch, "uffd_register MISSING", 0, UffdRegister{0, 0, kUffdModeMissing},
       kOnPrivate | kOnShared | kOnStack | kOnHeap},
      {kWatch, "uffd_register MISSING|WP", 0, UffdRegister{0, 0, kUffdModeMissing | kUffdModeWp},
       kOnPrivate | kOnShared | kOnStack | kOnHeap},
      {kWatch, "uffd_register MINOR", 0, UffdRegister{0, 0, kUffdModeMinor}, kOnShared},
      {kWatch, "uffd_writeprotect", 0, UffdWriteprotect{},
       kOnPrivate | kOnShared | kOnStack | kOnHeap},
      {kWatch, "uffd_unregister", 0, UffdUnregister{}, kOnPrivate | kOnShared | kOnStack | kOnHeap},
      {kWatch, "uffd_open EVENT_FORK", 0, UffdOpen{0, kUffdEventFork}},
      {kWatch, "uffd_open EVENT_REMAP", 0, UffdOpen{0, kUffdEventRemap}},
      {kWatch, "uffd_open WP_ASYNC", 0, UffdOpen{0, kUffdWpAsync}},
      {kWatch, "uffd_close", 0, UffdClose{}},
      {kPolicy, "mbind DEFAULT", 0, bind(kMpolDefault, 0, 0)},
      {kPolicy, "mbind PREFERRED", 0, bind(kMpolPreferred)},
      {kPolicy, "mbind BIND", 0, bind(kMpolBind)},
      {kPolicy, "mbind INTERLEAVE", 0, bind(kMpolInterleave)},
      {kPolicy, "mbind LOCAL", 0, bind(kMpolLocal, 0, 0)},
      {kPolicy, "mbind PREFERRED_MANY", 0, bind(kMpolPreferredMany)},
      {kPolicy, "mbind WEIGHTED_INTERLEAVE", 0, bind(kMpolWeightedInterleave)},
      {kPolicy, "mbind NUMA_BALANCING", 1, bind(kMpolBind, kMpolNumaBalancing)},
      {kPolicy, "mbind RELATIVE_NODES", 1, bind(kMpolInterleave, kMpolRelativeNodes)},
      {kPolicy, "mbind STATIC_NODES", 1, bind(kMpolInterleave, kMpolStaticNodes)},
      {kPolicy, "mbind NUMA_BALANCING STATIC_NODES", 1,
       bind(kMpolBind, kMpolNumaBalancing | kMpolStaticNodes)},
      {kPolicy, "mbind NUMA_BALANCING RELATIVE_NODES", 1,
       bind(kMpolPreferredMany, kMpolNumaBalancing | kMpolRelativeNodes)},
      {kPolicy, "mbind to the first node", 2, bind(kMpolBind)},
      {kPolicy, "mbind to another node", 2, bind(kMpolBind, kMpolRelativeNodes, 2)},
      {kPolicy, "mbind to several nodes", 2, bind(kMpolBind, kMpolStaticNodes, 3)},
      {kPolicy, "mbind MPOL_MF_MOVE", 3, bind(kMpolPreferred, 0, 1, kMpolMfMove)},
      {kTaskPolicy, "set_mempolicy DEFAULT", 0, SetMempolicy{}},
      {kTaskPolicy, "set_mempolicy BIND", 0, SetMempolicy{kMpolBind, 0, 1}},
      {kTaskPolicy, "set_mempolicy LOCAL", 0, SetMempolicy{kMpolLocal, 0, 0}},
      {kTaskPolicy, "set_mempolicy STATIC_NODES", 0,
       SetMempolicy{kMpolInterleave, kMpolStaticNodes, 1}},
      {kName, "name", 0, SetVmaName{.name = VmaName::of("a")}},
      {kName, "name, empty", 0, SetVmaName{.name = VmaName::of("")}},
      {kName, "name taken away", 0, SetVmaName{}},
      {kAttach, "shmat", 0, Shmat{.addr = kPageSize}},
      {kAttach, "shmat SHM_REMAP", 0, Shmat{.addr = kPageSize, .flags = kShmRemap}},
      {kAttach, "shmat anywhere", 0, Shmat{}},
      {kAttach, "shmat SHM_RDONLY", 1, Shmat{.addr = kPageSize, .flags = kShmRemap | kShmRdonly}},
      {kAttach, "shmat SHM_EXEC", 2, Shmat{.addr = kPageSize, .flags = kShmRemap | kShmExec}},
      {kAttach, "shmdt", 0, Shmdt{}},
      {kKeys, "pkey_mprotect with a key", 1, PkeyMprotect{.prot = kReadWrite, .pkey = 1}},
      {kKeys, "pkey_alloc", 0, PkeyAlloc{}},
      {kKeys, "pkey_alloc PKEY_DISABLE_ACCESS", 0, PkeyAlloc{.rights = kPkeyDisableAccess}},
      {kKeys, "pkey_alloc PKEY_DISABLE_WRITE", 0, PkeyAlloc{.rights = kPkeyDisableWrite}},
      {kKeys, "pkey_free", 0, PkeyFree{}},
  };
}

/// The shape of a class of an aspect of a call, plus one; 0 where there is none.
using Table = std::array<std::array<std::array<std::uint8_t, kValues>, kAspects>,
                         std::variant_size_v<Syscall>>;

const Table& table() {
  static const auto kTable = [] {
    auto out = std::make_unique<Table>();
    for (std::size_t i = 0; i < shapes().size(); ++i) {
      const Shape& shape = shapes()[i];
      (*out)[shape.call.index()][shape.aspect][*class_of(shape.call, shape.aspect)] =
          static_cast<std::uint8_t>(i + 1);
    }
    return out;
  }();
  return *kTable;
}

}  // namespace

std::span<const Shape> shapes() {
  static const std::vector<Shape> kShapes = make_shapes();
  return kShapes;
}

ShapesOfCall shapes_of(const Syscall& call) {
  ShapesOfCall out;
  const auto& of_call = table()[call.index()];
  for (unsigned aspect = 0; aspect < kAspects; ++aspect) {
    const auto value = class_of(call, aspect);
    if (!value) continue;
    const std::uint8_t shape = of_call[aspect][*value];
    if (shape != 0) out.add(shape - 1U);
  }
  return out;
}

std::string_view name(Family family) {
  constexpr std::array<std::string_view, kFamilyCount> kNames{
      "map",    "file",    "droppable",   "huge",  "driver", "stack",     "place",   "populate",
      "unmap",  "protect", "heap",        "touch", "move",   "lock",      "lockall", "ksm",
      "advice", "inherit", "pages",       "guard", "seal",   "rearrange", "limit",   "process",
      "watch",  "policy",  "task policy", "name",  "attach", "keys"};
  return kNames[static_cast<std::size_t>(family)];
}

}  // namespace vmadiff::properties
