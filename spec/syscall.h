// spec: the calls, one struct each, arguments as a user passes them: nothing is aligned, rounded or
// checked here.
//
// To add a call: a struct, its place at the end of the variant and of the names in syscall.cc; then
// all that CONTRIBUTING.md lists. Tables of the variant's size take a missing entry for a zero.
// `fields` shows a call's arguments to a visitor, in the order of the system call and each by its
// kind, so that trace text, the byte codec and the shrinking of ranges need no word about it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "spec/file.h"
#include "spec/flags.h"
#include "spec/policy.h"
#include "spec/trace_names.h"
#include "spec/units.h"
#include "spec/vma_name.h"

namespace vmadiff::spec {

// The kinds that a visitor of `fields` answers to:
//   range(address, length)    bytes that the call names
//   address(a), length(l)     others, in bytes; optional_address: may be left out at the end
//   prot(p), map_flags(f), file(f), offset(o), access(a)
//   bits(value, names)        flags, with their names
//   choice(value, names)      one of the named values, or another number
//   number(n), optional_number(n); unused(n): must be 0
//   vma_name(n)               bytes that are read up to a zero, or NULL

/// mmap(2). `file` kNone is the descriptor -1. With MAP_ANONYMOUS the file is ignored.
struct Mmap {
  Address addr = 0;          ///< bytes
  Address length = 0;        ///< bytes
  std::uint64_t prot = 0;    ///< PROT_*
  std::uint64_t flags = 0;   ///< MAP_*
  FileId file;               ///< kNone: -1
  std::uint64_t offset = 0;  ///< bytes
  friend bool operator==(const Mmap&, const Mmap&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.prot(c.prot);
    f.map_flags(c.flags);
    f.file(c.file);
    f.offset(c.offset);
  }
};

struct Munmap {
  Address addr = 0;
  Address length = 0;
  friend bool operator==(const Munmap&, const Munmap&) = default;
  static void fields(auto& c, auto& f) { f.range(c.addr, c.length); }
};

struct Mprotect {
  Address addr = 0;
  Address length = 0;
  std::uint64_t prot = 0;
  friend bool operator==(const Mprotect&, const Mprotect&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.prot(c.prot);
  }
};

/// brk(2) the system call: returns the break after the call, whether or not it moved.
struct Brk {
  Address addr = 0;
  friend bool operator==(const Brk&, const Brk&) = default;
  static void fields(auto& c, auto& f) { f.address(c.addr); }
};

struct Madvise {
  Address addr = 0;
  Address length = 0;
  std::int32_t advice = 0;  ///< MADV_*
  friend bool operator==(const Madvise&, const Madvise&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.choice(c.advice, kAdviceNames);
  }
};

/// prctl(2) with PR_SET_MEMORY_MERGE, PR_SET_MDWE, PR_SET_THP_DISABLE, or what asks for one of
/// them. Transparent huge pages are off from the beginning, as for every agent, and stay so.
struct Prctl {
  std::uint64_t option = kPrSetMemoryMerge;
  std::uint64_t arg2 = 0;
  std::uint64_t arg3 = 0;
  std::uint64_t arg4 = 0;
  std::uint64_t arg5 = 0;
  friend bool operator==(const Prctl&, const Prctl&) = default;
  static void fields(auto& c, auto& f) {
    f.choice(c.option, kPrctlNames);
    if (c.option == kPrSetMdwe) {
      f.bits(c.arg2, kMdweNames);
    } else {
      f.optional_number(c.arg2);
    }
    f.unused(c.arg3);
    f.unused(c.arg4);
    f.unused(c.arg5);
  }
};

enum class Access : std::uint8_t { kRead, kWrite };

/// Not a system call: one access of the given kind to each page that [addr, addr+length) overlaps,
/// in ascending order, up to the first that faults for good. Outcome: 0, or SIGSEGV / SIGBUS.
/// Ours, so its rules are ours: length 0 touches nothing and gives 0; a length over kTouchBytesMax,
/// a range that wraps, or one with a page at or above the task size gives SIGSEGV before any
/// access.
struct Touch {
  Address addr = 0;
  Address length = 0;
  Access access = Access::kRead;
  friend bool operator==(const Touch&, const Touch&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.access(c.access);
  }
};
inline constexpr Address kTouchBytesMax = Address{16} << 20;

/// `new_addr` counts with MREMAP_FIXED, and with MREMAP_DONTUNMAP as a hint.
struct Mremap {
  Address addr = 0;
  Address length = 0;  ///< old_size; 0 makes a second mapping of shared memory
  Address new_length = 0;
  std::uint64_t flags = 0;  ///< MREMAP_*
  Address new_addr = 0;
  friend bool operator==(const Mremap&, const Mremap&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.length(c.new_length);
    f.bits(c.flags, kMremapNames);
    f.optional_address(c.new_addr);
  }
};

struct Mlock {
  Address addr = 0;
  Address length = 0;
  friend bool operator==(const Mlock&, const Mlock&) = default;
  static void fields(auto& c, auto& f) { f.range(c.addr, c.length); }
};

struct Mlock2 {
  Address addr = 0;
  Address length = 0;
  std::uint64_t flags = 0;  ///< MLOCK_ONFAULT
  friend bool operator==(const Mlock2&, const Mlock2&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.bits(c.flags, kMlockNames);
  }
};

struct Munlock {
  Address addr = 0;
  Address length = 0;
  friend bool operator==(const Munlock&, const Munlock&) = default;
  static void fields(auto& c, auto& f) { f.range(c.addr, c.length); }
};

struct Mlockall {
  std::uint64_t flags = 0;  ///< MCL_*
  friend bool operator==(const Mlockall&, const Mlockall&) = default;
  static void fields(auto& c, auto& f) { f.bits(c.flags, kMlockallNames); }
};

struct Munlockall {
  friend bool operator==(const Munlockall&, const Munlockall&) = default;
  static void fields(auto&, auto&) {}
};

/// mseal(2), 6.10 and later.
struct Mseal {
  Address addr = 0;
  Address length = 0;
  std::uint64_t flags = 0;  ///< none is defined
  friend bool operator==(const Mseal&, const Mseal&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.bits(c.flags, kNoNames);
  }
};

/// pkey_mprotect(2). The key -1 makes it mprotect(2).
struct PkeyMprotect {
  Address addr = 0;
  Address length = 0;
  std::uint64_t prot = 0;
  std::int32_t pkey = kNoPkey;
  friend bool operator==(const PkeyMprotect&, const PkeyMprotect&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.prot(c.prot);
    f.choice(c.pkey, kNoNames);
  }
};

struct RemapFilePages {
  Address addr = 0;
  Address length = 0;
  std::uint64_t prot = 0;   ///< must be 0
  std::uint64_t pgoff = 0;  ///< pages
  std::uint64_t flags = 0;  ///< MAP_*: only MAP_NONBLOCK is looked at
  friend bool operator==(const RemapFilePages&, const RemapFilePages&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.prot(c.prot);
    f.number(c.pgoff);
    f.bits(c.flags, kMapFlagNames);
  }
};

/// setrlimit(2) of one of the four limits that memory calls ask for, its soft limit alone: the hard
/// limit stays (Setup::limits). Over the hard limit is EINVAL, since the two are set together.
struct Setrlimit {
  std::uint64_t resource = kRlimitAs;
  std::uint64_t limit = kRlimInfinity;  ///< bytes
  friend bool operator==(const Setrlimit&, const Setrlimit&) = default;
  static void fields(auto& c, auto& f) {
    f.choice(c.resource, kRlimitNames);
    f.number(c.limit);
  }
};

/// fork(2). Outcome: the new process's number, one more than the last that a fork of this sequence
/// made. Ours: ESRCH from a process that is not there (never forked, or gone), as for every call.
struct Fork {
  friend bool operator==(const Fork&, const Fork&) = default;
  static void fields(auto&, auto&) {}
};

/// execve(2) of the program that the sequence began with: the address space becomes the initial
/// one, but for what is inherited.
struct Exec {
  friend bool operator==(const Exec&, const Exec&) = default;
  static void fields(auto&, auto&) {}
};

/// exit(2). Ours: EPERM from process 0, which stays.
struct Exit {
  friend bool operator==(const Exit&, const Exit&) = default;
  static void fields(auto&, auto&) {}
};

/// UFFDIO_REGISTER of one of the process's userfaultfds, by its number. One that is not there yet
/// is made, with no features. Outcome: 0. Ours: EBADF for a number above those that there are.
///
/// A fault that a userfaultfd tells of is resolved by the same rule always, whoever's it is, so
/// that a touch has its outcome: missing pages by UFFDIO_ZEROPAGE for a read and UFFDIO_COPY for a
/// write, minor faults by UFFDIO_CONTINUE, marked pages by taking the marks off. Where that cannot
/// be done (missing huge pages, for which a copy of 2 MiB would be needed; private /dev/zero, which
/// no page can be brought to: mfill_file_over_size) the userfaultfd is closed, and the fault is a
/// plain one. What VMAs see of it is that private memory has an anon_vma after a read, too.
///
/// Ours, of MISSING and MINOR: EPERM where a userfaultfd may not have the kernel's own faults
/// (Setup::uffd_kernel_faults), since those of mlock would fail or not as pages are there or not;
/// then madvise(MADV_DONTNEED_LOCKED) of the range, whose errors but ENOMEM are this call's, so
/// that no page is there that a read would find.
struct UffdRegister {
  Address addr = 0;
  Address length = 0;
  std::uint64_t mode = kUffdModeWp;
  std::uint64_t userfaultfd = 0;
  friend bool operator==(const UffdRegister&, const UffdRegister&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.bits(c.mode, kUffdModeNames);
    f.optional_number(c.userfaultfd);
  }
};
/// A process has so many userfaultfds at most.
inline constexpr std::uint64_t kUserfaultfdCount = 4;

/// UFFDIO_UNREGISTER of the same.
struct UffdUnregister {
  Address addr = 0;
  Address length = 0;
  std::uint64_t userfaultfd = 0;
  friend bool operator==(const UffdUnregister&, const UffdUnregister&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.optional_number(c.userfaultfd);
  }
};

/// mbind(2). Mode and its flags, one argument to the kernel, are two here; the mask is a value.
struct Mbind {
  Address addr = 0;
  Address length = 0;
  std::uint16_t mode = kMpolDefault;  ///< MPOL_*
  std::uint64_t mode_flags = 0;       ///< MPOL_F_*
  std::uint64_t nodes = 0;            ///< a bit for each node
  std::uint64_t flags = 0;            ///< MPOL_MF_*
  friend bool operator==(const Mbind&, const Mbind&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.choice(c.mode, kPolicyNames);
    f.bits(c.mode_flags, kPolicyFlagNames);
    f.number(c.nodes);
    f.bits(c.flags, kMbindNames);
  }
};

/// set_mempolicy(2): the task's own policy, of which no VMA ever knows.
struct SetMempolicy {
  std::uint16_t mode = kMpolDefault;
  std::uint64_t mode_flags = 0;
  std::uint64_t nodes = 0;
  friend bool operator==(const SetMempolicy&, const SetMempolicy&) = default;
  static void fields(auto& c, auto& f) {
    f.choice(c.mode, kPolicyNames);
    f.bits(c.mode_flags, kPolicyFlagNames);
    f.number(c.nodes);
  }
};

/// prctl(2) with PR_SET_VMA and PR_SET_VMA_ANON_NAME, which trace text has in front: the name of
/// anonymous memory.
struct SetVmaName {
  Address addr = 0;
  Address length = 0;
  VmaName name;  ///< none: NULL, which takes the name away
  friend bool operator==(const SetVmaName&, const SetVmaName&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.vma_name(c.name);
  }
};

/// userfaultfd(2), where the number is none yet, and its UFFDIO_API with these features; where that
/// fails it is closed again. Events are read as they come. A process that comes of a fork has those
/// userfaultfds, under their numbers, that asked for events on forks and that memory of its own is
/// registered with; after an exec there are none. Ours: EBADF for a number above those that there
/// are.
struct UffdOpen {
  std::uint64_t userfaultfd = 0;
  std::uint64_t features = 0;
  friend bool operator==(const UffdOpen&, const UffdOpen&) = default;
  static void fields(auto& c, auto& f) {
    f.number(c.userfaultfd);
    f.bits(c.features, kUffdFeatureNames);
  }
};

/// close(2) of a userfaultfd, with which all that it watches is unregistered. Ours: EBADF where the
/// number is none.
struct UffdClose {
  std::uint64_t userfaultfd = 0;
  friend bool operator==(const UffdClose&, const UffdClose&) = default;
  static void fields(auto& c, auto& f) { f.number(c.userfaultfd); }
};

/// shmat(2) of one of kFilesPerClass segments, by its number; another number is one that no segment
/// has. They are there before the sequence begins, of kSegmentBytes each, and stay.
struct Shmat {
  std::uint64_t segment = 0;
  Address addr = 0;
  std::uint64_t flags = 0;  ///< SHM_*
  friend bool operator==(const Shmat&, const Shmat&) = default;
  static void fields(auto& c, auto& f) {
    f.number(c.segment);
    f.address(c.addr);
    f.bits(c.flags, kShmatNames);
  }
};

struct Shmdt {
  Address addr = 0;
  friend bool operator==(const Shmdt&, const Shmdt&) = default;
  static void fields(auto& c, auto& f) { f.address(c.addr); }
};

/// pkey_alloc(2). Outcome: the key.
struct PkeyAlloc {
  std::uint64_t flags = 0;   ///< none is defined
  std::uint64_t rights = 0;  ///< PKEY_DISABLE_*
  friend bool operator==(const PkeyAlloc&, const PkeyAlloc&) = default;
  static void fields(auto& c, auto& f) {
    f.bits(c.flags, kNoNames);
    f.bits(c.rights, kPkeyRightsNames);
  }
};

struct PkeyFree {
  std::int32_t pkey = 0;
  friend bool operator==(const PkeyFree&, const PkeyFree&) = default;
  static void fields(auto& c, auto& f) { f.choice(c.pkey, kNoNames); }
};

struct Msync {
  Address addr = 0;
  Address length = 0;
  std::uint64_t flags = 0;  ///< MS_*
  friend bool operator==(const Msync&, const Msync&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.bits(c.flags, kMsyncNames);
  }
};

/// fcntl(2) with F_ADD_SEALS. Seals stay until the sequence ends, whichever process has set them.
struct AddSeals {
  FileId file;              ///< kNone: -1
  std::uint64_t seals = 0;  ///< F_SEAL_*
  friend bool operator==(const AddSeals&, const AddSeals&) = default;
  static void fields(auto& c, auto& f) {
    f.file(c.file);
    f.bits(c.seals, kSealNames);
  }
};

/// process_madvise(2) of the process that calls it, with one range, or with two where the second is
/// not at 0 and empty. Outcome: the bytes of the ranges that were done.
struct ProcessMadvise {
  Address addr = 0;
  Address length = 0;
  Address second_addr = 0;
  Address second_length = 0;
  std::int32_t advice = 0;  ///< MADV_*
  std::uint64_t flags = 0;  ///< none is defined
  friend bool operator==(const ProcessMadvise&, const ProcessMadvise&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.range(c.second_addr, c.second_length);
    f.choice(c.advice, kAdviceNames);
    f.bits(c.flags, kNoNames);
  }
  [[nodiscard]] bool has_second() const { return second_addr != 0 || second_length != 0; }
};

/// UFFDIO_WRITEPROTECT: marks the pages of a range that is registered for WP, or takes the marks
/// off. No VMA knows of them, and the handler takes them off when they are met (UffdRegister).
/// Outcome: 0. Ours: as UffdRegister, EBADF, and EPERM without Setup::uffd_kernel_faults.
struct UffdWriteprotect {
  Address addr = 0;
  Address length = 0;
  std::uint64_t mode = kUffdProtect;  ///< 0: marks off
  std::uint64_t userfaultfd = 0;
  friend bool operator==(const UffdWriteprotect&, const UffdWriteprotect&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.bits(c.mode, kUffdWriteprotectNames);
    f.optional_number(c.userfaultfd);
  }
};

/// UFFDIO_RWPROTECT (7.3): the same for RWP.
struct UffdRwprotect {
  Address addr = 0;
  Address length = 0;
  std::uint64_t mode = kUffdProtect;
  std::uint64_t userfaultfd = 0;
  friend bool operator==(const UffdRwprotect&, const UffdRwprotect&) = default;
  static void fields(auto& c, auto& f) {
    f.range(c.addr, c.length);
    f.bits(c.mode, kUffdRwprotectNames);
    f.optional_number(c.userfaultfd);
  }
};

/// The order is part of the byte codec of fuzz/: append only.
using Syscall =
    std::variant<Mmap, Munmap, Mprotect, Brk, Madvise, Prctl, Touch, Mremap, Mlock, Mlock2, Munlock,
                 Mlockall, Munlockall, Mseal, PkeyMprotect, RemapFilePages, Setrlimit, Fork, Exec,
                 Exit, UffdRegister, UffdUnregister, Mbind, SetMempolicy, SetVmaName, UffdOpen,
                 UffdClose, Shmat, Shmdt, PkeyAlloc, PkeyFree, Msync, AddSeals, ProcessMadvise,
                 UffdWriteprotect, UffdRwprotect>;

/// "mmap", "touch", …
[[nodiscard]] std::string_view name(const Syscall& call);
/// The names of all calls, in the variant's order.
[[nodiscard]] std::span<const std::string_view> call_names();

/// Shows the call's arguments to `f` (see above).
template <typename Visitor>
void visit_fields(Syscall& call, Visitor& f) {
  std::visit([&f](auto& c) { c.fields(c, f); }, call);
}
template <typename Visitor>
void visit_fields(const Syscall& call, Visitor& f) {
  std::visit([&f](const auto& c) { c.fields(c, f); }, call);
}

/// Says why the call has an argument that this version does not model (a flag of a later stage);
/// nothing where every system can run it. Trace text refuses such calls, generators and codecs
/// never make them, and a System may assume that it is never given one.
[[nodiscard]] std::optional<std::string> unmodelled_reason(const Syscall& call);

/// The byte ranges that the call can change or access, page-rounded outwards and clipped to the
/// 64-bit space; none for calls whose effect is not a given range (hint-less mmap, brk, prctl).
/// For keeping sequences away from memory that is not theirs, not for semantics.
struct NamedRanges {
  std::optional<Range> first;
  std::optional<Range> second;  ///< mremap's destination
};
[[nodiscard]] NamedRanges named_ranges(const Syscall& call);

}  // namespace vmadiff::spec
