// spec: what can be seen of an address space after a call.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "spec/file.h"
#include "spec/flags.h"
#include "spec/policy.h"
#include "spec/units.h"
#include "spec/vma_name.h"

namespace vmadiff::spec {

/// Identity of an anon_vma; 0 is none. A system's own numbering: compared up to renaming.
using AnonVmaId = std::uint32_t;
inline constexpr AnonVmaId kNoAnonVma = 0;

struct Vma {
  Address start = 0;  ///< bytes, page-aligned; [start, end)
  Address end = 0;
  VmFlags flags = 0;
  std::uint64_t pgoff =
      0;  ///< vm_pgoff, pages; for private anonymous memory the address it was mapped at
  FileId file;
  AnonVmaId anon_vma = kNoAnonVma;
  /// Whose the anon_vma is: 0 where there is none, 1 where it was made in this process, 2 where the
  /// VMA came through fork and so has its parent's anon_vmas too (a chain that is not singular).
  std::uint32_t anon_vma_links = 0;
  MemPolicy policy{};  ///< what mbind gave it
  /// A private file mapping's pages of its own have this offset, pages, as memory without a file
  /// has its pgoff, where the profile says so (anon_pgoff=own); else 0.
  std::uint64_t own_pgoff = 0;
  /// One more than the number of the userfaultfd that it is registered with; 0: with none.
  std::uint32_t userfaultfd = 0;
  VmaName name{};  ///< of anonymous memory; none: it has none

  [[nodiscard]] constexpr std::uint64_t pages() const { return (end - start) >> kPageShift; }
  [[nodiscard]] constexpr Range range() const { return {start, end}; }
  friend constexpr bool operator==(const Vma&, const Vma&) = default;
};

/// The mm's counters, in pages but for map_count.
struct Counters {
  std::uint64_t map_count = 0;
  std::uint64_t total_vm = 0;   ///< VmSize
  std::uint64_t locked_vm = 0;  ///< VmLck
  std::uint64_t data_vm = 0;    ///< VmData: private writable, not stack
  std::uint64_t stack_vm = 0;   ///< VmStk
  std::uint64_t exec_vm = 0;    ///< executable, not writable, not stack
  friend constexpr bool operator==(const Counters&, const Counters&) = default;
};

/// The machine's pool of 2 MiB pages, as /proc/meminfo has it (HugePages_Free, _Rsvd, _Surp).
struct HugePages {
  std::uint64_t free = 0;
  std::uint64_t reserved = 0;  ///< of the free ones, by mappings that have not used them yet
  std::uint64_t surplus = 0;   ///< in the pool beyond Setup::nr_hugepages, free or not
  friend constexpr bool operator==(const HugePages&, const HugePages&) = default;
};

struct Snapshot {
  std::vector<Vma> vmas;  ///< ascending
  Counters counters;
  Address brk = 0;         ///< the break, bytes
  bool merge_any = false;  ///< PR_GET_MEMORY_MERGE
  HugePages huge_pages;    ///< of the machine, not of the process

  /// As one of nothing; the memory of `vmas` is kept.
  void clear() {
    Snapshot empty;
    empty.vmas.swap(vmas);
    empty.vmas.clear();
    *this = std::move(empty);
  }
};

/// Whether two page offsets are one where a kernel shows them, which it does in bytes, modulo 2^64.
[[nodiscard]] constexpr bool same_offset_in_bytes(std::uint64_t a, std::uint64_t b) {
  return ((a ^ b) << kPageShift) == 0;
}

/// What a system can see of itself. A comparison looks at what both sides observe; start, end and
/// permissions are always seen.
struct Observes {
  bool vm_flags = true;       ///< all of vm_flags but VM_SOFTDIRTY
  bool anon_pgoff = true;     ///< pgoff of private anonymous VMAs without a file, own_pgoff
  bool anon_vma = true;       ///< anon_vma identity and links
  bool counters = true;       ///< each of Counters
  bool counter_sums = true;   ///< map_count, total_vm, and data_vm + stack_vm
  bool brk_and_merge = true;  ///< brk and merge_any
  bool policy = true;         ///< the VMAs' memory policies
  bool userfaultfd = true;    ///< which userfaultfd it is that watches a VMA
  bool names = true;          ///< the VMAs' names, but those that are VmaName::unseen
  bool committed = false;     ///< what a run leaves committed (System::left_committed)
  bool allocated = false;     ///< what a run leaves allocated (System::left_allocated)
  bool huge_pages = true;     ///< the pool, and what a run leaves in it (System::left_in_pool)
};
/// A real kernel, by /proc.
inline constexpr Observes kFromOutside{.vm_flags = true,
                                       .anon_pgoff = false,
                                       .anon_vma = false,
                                       .counters = true,
                                       .counter_sums = true,
                                       .brk_and_merge = true,
                                       .policy = false,
                                       .userfaultfd = false,
                                       .names = true,
                                       .huge_pages = false};
[[nodiscard]] constexpr Observes both(const Observes& a, const Observes& b) {
  return {a.vm_flags && b.vm_flags,
          a.anon_pgoff && b.anon_pgoff,
          a.anon_vma && b.anon_vma,
          a.counters && b.counters,
          a.counter_sums && b.counter_sums,
          a.brk_and_merge && b.brk_and_merge,
          a.policy && b.policy,
          a.userfaultfd && b.userfaultfd,
          a.names && b.names,
          a.committed && b.committed,
          a.allocated && b.allocated,
          a.huge_pages && b.huge_pages};
}

/// `START-END PERMS OFFSET BACKING [FLAGS]`, numbers as /proc/PID/maps writes them (hex, at least
/// eight digits), OFFSET in bytes and 0 for private anonymous, FLAGS the VmFlags codes. Behind them
/// a name as maps writes it, `[anon:NAME]` or `[anon_shmem:NAME]`, where there is one.
[[nodiscard]] std::string text(const Vma& vma);
/// "[anon:NAME]", "[anon_shmem:NAME]"; empty where the VMA has no name that is seen.
[[nodiscard]] std::string name_text(const Vma& vma);

}  // namespace vmadiff::spec
