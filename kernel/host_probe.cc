// kernel: what this machine lets us do and how large it is, found by trying in an agent.
#include <cpuid.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <string>

#include "kernel/agent_session.h"
#include "kernel/given_calls.h"
#include "kernel/host.h"
#include "kernel/layout.h"
#include "kernel/program.h"

namespace vmadiff::kernel {
namespace {

using spec::Address;
using spec::FileClass;
using spec::FileId;
using spec::ToolFault;

/// Calls made in the agent, each from the initial state.
class Probe {
 public:
  explicit Probe(AgentSession& session) : session_(session) {}

  /// The raw result; a death or fault is the caller's EINTR, which no probed call gives.
  std::uint64_t operator()(const Record& record) {
    constexpr std::uint64_t kFailed = static_cast<std::uint64_t>(-EINTR);
    if (!session_.begin()) return kFailed;
    const auto ran = session_.run(std::span{&record, 1}, results_);
    return ran && !ran->died ? results_.front() : kFailed;
  }

  std::uint64_t map(Address addr, Address length, std::uint64_t prot, std::uint64_t flags,
                    FileId file = {}) {
    const auto descriptor = static_cast<std::uint64_t>(std::int64_t{descriptor_of(file)});
    return (*this)(system_call(SYS_mmap, addr, length, prot, flags, descriptor, 0));
  }

  /// Mainline asks for no capability here (read in 6.12, measured on 6.18); to try is to know.
  std::uint64_t set_memory_merge() {
    return (*this)(system_call(SYS_prctl, spec::kPrSetMemoryMerge, 1));
  }

  /// Whether reading private anonymous memory leaves it without a page of its own, as seen from
  /// outside. Where that cannot be seen, mainline's answer.
  bool maps_zero_page() {
    constexpr Address kPlace = 0x100000000000;
    constexpr std::array program{
        system_call(SYS_mmap, kPlace, spec::kPageSize, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, ~std::uint64_t{0}, 0),
        system_call(kTouchRead, kPlace, 1)};
    if (!session_.begin()) return true;
    const auto ran = session_.run(program, results_);
    if (!ran || ran->died || results_.back() != 0) return true;
    return session_.anonymous_bytes(kPlace).value_or(0) == 0;
  }

  bool is_noexec(FileId file) {
    return map(0, spec::kPageSize, PROT_READ | PROT_EXEC, MAP_PRIVATE, file) ==
           static_cast<std::uint64_t>(-EPERM);
  }

  /// Whether a large mapping of the file goes to a huge-page boundary.
  bool is_placed_huge(FileId file, std::uint64_t flags) {
    return map(0, 2 * spec::kHugePageSize, PROT_READ, flags, file) % spec::kHugePageSize == 0;
  }

 private:
  AgentSession& session_;
  std::vector<std::uint64_t> results_;
};

std::uint64_t number_in(const char* path, std::uint64_t otherwise) {
  std::ifstream file{path};
  std::uint64_t value = 0;
  return file >> value ? value : otherwise;
}

/// A list such as "0-2,5" as bits.
std::uint64_t bits_of_list(std::string_view list) {
  std::uint64_t bits = 0;
  while (!list.empty()) {
    const auto part = list.substr(0, list.find(','));
    list.remove_prefix(std::min(part.size() + 1, list.size()));
    unsigned first = 0;
    const auto [rest, error] = std::from_chars(part.data(), part.data() + part.size(), first);
    if (error != std::errc{}) break;
    unsigned last = first;
    if (rest != part.data() + part.size() && *rest == '-')
      std::from_chars(rest + 1, part.data() + part.size(), last);
    for (unsigned i = first; i <= last && i < spec::kNodeCount; ++i) bits |= std::uint64_t{1} << i;
  }
  return bits;
}

/// The nodes that have memory and are this process's, and so the agent's.
std::uint64_t memory_nodes() {
  std::string there;
  if (!(std::ifstream{"/sys/devices/system/node/has_memory"} >> there)) return 0;
  std::ifstream status{"/proc/self/status"};
  std::uint64_t allowed = ~std::uint64_t{0};
  for (std::string label; status >> label;) {
    std::string list;
    if (label == "Mems_allowed_list:" && status >> list) allowed = bits_of_list(list);
  }
  return bits_of_list(there) & allowed;
}

/// RAM plus swap, pages: what heuristic overcommit holds a single charge against.
std::uint64_t memory_pages() {
  std::ifstream file{"/proc/meminfo"};
  std::uint64_t kib = 0;
  for (std::string label; file >> label;) {
    std::uint64_t value = 0;
    if ((label == "MemTotal:" || label == "SwapTotal:") && file >> value) kib += value;
  }
  return kib / (spec::kPageSize / 1024);
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

bool has_protection_keys() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned kOspke = 1U << 4;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (c & kOspke) != 0;
}

constexpr std::uint64_t kAnonPrivate = MAP_PRIVATE | MAP_ANONYMOUS;
/// /proc/sys/vm/overcommit_memory
constexpr std::uint64_t kOvercommitAlways = 1;
constexpr std::uint64_t kOvercommitNever = 2;

spec::Setup setup_of(AgentSession& session) {
  Probe probe{session};
  spec::Setup setup;
  setup.initial = session.initial();
  setup.start_brk = setup.initial.brk;
  setup.mmap_min_addr = number_in("/proc/sys/vm/mmap_min_addr", setup.mmap_min_addr);
  setup.bottom_up = has_legacy_layout();
  // The lowest hint there is goes up to it.
  setup.placement_min_addr = probe.map(spec::kPageSize, spec::kPageSize, PROT_NONE, kAnonPrivate);
  setup.max_map_count = number_in("/proc/sys/vm/max_map_count", setup.max_map_count);
  if (number_in("/proc/sys/vm/overcommit_memory", 0) != kOvercommitAlways)
    setup.overcommit_pages = memory_pages();
  setup.userfaultfd = probe(system_call(kUffdUnregister)) != static_cast<std::uint64_t>(-ENOSYS);
  // sysfs need not be mounted, but a kernel without NUMA has no such call.
  const bool has_numa = probe(system_call(kSetMempolicy)) != static_cast<std::uint64_t>(-ENOSYS);
  setup.nodes = has_numa ? std::max<std::uint64_t>(memory_nodes(), 1) : 0;
  setup.may_set_memory_merge = probe.set_memory_merge() != static_cast<std::uint64_t>(-EPERM);
  setup.zero_page = probe.maps_zero_page();
  setup.zero_noexec = probe.is_noexec({FileClass::kZero, 0});
  setup.file_noexec = probe.is_noexec({FileClass::kFile, 0});
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
  if (number_in("/proc/sys/vm/overcommit_memory", 0) == kOvercommitNever)
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
  if (!has_huge_pages && !probe.is_placed_huge({}, kAnonPrivate))
    return "the placement of a kernel without transparent huge pages is not modelled";
  if (probe.is_placed_huge({}, MAP_SHARED | MAP_ANONYMOUS)) {
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
    if (is_regular && count != 0 && !probe.is_placed_huge({cls, 0}, MAP_PRIVATE)) {
      found.file_notes.push_back(fmt::format(
          "{}: this file system places large mappings by a rule that is not modelled", name(cls)));
      count = 0;
    }
    found.file_counts[static_cast<std::size_t>(cls)] = count;
    if (count != 0) found.file_classes.push_back(cls);
  }
}

void probe_ksm(Probe& probe, HostCapabilities& found) {
  const auto result = probe.set_memory_merge();
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
  found.exec_only = !has_protection_keys();
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
  probe_ksm(probe, found);
  return found;
}

std::expected<spec::Setup, ToolFault> read_setup() {
  auto session = AgentSession::open({});
  if (!session) return std::unexpected(session.error());
  return setup_of(**session);
}

}  // namespace vmadiff::kernel
