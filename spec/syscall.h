// spec: the calls, one struct each, arguments as a user passes them: nothing is aligned, rounded or
// checked here. To add a call: a struct and its place in the variant here, its text in
// trace_text.cc, its case in each System, in the generator, and in the fuzz codec.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "spec/file.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::spec {

/// mmap(2). `file` kNone is the descriptor -1. With MAP_ANONYMOUS the file is ignored.
struct Mmap {
  Address addr = 0;          ///< bytes
  Address length = 0;        ///< bytes
  std::uint64_t prot = 0;    ///< PROT_*
  std::uint64_t flags = 0;   ///< MAP_*
  FileId file;               ///< kNone: -1
  std::uint64_t offset = 0;  ///< bytes
  friend bool operator==(const Mmap&, const Mmap&) = default;
};

struct Munmap {
  Address addr = 0;
  Address length = 0;
  friend bool operator==(const Munmap&, const Munmap&) = default;
};

struct Mprotect {
  Address addr = 0;
  Address length = 0;
  std::uint64_t prot = 0;
  friend bool operator==(const Mprotect&, const Mprotect&) = default;
};

/// brk(2) the system call: returns the break after the call, whether or not it moved.
struct Brk {
  Address addr = 0;
  friend bool operator==(const Brk&, const Brk&) = default;
};

struct Madvise {
  Address addr = 0;
  Address length = 0;
  std::int32_t advice = 0;  ///< MADV_*
  friend bool operator==(const Madvise&, const Madvise&) = default;
};

/// prctl(2) with PR_SET_MEMORY_MERGE or PR_GET_MEMORY_MERGE.
struct Prctl {
  std::uint64_t option = kPrSetMemoryMerge;
  std::uint64_t arg2 = 0;
  std::uint64_t arg3 = 0;
  std::uint64_t arg4 = 0;
  std::uint64_t arg5 = 0;
  friend bool operator==(const Prctl&, const Prctl&) = default;
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
};
inline constexpr Address kTouchBytesMax = Address{16} << 20;

using Syscall = std::variant<Mmap, Munmap, Mprotect, Brk, Madvise, Prctl, Touch>;

/// "mmap", "touch", …
[[nodiscard]] std::string_view name(const Syscall& call);

/// Says why the call has an argument that this version does not model (a flag of a later stage);
/// nothing where every system can run it. Trace text refuses such calls, generators and codecs
/// never make them, and a System may assume that it is never given one.
[[nodiscard]] std::optional<std::string> unmodelled_reason(const Syscall& call);

/// The byte range that the call can change or access, page-rounded outwards and clipped to the
/// 64-bit space; nothing for calls whose effect is not a given range (hint-less mmap, brk, prctl).
/// For keeping sequences away from memory that is not theirs, not for semantics.
[[nodiscard]] std::optional<Range> named_range(const Syscall& call);

}  // namespace vmadiff::spec
