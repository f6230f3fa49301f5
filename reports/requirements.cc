// reports: which traits of a machine the calls can meet. One that none of them can is not asked
// for: nearly every machine has another size, and few calls want as much.
#include "reports/requirements.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "properties/claims/reach.h"

namespace vmadiff::reports {
namespace {

using spec::Address;

/// Addresses below may be refused, or be as low as a search goes.
constexpr Address kLow = Address{16} << 20;
/// So many pages (256 MiB) any machine gives.
constexpr std::uint64_t kPagesAnyGives = std::uint64_t{1} << 16;

/// What the calls have of what a trait may decide about.
struct Meets {
  bool faults = false;
  bool low_addresses = false;
  bool stacks = false;
  bool locks = false;
  bool policies = false;
  bool userfaultfd = false;
  bool names = false;
  bool fork_events = false;
  bool kernel_faults = false;
  bool huge_pages = false;
  bool keys = false;    ///< protection keys, asked for or taken for memory to execute alone
  bool placed = false;  ///< a mapping goes where the kernel puts it
  bool zero_files = false;
  bool regular_files = false;
  std::uint64_t given_pages = 0;    ///< the most that was asked for and had
  std::uint64_t refused_pages = 0;  ///< the fewest that heuristic overcommit refused, or 0
};

void note_length(const Reproduction& r, const ReproducedStep& step, Address length, Meets& meets) {
  const std::uint64_t pages = length >> spec::kPageShift;
  if (!step.expected) return;
  if (pages <= r.setup.overcommit_pages && step.expected->is_ok()) {
    meets.given_pages = std::max(meets.given_pages, pages);
  }
  const bool no_memory =
      step.expected->is_error() && step.expected->error() == spec::Errno::kENOMEM;
  if (pages > r.setup.overcommit_pages && no_memory) {
    meets.refused_pages = meets.refused_pages == 0 ? pages : std::min(meets.refused_pages, pages);
  }
}

void note_mmap(const Reproduction& r, const ReproducedStep& step, const spec::Mmap& mmap,
               Meets& meets) {
  const bool fixed = (mmap.flags & (spec::kMapFixed | spec::kMapFixedNoreplace)) != 0;
  meets.placed = meets.placed || !fixed;
  meets.low_addresses = meets.low_addresses || (mmap.addr < kLow && (fixed || mmap.addr != 0));
  meets.stacks = meets.stacks || (mmap.flags & spec::kMapGrowsdown) != 0;
  meets.faults = meets.faults || (mmap.flags & (spec::kMapPopulate | spec::kMapLocked)) != 0;
  meets.locks = meets.locks || (mmap.flags & spec::kMapLocked) != 0;
  meets.huge_pages = meets.huge_pages || properties::maps_huge_pages(mmap);
  const auto cls = mmap.file.cls;
  meets.zero_files = meets.zero_files || cls == spec::FileClass::kZero;
  meets.regular_files =
      meets.regular_files || cls == spec::FileClass::kFile || cls == spec::FileClass::kFileReadOnly;
  // Only what may be written is charged.
  const bool is_charged =
      (mmap.prot & spec::kProtWrite) != 0 || (mmap.flags & spec::kMapType) != spec::kMapPrivate;
  if (is_charged && (mmap.flags & spec::kMapNoreserve) == 0)
    note_length(r, step, mmap.length, meets);
}

bool meets_keys(const spec::Syscall& call) {
  const auto is_alone = [](std::uint64_t prot) {
    return (prot & ~(spec::kProtGrowsdown | spec::kProtGrowsup)) == spec::kProtExec;
  };
  if (const auto* mmap = std::get_if<spec::Mmap>(&call)) return is_alone(mmap->prot);
  if (const auto* mprotect = std::get_if<spec::Mprotect>(&call)) return is_alone(mprotect->prot);
  if (const auto* pkey = std::get_if<spec::PkeyMprotect>(&call)) {
    return pkey->pkey != spec::kNoPkey || is_alone(pkey->prot);
  }
  return std::holds_alternative<spec::PkeyAlloc>(call) ||
         std::holds_alternative<spec::PkeyFree>(call);
}

void note_other(const Reproduction& r, const ReproducedStep& step, Meets& meets) {
  const auto& call = step.call;
  const auto [first, second] = spec::named_ranges(call);
  meets.low_addresses = meets.low_addresses ||
                        (first && first->start < kLow && first->size() != 0) ||
                        (second && second->start < kLow);
  if (const auto* mremap = std::get_if<spec::Mremap>(&call)) {
    meets.placed = meets.placed || (mremap->flags & spec::kMremapFixed) == 0;
    // Only what it grows by is charged.
    if (mremap->new_length > mremap->length)
      note_length(r, step, mremap->new_length - mremap->length, meets);
  } else if (std::holds_alternative<spec::Touch>(call)) {
    meets.faults = true;
  } else if (std::holds_alternative<spec::Madvise>(call)) {
    const auto advice = std::get<spec::Madvise>(call).advice;
    meets.faults = meets.faults || advice == spec::kMadvPopulateRead ||
                   advice == spec::kMadvPopulateWrite || advice == spec::kMadvCollapse;
  } else if (std::holds_alternative<spec::Mlock>(call) ||
             std::holds_alternative<spec::Mlock2>(call) ||
             std::holds_alternative<spec::Mlockall>(call) ||
             std::holds_alternative<spec::Setrlimit>(call)) {
    meets.faults = meets.locks = true;
  } else if (std::holds_alternative<spec::Mbind>(call) ||
             std::holds_alternative<spec::SetMempolicy>(call)) {
    meets.policies = true;
  } else if (std::holds_alternative<spec::UffdRegister>(call) ||
             std::holds_alternative<spec::UffdUnregister>(call)) {
    const auto* watch = std::get_if<spec::UffdRegister>(&call);
    meets.userfaultfd = true;
    meets.kernel_faults =
        meets.kernel_faults ||
        (watch != nullptr && (watch->mode & (spec::kUffdModeMissing | spec::kUffdModeMinor)) != 0);
  } else if (std::holds_alternative<spec::UffdWriteprotect>(call) ||
             std::holds_alternative<spec::UffdRwprotect>(call)) {
    meets.userfaultfd = meets.kernel_faults = true;
  } else if (std::holds_alternative<spec::SetVmaName>(call)) {
    meets.names = true;
  } else if (const auto* open = std::get_if<spec::UffdOpen>(&call)) {
    meets.userfaultfd = true;
    meets.fork_events = meets.fork_events || (open->features & spec::kUffdEventFork) != 0;
  }
}

Meets meets_of(const Reproduction& r) {
  Meets meets;
  for (const ReproducedStep& step : r.steps) {
    meets.keys = meets.keys || meets_keys(step.call);
    if (const auto* mmap = std::get_if<spec::Mmap>(&step.call)) {
      note_mmap(r, step, *mmap, meets);
    } else {
      note_other(r, step, meets);
    }
  }
  return meets;
}

/// The first call that would change what the process that runs the calls lives on.
std::optional<std::size_t> on_own_memory(const Reproduction& r) {
  for (std::size_t i = 0; i < r.steps.size(); ++i) {
    if (spec::touches_reserved(r.setup, {r.steps[i].process, r.steps[i].call, {}})) return i;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Requirement> requirements_of(const Reproduction& r) {
  std::vector<Requirement> out;
  const auto add = [&](bool is_met, std::string_view trait, std::uint64_t value, std::string text) {
    if (is_met) out.push_back({trait, value, std::move(text)});
  };
  // What the trace asks for by name is asked of the machine, whatever its calls are.
  const auto asked = [&r](std::string_view name) {
    return (" " + r.own_setup).contains(fmt::format(" {}=", name));
  };
  const auto& setup = r.setup;
  Meets meets = meets_of(r);
  if (asked("overcommit_pages")) meets.refused_pages = setup.overcommit_pages + 1;
  const auto own = on_own_memory(r);
  add(own.has_value(), "OTHER_MEMORY", 1,
      fmt::format("call {} would change memory of the program itself", own.value_or(0) + 1));
  const bool ksm = uses_ksm(r.steps);
  add(ksm, "HAS_KSM", 1, "it needs a kernel with PR_SET_MEMORY_MERGE (CONFIG_KSM, 6.4 or later)");
  add(ksm && setup.may_set_memory_merge, "ALLOWS_KSM", 1,
      "it needs to be allowed PR_SET_MEMORY_MERGE");
  add(ksm && !setup.may_set_memory_merge, "ALLOWS_KSM", 0,
      "it needs a machine that refuses PR_SET_MEMORY_MERGE");
  // No call leaves more than two VMAs more.
  add(asked("max_map_count") ||
          2 * r.steps.size() + setup.initial.vmas.size() >= setup.max_map_count,
      "MAX_MAP_COUNT", setup.max_map_count,
      fmt::format("it needs sysctl vm.max_map_count={}", setup.max_map_count));
  add(asked("mmap_min_addr") || meets.low_addresses, "MMAP_MIN_ADDR", setup.mmap_min_addr,
      fmt::format("it needs sysctl vm.mmap_min_addr={}", setup.mmap_min_addr));
  add(asked("placement_min_addr") || meets.low_addresses, "PLACEMENT_MIN_ADDR",
      setup.placement_min_addr,
      fmt::format("it needs a kernel that places nothing below {:#x} (CONFIG_LSM_MMAP_MIN_ADDR)",
                  setup.placement_min_addr));
  const bool pool = asked("nr_hugepages") || asked("nr_overcommit_hugepages") || meets.huge_pages;
  add(pool, "NR_HUGEPAGES", setup.nr_hugepages,
      fmt::format("it needs a kernel with hugetlb and {} pages of 2 MiB in its pool, free all of "
                  "them (sysctl vm.nr_hugepages={})",
                  setup.nr_hugepages, setup.nr_hugepages));
  add(pool, "NR_OVERCOMMIT_HUGEPAGES", setup.nr_overcommit_hugepages,
      fmt::format("it needs sysctl vm.nr_overcommit_hugepages={}", setup.nr_overcommit_hugepages));
  add(asked("stack_guard_gap") || meets.stacks, "STACK_GUARD_GAP", setup.stack_guard_gap,
      fmt::format("it needs stack_guard_gap={} on the kernel's command line",
                  setup.stack_guard_gap));
  add(asked("zero_page") || meets.faults, "ZERO_PAGE", setup.zero_page ? 1 : 0,
      setup.zero_page ? "it needs a kernel whose read faults map the zero page"
                      : "it needs a kernel whose read faults take a page of their own");
  add(meets.zero_files, "DEVICE_NOEXEC", setup.zero_noexec ? 1 : 0,
      setup.zero_noexec ? "it needs /dev to be mounted noexec"
                        : "it needs /dev not to be mounted noexec");
  add(meets.regular_files, "FILE_NOEXEC", setup.file_noexec ? 1 : 0,
      setup.file_noexec ? "it needs its temporary files on a file system that is mounted noexec"
                        : "it needs its temporary files on a file system that is not mounted "
                          "noexec: set TMPDIR");
  add(asked("memlock") || meets.locks, "MEMLOCK_LIMIT", setup.limits.memlock,
      fmt::format("it needs a limit of {} bytes of locked memory (ulimit -Hl)",
                  setup.limits.memlock));
  add(asked("nodes") || meets.policies, "NODES", setup.nodes,
      fmt::format("it needs a machine whose nodes with memory are {:#x}", setup.nodes));
  add(asked("userfaultfd") || meets.userfaultfd, "USERFAULTFD", setup.userfaultfd ? 1 : 0,
      setup.userfaultfd ? "it needs a kernel with userfaultfd"
                        : "it needs a kernel without userfaultfd");
  add(asked("vma_names") || meets.names, "VMA_NAMES", setup.vma_names ? 1 : 0,
      setup.vma_names ? "it needs a kernel that keeps names of memory (CONFIG_ANON_VMA_NAME)"
                      : "it needs a kernel without CONFIG_ANON_VMA_NAME");
  add(asked("uffd_event_fork") || meets.fork_events, "UFFD_EVENT_FORK",
      setup.uffd_event_fork ? 1 : 0,
      setup.uffd_event_fork ? "it needs CAP_SYS_PTRACE, for a userfaultfd's events on forks"
                            : "it must not have CAP_SYS_PTRACE");
  add(asked("uffd_kernel_faults") || meets.kernel_faults, "UFFD_KERNEL_FAULTS",
      setup.uffd_kernel_faults ? 1 : 0,
      setup.uffd_kernel_faults
          ? "it needs CAP_SYS_PTRACE or vm.unprivileged_userfaultfd=1, for a userfaultfd that the "
            "kernel's own faults are told to"
          : "it must not have CAP_SYS_PTRACE, nor vm.unprivileged_userfaultfd=1");
  add(asked("protection_keys") || meets.keys, "PROTECTION_KEYS", setup.protection_keys ? 1 : 0,
      setup.protection_keys ? "it needs a CPU and a kernel with memory protection keys"
                            : "it needs a machine without memory protection keys (nopku)");
  add((asked("mmap_base") || meets.placed) && !setup.bottom_up, "MMAP_BASE", setup.mmap_base,
      fmt::format("it needs mappings to be placed downwards from {:#x} (sysctl "
                  "vm.legacy_va_layout=0)",
                  setup.mmap_base));
  add(meets.given_pages > kPagesAnyGives, "GIVES_PAGES", meets.given_pages,
      fmt::format("it needs a machine that gives a mapping {} pages", meets.given_pages));
  add(meets.refused_pages != 0, "REFUSES_PAGES", meets.refused_pages,
      fmt::format("it needs a machine that refuses a mapping {} pages (vm.overcommit_memory=0)",
                  meets.refused_pages));
  return out;
}

}  // namespace vmadiff::reports
