// kernel: what this machine lets us do and how large it is, found by trying in an agent.
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "kernel/host/agent_session.h"
#include "kernel/host/given_calls.h"
#include "kernel/host/host.h"
#include "kernel/host/layout.h"
#include "kernel/host/probe.h"
#include "kernel/host/program.h"
#include "kernel/host/protection_keys.h"
#include "kernel/host/traits.h"

namespace vmadiff::kernel {
namespace {

using spec::Address;
using spec::FileClass;
using spec::FileId;
using spec::ToolFault;

/// Mainline asks for no capability here (read in 6.12, measured on 6.18); to try is to know.
std::uint64_t set_memory_merge(Probe& probe) {
  return probe(system_call(SYS_prctl, spec::kPrSetMemoryMerge, 1));
}

bool is_noexec(Probe& probe, FileId file) {
  return probe.map(0, spec::kPageSize, PROT_READ | PROT_EXEC, MAP_PRIVATE, file) ==
         static_cast<std::uint64_t>(-EPERM);
}

/// Whether a large mapping of the file goes to a huge-page boundary.
bool is_placed_huge(Probe& probe, FileId file, std::uint64_t flags) {
  return probe.map(0, 2 * spec::kHugePageSize, PROT_READ, flags, file) % spec::kHugePageSize == 0;
}

/// RAM plus swap, pages. /proc/meminfo can be another's (a container's).
std::uint64_t memory_pages() {
  struct sysinfo info{};
  if (::sysinfo(&info) != 0) return 0;
  return (info.totalram + info.totalswap) * info.mem_unit / spec::kPageSize;
}

/// Where a search puts one page first, by the rule for its direction and what is mapped.
Address first_place(const spec::Setup& setup) {
  if (setup.bottom_up) return spec::page_up(setup.task_size / 3);
  Address place = setup.mmap_base - spec::kPageSize;
  for (auto vma = setup.initial.vmas.rbegin(); vma != setup.initial.vmas.rend(); ++vma) {
    if (vma->range().overlaps({place, place + spec::kPageSize}))
      place = vma->start - spec::kPageSize;
  }
  return place;
}

constexpr std::uint64_t kAnonPrivate = MAP_PRIVATE | MAP_ANONYMOUS;
/// In /proc/sys/vm/overcommit_memory.
constexpr std::uint64_t kOvercommitNever = 2;

spec::Setup setup_of(AgentSession& session) {
  Probe probe{session};
  spec::Setup setup;
  setup.initial = session.initial();
  setup.start_brk = setup.initial.brk;
  setup.mmap_min_addr = measured_mmap_min_addr(probe);
  setup.bottom_up = has_legacy_layout();
  setup.placement_min_addr = measured_placement_min_addr(probe);
  setup.max_map_count = max_map_count(probe);
  setup.stack_guard_gap = measured_stack_guard_gap(probe);
  setup.overcommit_pages = measured_overcommit_pages(probe);
  setup.userfaultfd = probe(system_call(kUffdUnregister)) != static_cast<std::uint64_t>(-ENOSYS);
  setup.vma_names = has_vma_names(probe);
  setup.uffd_event_fork =
      probe(system_call(kUffdOpen, 0, spec::kUffdEventFork)) != static_cast<std::uint64_t>(-EPERM);
  setup.uffd_kernel_faults =
      probe(system_call(kUffdWriteprotect)) != static_cast<std::uint64_t>(-EPERM);
  setup.protection_keys = has_protection_keys();
  setup.nodes = measured_nodes(probe);
  setup.may_set_memory_merge = set_memory_merge(probe) != static_cast<std::uint64_t>(-EPERM);
  setup.zero_page = maps_zero_page(probe);
  setup.zero_noexec = is_noexec(probe, {FileClass::kZero, 0});
  setup.file_noexec = is_noexec(probe, {FileClass::kFile, 0});
  setup.limits = session.limits();
  for (const spec::Vma& vma : setup.initial.vmas) setup.reserved.push_back(vma.range());
  return setup;
}

/// Why the host cannot be compared with the models, where it cannot.
std::string reason_against(Probe& probe, const spec::Setup& setup) {
  for (const auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) == 0 && limit.rlim_max != RLIM_INFINITY)
      return "address space or data size is limited: raise the hard limits (ulimit -Hv, -Hd)";
  }
  // Where that cannot be read: a machine that lets nobody have what it has.
  const bool has_less = setup.overcommit_pages < memory_pages();
  if (number_in("/proc/sys/vm/overcommit_memory").value_or(has_less ? kOvercommitNever : 0) ==
      kOvercommitNever)
    return "strict overcommit is not modelled: sysctl vm.overcommit_memory=0";
  if (const auto at = probe.map(0, spec::kPageSize, PROT_NONE, kAnonPrivate);
      at != first_place(setup)) {
    return fmt::format(
        "mappings are placed by another rule ({:#x} came first): sysctl vm.legacy_va_layout=0", at);
  }
  if (const auto at =
          probe.map(setup.task_size + spec::kPageSize, spec::kPageSize, PROT_NONE, kAnonPrivate);
      at > setup.task_size && at < -spec::kPageSize)
    return "five-level page tables are not modelled: boot with no5lvl";
  // Of a kernel with them, before 6.7, it is a behaviour.
  const bool has_huge_pages = ::access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0;
  if (!has_huge_pages && !is_placed_huge(probe, {}, kAnonPrivate))
    return "the placement of a kernel without transparent huge pages is not modelled";
  if (const auto size = placed_by_another_rule(probe, MAP_SHARED | MAP_ANONYMOUS, {})) {
    return fmt::format(
        "large pages of {0} kB in shared memory are not modelled: echo never > "
        "/sys/kernel/mm/transparent_hugepage/hugepages-{0}kB/shmem_enabled",
        *size / 1024);
  }
  if (is_placed_huge(probe, {}, MAP_SHARED | MAP_ANONYMOUS)) {
    return "huge pages in shared memory are not modelled: "
           "echo never > /sys/kernel/mm/transparent_hugepage/shmem_enabled";
  }
  return {};
}

void probe_files(Probe& probe, const AgentSession& session, HostCapabilities& found) {
  found.file_notes = session.files().notes;
  for (const FileClass cls : spec::mappable_file_classes()) {
    auto count = session.file_count(cls);
    const bool is_regular = cls == FileClass::kFile || cls == FileClass::kFileReadOnly;
    if (is_regular && count != 0 &&
        (!is_placed_huge(probe, {cls, 0}, MAP_PRIVATE) ||
         placed_by_another_rule(probe, MAP_PRIVATE, {cls, 0}))) {
      found.file_notes.push_back(fmt::format(
          "{}: this file system places large mappings by a rule that is not modelled", name(cls)));
      count = 0;
    }
    found.file_counts[static_cast<std::size_t>(cls)] = count;
    if (count != 0) found.file_classes.push_back(cls);
  }
}

/// Looks at a mapping of each kind.
void probe_codes(AgentSession& session, HostCapabilities& found) {
  std::vector<Record> program;
  Address at = 0x100000000000;
  const auto map = [&](FileId file, std::uint64_t flags) {
    const auto descriptor = static_cast<std::uint64_t>(std::int64_t{descriptor_of(file)});
    program.push_back(system_call(SYS_mmap, at, spec::kHugePageSize, PROT_READ | PROT_WRITE,
                                  flags | MAP_FIXED | MAP_NORESERVE, descriptor, 0));
    at += 2 * spec::kHugePageSize;
  };
  for (const std::uint64_t flags :
       {std::uint64_t{0}, spec::kMapGrowsdown, spec::kMapStack, spec::kMapLocked})
    map({}, kAnonPrivate | flags);
  map({}, MAP_SHARED | MAP_ANONYMOUS);
  for (const FileClass cls : found.file_classes) {
    map({cls, 0}, MAP_PRIVATE);
    map({cls, 0}, MAP_SHARED);
  }
  std::vector<std::uint64_t> results;
  spec::Snapshot seen;
  // What cannot be looked at here will say so when it matters.
  if (!session.begin() || !session.run(program, results) || !session.snapshot(0, seen)) return;
  found.unknown_codes.assign(session.unknown_codes().begin(), session.unknown_codes().end());
}

void probe_ksm(Probe& probe, HostCapabilities& found) {
  const auto result = set_memory_merge(probe);
  if (result == static_cast<std::uint64_t>(-EPERM)) {
    found.ksm_note = "this kernel wants CAP_SYS_RESOURCE for PR_SET_MEMORY_MERGE: run as root";
  } else if (result != 0) {
    found.ksm_note = "this kernel has no KSM for whole processes (CONFIG_KSM, Linux 6.4 or later)";
  } else {
    found.ksm = true;
  }
}

}  // namespace

HostCapabilities probe_host(const HostOptions& options) {
  HostCapabilities found;
  utsname system{};
  if (::uname(&system) == 0) found.release = system.release;
  auto session = AgentSession::open(options);
  if (!session) {
    found.why_not = session.error().message;
    return found;
  }
  Probe probe{**session};
  found.can_run = true;
  const auto setup = setup_of(**session);
  found.unmodelled = reason_against(probe, setup);
  found.withheld = find_withheld(**session, setup);
  probe_files(probe, **session, found);
  probe_codes(**session, found);
  probe_ksm(probe, found);
  return found;
}

std::expected<spec::Setup, ToolFault> read_setup() {
  auto session = AgentSession::open({});
  if (!session) return std::unexpected(session.error());
  return setup_of(**session);
}

}  // namespace vmadiff::kernel
