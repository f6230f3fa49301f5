// spec: the state in which a sequence begins, and the limits of the machine it runs on. Everything
// that a result may depend on besides the calls and the kernel's behaviours.
#pragma once

#include <cstdint>
#include <vector>

#include "spec/snapshot.h"
#include "spec/units.h"

namespace vmadiff::spec {

/// Resource limits that memory calls ask for, in bytes. The hard limits of the other three are
/// infinite.
struct Limits {
  std::uint64_t data = ~0ULL;
  std::uint64_t stack = std::uint64_t{8} << 20;
  std::uint64_t memlock = std::uint64_t{8} << 20;  ///< no CAP_IPC_LOCK: it counts
  std::uint64_t as = ~0ULL;
  std::uint64_t stack_hard = std::uint64_t{8} << 20;
  std::uint64_t memlock_hard = std::uint64_t{8} << 20;
};

/// Each of the pool's two numbers is at most this: 256 MiB together.
inline constexpr std::uint64_t kPoolPagesMax = 64;

struct Setup {
  /// The program's own mappings (files are `other:N`). No anon_vma is recorded for them: they are
  /// reserved, so nothing merges with them that is not part of them already.
  Snapshot initial;

  Address task_size = 0x7ffffffff000;  ///< TASK_SIZE, x86-64 with four-level page tables
  Address mmap_base = 0x7ffff7fff000;  ///< top of the mmap area, searched downwards
  /// The mmap area is searched upwards from a third of the task size, rounded up to a page, instead
  /// (personality ADDR_COMPAT_LAYOUT).
  bool bottom_up = false;
  Address start_brk = 0;           ///< bytes; the break never goes below
  Address mmap_min_addr = 0x1000;  ///< vm.mmap_min_addr: below is EPERM (no CAP_SYS_RAWIO)
  /// Lowest address that a rounded-up hint, the search for a free range and the growth of a stack
  /// use: the larger of vm.mmap_min_addr and CONFIG_LSM_MMAP_MIN_ADDR, where it is set (measured on
  /// 6.18: hint 0x1000 gives 0x10000 and a stack grows to 0x10000 but not to 0xf000, while
  /// MAP_FIXED at 0x1000 succeeds; on a 6.12.117 without the latter, with vm.mmap_min_addr=0: a
  /// stack grows to page 0).
  Address placement_min_addr = 0x10000;
  std::uint64_t max_map_count = 65530;  ///< vm.max_map_count
  std::uint64_t stack_guard_gap = 256;  ///< pages (stack_guard_gap=)
  /// The machine's pool of 2 MiB pages, of one node: vm.nr_hugepages, all free when a sequence
  /// begins, and how many more it may take while they are in use (vm.nr_overcommit_hugepages).
  std::uint64_t nr_hugepages = 0;
  std::uint64_t nr_overcommit_hugepages = 0;
  Limits limits;
  /// Heuristic overcommit refuses a single charge of more pages than this (RAM plus swap).
  std::uint64_t overcommit_pages = ~0ULL;
  bool userfaultfd = true;  ///< else ENOSYS
  bool vma_names = true;    ///< else PR_SET_VMA is EINVAL (CONFIG_ANON_VMA_NAME)
  /// Whether a userfaultfd may ask for events on forks (CAP_SYS_PTRACE): else EPERM.
  bool uffd_event_fork = true;
  /// Whether a userfaultfd may have the faults that the kernel itself runs into (CAP_SYS_PTRACE or
  /// vm.unprivileged_userfaultfd): else it is made with UFFD_USER_MODE_ONLY.
  bool uffd_kernel_faults = true;
  /// The CPU has memory protection keys, and the kernel uses them.
  bool protection_keys = false;
  /// NUMA nodes that have memory and may be used, a bit for each. 0: a kernel without NUMA.
  std::uint64_t nodes = 1;
  /// Else PR_SET_MEMORY_MERGE is EPERM. Mainline asks for no capability (read in 6.12, measured on
  /// 6.18 as nobody).
  bool may_set_memory_merge = true;
  /// Whether a read fault of private anonymous memory (private /dev/zero too) maps the zero page,
  /// which needs no anon_vma. Else it takes a page of its own, and with it an anon_vma
  /// (mm_forbids_zeropage; a vendor's option on x86-64, measured on a 6.18.44 that has it).
  bool zero_page = true;
  bool zero_noexec = false;  ///< /dev is mounted noexec
  bool file_noexec = false;  ///< so is the file system of the regular files
  /// Memory that belongs to the program that runs the calls. A sequence that can change it is not
  /// run on a real kernel, and generators keep away from it.
  std::vector<Range> reserved;

  [[nodiscard]] bool has_huge_pages() const { return nr_hugepages + nr_overcommit_hugepages != 0; }

  /// The canonical set-up, equal on every machine: a program whose text and data lie low, its break
  /// behind them, and nothing else mapped. The agent of kernel/ arranges itself to be just this.
  [[nodiscard]] static Setup standard();
};

/// Whether the call may change or access memory that `setup` reserves (a wrapping or absurd range
/// that the kernel refuses does not count: it changes nothing).
[[nodiscard]] bool touches_reserved(const Setup& setup, const struct Step& step);

}  // namespace vmadiff::spec
