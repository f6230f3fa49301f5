// spec: the constants of the memory calls (MAP_*, PROT_*, MADV_*, PR_*) and the VMA flags.
// Values are x86-64 Linux's own. They are written out here, not taken from system headers, because
// the set that we model must not vary with the machine that the tool is built on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vmadiff::spec {

// --- mmap, mprotect -----------------------------------------------------------------------------
inline constexpr std::uint64_t kProtNone = 0;
inline constexpr std::uint64_t kProtRead = 1;
inline constexpr std::uint64_t kProtWrite = 2;
inline constexpr std::uint64_t kProtExec = 4;
inline constexpr std::uint64_t kProtSem = 8;
inline constexpr std::uint64_t kProtGrowsdown = 0x01000000;
inline constexpr std::uint64_t kProtGrowsup = 0x02000000;

inline constexpr std::uint64_t kMapShared = 1;
inline constexpr std::uint64_t kMapPrivate = 2;
inline constexpr std::uint64_t kMapSharedValidate = 3;
inline constexpr std::uint64_t kMapDroppable = 8;
inline constexpr std::uint64_t kMapType = 0xf;
inline constexpr std::uint64_t kMapFixed = 0x10;
inline constexpr std::uint64_t kMapAnonymous = 0x20;
inline constexpr std::uint64_t kMap32Bit = 0x40;
inline constexpr std::uint64_t kMapAbove4G = 0x80;
inline constexpr std::uint64_t kMapGrowsdown = 0x100;
inline constexpr std::uint64_t kMapDenywrite = 0x800;
inline constexpr std::uint64_t kMapExecutable = 0x1000;
inline constexpr std::uint64_t kMapLocked = 0x2000;
inline constexpr std::uint64_t kMapNoreserve = 0x4000;
inline constexpr std::uint64_t kMapPopulate = 0x8000;
inline constexpr std::uint64_t kMapNonblock = 0x10000;
inline constexpr std::uint64_t kMapStack = 0x20000;
inline constexpr std::uint64_t kMapHugetlb = 0x40000;
inline constexpr std::uint64_t kMapSync = 0x80000;
inline constexpr std::uint64_t kMapFixedNoreplace = 0x100000;
inline constexpr std::uint64_t kMapUninitialized = 0x4000000;
/// With MAP_HUGETLB six bits say the binary logarithm of the page size (0: the default, 2 MiB); the
/// lowest of them is MAP_UNINITIALIZED's.
inline constexpr unsigned kMapHugeShift = 26;
inline constexpr std::uint64_t kMapHugeSize = std::uint64_t{0x3f} << kMapHugeShift;
inline constexpr std::uint64_t kMapHuge2Mb = std::uint64_t{21} << kMapHugeShift;
inline constexpr std::uint64_t kMapHuge1Gb = std::uint64_t{30} << kMapHugeShift;

/// The map flags that this version models, besides the type in kMapType (each of whose 16 values
/// is modelled). A call with another flag is refused by `unmodelled_reason` (syscall.h).
inline constexpr std::uint64_t kMapModelled =
    kMapType | kMapFixed | kMapAnonymous | kMap32Bit | kMapAbove4G | kMapGrowsdown | kMapDenywrite |
    kMapExecutable | kMapLocked | kMapNoreserve | kMapPopulate | kMapNonblock | kMapStack |
    kMapHugetlb | kMapSync | kMapFixedNoreplace | kMapHugeSize;

// --- mremap, mlock, limits ----------------------------------------------------------------------
inline constexpr std::uint64_t kMremapMaymove = 1;
inline constexpr std::uint64_t kMremapFixed = 2;
inline constexpr std::uint64_t kMremapDontunmap = 4;

inline constexpr std::uint64_t kMlockOnfault = 1;  ///< mlock2
inline constexpr std::uint64_t kMclCurrent = 1;    ///< mlockall
inline constexpr std::uint64_t kMclFuture = 2;
inline constexpr std::uint64_t kMclOnfault = 4;

inline constexpr std::uint64_t kRlimitData = 2;
inline constexpr std::uint64_t kRlimitStack = 3;
inline constexpr std::uint64_t kRlimitMemlock = 8;
inline constexpr std::uint64_t kRlimitAs = 9;
inline constexpr std::uint64_t kRlimInfinity = ~std::uint64_t{0};

// --- msync, memfds ------------------------------------------------------------------------------
inline constexpr std::uint64_t kMsAsync = 1;
inline constexpr std::uint64_t kMsInvalidate = 2;
inline constexpr std::uint64_t kMsSync = 4;

inline constexpr std::uint64_t kSealSeal = 1;  ///< F_SEAL_*
inline constexpr std::uint64_t kSealShrink = 2;
inline constexpr std::uint64_t kSealGrow = 4;
inline constexpr std::uint64_t kSealWrite = 8;
inline constexpr std::uint64_t kSealFutureWrite = 0x10;
inline constexpr std::uint64_t kSealExec = 0x20;

// --- madvise, prctl -----------------------------------------------------------------------------
inline constexpr std::int32_t kMadvNormal = 0;
inline constexpr std::int32_t kMadvRandom = 1;
inline constexpr std::int32_t kMadvSequential = 2;
inline constexpr std::int32_t kMadvWillneed = 3;
inline constexpr std::int32_t kMadvDontneed = 4;
inline constexpr std::int32_t kMadvFree = 8;
inline constexpr std::int32_t kMadvRemove = 9;
inline constexpr std::int32_t kMadvDontfork = 10;
inline constexpr std::int32_t kMadvDofork = 11;
inline constexpr std::int32_t kMadvMergeable = 12;
inline constexpr std::int32_t kMadvUnmergeable = 13;
inline constexpr std::int32_t kMadvHugepage = 14;
inline constexpr std::int32_t kMadvNohugepage = 15;
inline constexpr std::int32_t kMadvDontdump = 16;
inline constexpr std::int32_t kMadvDodump = 17;
inline constexpr std::int32_t kMadvWipeonfork = 18;
inline constexpr std::int32_t kMadvKeeponfork = 19;
inline constexpr std::int32_t kMadvCold = 20;
inline constexpr std::int32_t kMadvPageout = 21;
inline constexpr std::int32_t kMadvPopulateRead = 22;
inline constexpr std::int32_t kMadvPopulateWrite = 23;
inline constexpr std::int32_t kMadvDontneedLocked = 24;
inline constexpr std::int32_t kMadvCollapse = 25;
inline constexpr std::int32_t kMadvHwpoison = 100;
inline constexpr std::int32_t kMadvSoftOffline = 101;
inline constexpr std::int32_t kMadvGuardInstall = 102;
inline constexpr std::int32_t kMadvGuardRemove = 103;
inline constexpr std::uint64_t kPrSetMemoryMerge = 67;
inline constexpr std::uint64_t kPrGetMemoryMerge = 68;
inline constexpr std::uint64_t kPrSetVma = 0x53564d41;
inline constexpr std::uint64_t kPrSetVmaAnonName = 0;
inline constexpr std::uint64_t kPrSetThpDisable = 41;
inline constexpr std::uint64_t kPrGetThpDisable = 42;
inline constexpr std::uint64_t kThpDisableExceptAdvised = 2;
inline constexpr std::uint64_t kPrSetMdwe = 65;
inline constexpr std::uint64_t kPrGetMdwe = 66;
inline constexpr std::uint64_t kMdweRefuseExecGain = 1;
inline constexpr std::uint64_t kMdweNoInherit = 2;

// --- userfaultfd, mbind
// ---------------------------------------------------------------------------
inline constexpr std::uint64_t kUffdModeMissing = 1;
inline constexpr std::uint64_t kUffdModeWp = 2;
inline constexpr std::uint64_t kUffdModeMinor = 4;
inline constexpr std::uint64_t kUffdModeRwp = 8;
/// UFFDIO_WRITEPROTECT_MODE_WP and UFFDIO_RWPROTECT_MODE_RWP, and both calls' _DONTWAKE.
inline constexpr std::uint64_t kUffdProtect = 1;
inline constexpr std::uint64_t kUffdDontwake = 2;
inline constexpr std::uint64_t kUffdEventFork = 1ULL << 1;
inline constexpr std::uint64_t kUffdEventRemap = 1ULL << 2;
inline constexpr std::uint64_t kUffdWpUnpopulated = 1ULL << 13;
inline constexpr std::uint64_t kUffdWpAsync = 1ULL << 15;
inline constexpr std::uint64_t kUffdRwp = 1ULL << 17;
inline constexpr std::uint64_t kUffdRwpAsync = 1ULL << 18;

inline constexpr std::uint16_t kMpolDefault = 0;
inline constexpr std::uint16_t kMpolPreferred = 1;
inline constexpr std::uint16_t kMpolBind = 2;
inline constexpr std::uint16_t kMpolInterleave = 3;
inline constexpr std::uint16_t kMpolLocal = 4;
inline constexpr std::uint16_t kMpolPreferredMany = 5;
inline constexpr std::uint16_t kMpolWeightedInterleave = 6;
inline constexpr std::uint16_t kMpolNumaBalancing = 1U << 13;
inline constexpr std::uint16_t kMpolRelativeNodes = 1U << 14;
inline constexpr std::uint16_t kMpolStaticNodes = 1U << 15;
inline constexpr std::uint64_t kMpolMfStrict = 1;
inline constexpr std::uint64_t kMpolMfMove = 2;
inline constexpr std::uint64_t kMpolMfMoveAll = 4;

// --- protection keys, System V shared memory -----------------------------------------------------
inline constexpr std::uint64_t kPkeyDisableAccess = 1;  ///< pkey_alloc's rights
inline constexpr std::uint64_t kPkeyDisableWrite = 2;
inline constexpr std::int32_t kPkeyCount = 16;
inline constexpr std::int32_t kNoPkey = -1;  ///< pkey_mprotect: as mprotect

inline constexpr std::uint64_t kShmRdonly = 010000;  ///< shmat
inline constexpr std::uint64_t kShmRnd = 020000;
inline constexpr std::uint64_t kShmRemap = 040000;
inline constexpr std::uint64_t kShmExec = 0100000;

// --- VMA flags ----------------------------------------------------------------------------------
/// vm_flags of a VMA. Bit positions are the kernel's, so that smaps order is bit order.
using VmFlags = std::uint64_t;

inline constexpr VmFlags kVmRead = 1ULL << 0;
inline constexpr VmFlags kVmWrite = 1ULL << 1;
inline constexpr VmFlags kVmExec = 1ULL << 2;
inline constexpr VmFlags kVmShared = 1ULL << 3;
inline constexpr VmFlags kVmMayread = 1ULL << 4;
inline constexpr VmFlags kVmMaywrite = 1ULL << 5;
inline constexpr VmFlags kVmMayexec = 1ULL << 6;
inline constexpr VmFlags kVmMayshare = 1ULL << 7;
inline constexpr VmFlags kVmGrowsdown = 1ULL << 8;
inline constexpr VmFlags kVmUffdMissing = 1ULL << 9;
inline constexpr VmFlags kVmPfnmap = 1ULL << 10;
inline constexpr VmFlags kVmMaybeGuard = 1ULL << 11;
inline constexpr VmFlags kVmUffdWp = 1ULL << 12;
inline constexpr VmFlags kVmLocked = 1ULL << 13;
inline constexpr VmFlags kVmIo = 1ULL << 14;
inline constexpr VmFlags kVmSeqRead = 1ULL << 15;
inline constexpr VmFlags kVmRandRead = 1ULL << 16;
inline constexpr VmFlags kVmDontcopy = 1ULL << 17;
inline constexpr VmFlags kVmDontexpand = 1ULL << 18;
inline constexpr VmFlags kVmLockonfault = 1ULL << 19;
inline constexpr VmFlags kVmAccount = 1ULL << 20;
inline constexpr VmFlags kVmNoreserve = 1ULL << 21;
inline constexpr VmFlags kVmHugetlb = 1ULL << 22;
inline constexpr VmFlags kVmSync = 1ULL << 23;
inline constexpr VmFlags kVmArch1 = 1ULL << 24;
inline constexpr VmFlags kVmWipeonfork = 1ULL << 25;
inline constexpr VmFlags kVmDontdump = 1ULL << 26;
inline constexpr VmFlags kVmSoftdirty = 1ULL << 27;
inline constexpr VmFlags kVmMixedmap = 1ULL << 28;
inline constexpr VmFlags kVmHugepage = 1ULL << 29;
inline constexpr VmFlags kVmNohugepage = 1ULL << 30;
inline constexpr VmFlags kVmMergeable = 1ULL << 31;
/// Four bits are a number, the protection key.
inline constexpr unsigned kVmPkeyShift = 32;
inline constexpr VmFlags kVmPkeyMask = VmFlags{kPkeyCount - 1} << kVmPkeyShift;
inline constexpr VmFlags kVmUffdMinor = 1ULL << 38;
inline constexpr VmFlags kVmDroppable = 1ULL << 40;
inline constexpr VmFlags kVmUffdRwp = 1ULL << 43;
inline constexpr VmFlags kVmSealed = 1ULL << 63;

/// VM_ACCESS_FLAGS: read, write, exec.
inline constexpr VmFlags kVmAccessFlags = kVmRead | kVmWrite | kVmExec;
/// VM_SPECIAL: VMAs that never merge (and are never KSM-eligible).
inline constexpr VmFlags kVmSpecial = kVmIo | kVmDontexpand | kVmPfnmap | kVmMixedmap;
/// __VM_UFFD_FLAGS: a VMA has one of them where it is registered with a userfaultfd.
inline constexpr VmFlags kVmUffd = kVmUffdMissing | kVmUffdWp | kVmUffdMinor | kVmUffdRwp;
/// VM_STICKY: flags that may differ between VMAs that merge; the one VMA then has those of all.
inline constexpr VmFlags kVmSticky = kVmSoftdirty | kVmMaybeGuard;
/// VM_DATA_DEFAULT_FLAGS on x86-64 without READ_IMPLIES_EXEC (VM_DATA_FLAGS_TSK_EXEC).
inline constexpr VmFlags kVmDataDefaultFlags =
    kVmRead | kVmWrite | kVmMayread | kVmMaywrite | kVmMayexec;

/// The protection key of a VMA with these flags.
[[nodiscard]] constexpr std::int32_t pkey_of(VmFlags flags) {
  return static_cast<std::int32_t>((flags & kVmPkeyMask) >> kVmPkeyShift);
}
[[nodiscard]] constexpr VmFlags with_pkey(VmFlags flags, std::int32_t pkey) {
  return (flags & ~kVmPkeyMask) | (static_cast<VmFlags>(pkey) << kVmPkeyShift);
}

/// One flag with a name; tables of these are the only place where names live.
struct FlagName {
  std::uint64_t bits;
  std::string_view name;
};
/// smaps' two-letter VmFlags codes, in smaps (bit) order.
[[nodiscard]] std::span<const FlagName> vm_flag_codes();
/// "rd wr mr mw me ac", in smaps order; behind them a protection key, "key=3". `sd` (soft-dirty) is
/// left out: it is ignored everywhere, and kernels differ in whether they have it.
[[nodiscard]] std::string vm_flags_text(VmFlags flags);
/// Reads the codes of a smaps VmFlags line; codes unknown to us are returned in `unknown`.
[[nodiscard]] VmFlags vm_flags_from_text(std::string_view text, std::string* unknown = nullptr);
/// "rw-p" as /proc/PID/maps shows it (the last letter is `s` where VM_MAYSHARE is set).
[[nodiscard]] std::string permissions_text(VmFlags flags);

}  // namespace vmadiff::spec
