// kernel: measuring.
#include "kernel/host/traits.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/host/program.h"
#include "spec/flags.h"
#include "spec/policy.h"
#include "spec/setup.h"

namespace vmadiff::kernel {
namespace {

using spec::Address;

constexpr Address kProbed = 0x100000000000;
constexpr std::uint64_t kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr std::uint64_t kProbedProt = PROT_READ | PROT_WRITE;

Record mmap_of(Address addr, Address length, std::uint64_t prot, std::uint64_t flags) {
  return system_call(SYS_mmap, addr, length, prot, flags, ~std::uint64_t{0}, 0);
}

/// The least number in [low, high] that satisfies; `high` where none below does. What satisfies
/// must go on satisfying above.
std::uint64_t least(std::uint64_t low, std::uint64_t high, auto satisfies) {
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (satisfies(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/// A list such as "0-2,5" as bits, as sysfs writes it.
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

}  // namespace

std::optional<std::uint64_t> number_in(const char* path) {
  std::ifstream file{path};
  std::uint64_t value = 0;
  return file >> value ? std::optional{value} : std::nullopt;
}

bool maps_zero_page(Probe& probe) {
  const std::array program{mmap_of(kProbed, spec::kPageSize, kProbedProt, kAnonymous | MAP_FIXED),
                           system_call(kTouchRead, kProbed, 1)};
  if (probe(program) != 0) return true;
  return probe.session().anonymous_bytes(kProbed).value_or(0) == 0;
}

spec::Address measured_mmap_min_addr(Probe& probe) {
  constexpr std::uint64_t kPagesMax = 256;
  const auto can_map = [&](std::uint64_t page) {
    return Probe::is_ok(
        probe.map(page * spec::kPageSize, spec::kPageSize, PROT_NONE, kAnonymous | MAP_FIXED));
  };
  const auto lowest = least(0, kPagesMax, can_map);
  if (lowest < kPagesMax) return lowest * spec::kPageSize;
  return number_in("/proc/sys/vm/mmap_min_addr").value_or(spec::Setup{}.mmap_min_addr);
}

spec::Address measured_placement_min_addr(Probe& probe) {
  const auto lowest_hint = probe.map(spec::kPageSize, spec::kPageSize, PROT_NONE, kAnonymous);
  if (!Probe::is_ok(lowest_hint)) return spec::Setup{}.placement_min_addr;
  if (lowest_hint > spec::kPageSize) return lowest_hint;
  // A hint of 0 is none, so that hints say the same of 0 and of one page.
  const std::array growth{mmap_of(spec::kPageSize, spec::kPageSize, kProbedProt,
                                  kAnonymous | MAP_FIXED | MAP_GROWSDOWN),
                          system_call(kTouchWrite, 0, 1)};
  return probe(growth) == 0 ? 0 : spec::kPageSize;
}

std::uint64_t measured_overcommit_pages(Probe& probe) {
  constexpr std::uint64_t kPagesMax = std::uint64_t{1} << 34;  // 64 TiB: there is room for it
  const auto is_too_much = [&](std::uint64_t pages) {
    return !Probe::is_ok(probe.map(0, pages * spec::kPageSize, kProbedProt, kAnonymous));
  };
  if (!is_too_much(kPagesMax)) return ~std::uint64_t{0};
  return least(1, kPagesMax, is_too_much) - 1;
}

bool has_vma_names(Probe& probe) {
  const spec::SetVmaName call{
      .addr = kProbed, .length = spec::kPageSize, .name = spec::VmaName::of("a")};
  const std::array program{mmap_of(kProbed, spec::kPageSize, kProbedProt, kAnonymous | MAP_FIXED),
                           record_of(call, spec::Setup{}.task_size)};
  return probe(program) != static_cast<std::uint64_t>(-EINVAL);
}

std::uint64_t measured_nodes(Probe& probe) {
  std::uint64_t nodes = 0;
  for (unsigned node = 0; node < spec::kNodeCount; ++node) {
    const auto mask = std::uint64_t{1} << node;
    const auto result = probe(system_call(kSetMempolicy, spec::kMpolBind, 0, mask));
    if (result == static_cast<std::uint64_t>(-ENOSYS)) return 0;
    if (result == 0) nodes |= mask;
  }
  if (nodes != 0) return nodes;
  // The call is not given: then no sequence makes it, but mbind may be there.
  std::string there;
  std::ifstream{"/sys/devices/system/node/has_memory"} >> there;
  return std::max<std::uint64_t>(bits_of_list(there), 1);
}

std::uint64_t measured_stack_guard_gap(Probe& probe) {
  constexpr std::uint64_t kPagesMax = std::uint64_t{1} << 20;
  const auto can_grow = [&](std::uint64_t distance) {
    const Address grown = kProbed + (1 + distance) * spec::kPageSize;
    const std::array program{mmap_of(kProbed, spec::kPageSize, kProbedProt, kAnonymous | MAP_FIXED),
                             mmap_of(grown + spec::kPageSize, spec::kPageSize, kProbedProt,
                                     kAnonymous | MAP_FIXED | MAP_GROWSDOWN),
                             system_call(kTouchWrite, grown, 1)};
    return probe(program) == 0;
  };
  const auto gap = least(0, kPagesMax, can_grow);
  return gap < kPagesMax ? gap : spec::Setup{}.stack_guard_gap;
}

std::uint64_t max_map_count(Probe& probe) {
  if (const auto said = number_in("/proc/sys/vm/max_map_count")) return *said;
  // The default is 65530; what no sequence comes to need not be told apart.
  constexpr std::uint64_t kCountMax = 70000;
  std::vector<Record> program;
  for (std::uint64_t i = 0; i < kCountMax; ++i) {
    program.push_back(must_give(
        kProbed + i * spec::kPageSize,
        mmap_of(kProbed + i * spec::kPageSize, spec::kPageSize, i % 2 == 0 ? PROT_NONE : PROT_READ,
                kAnonymous | MAP_FIXED | MAP_NORESERVE)));
  }
  AgentSession& session = probe.session();
  std::vector<std::uint64_t> results;
  if (!session.begin()) return spec::Setup{}.max_map_count;
  const auto ran = session.run(program, results);
  if (!ran || ran->died) return spec::Setup{}.max_map_count;
  // At the limit the count may go one above it.
  const auto had = ran->done + session.initial().counters.map_count;
  return ran->done == kCountMax ? had : had - 1;
}

std::optional<spec::Address> placed_by_another_rule(Probe& probe, std::uint64_t flags,
                                                    spec::FileId file) {
  for (Address size = 2 * spec::kPageSize; size < spec::kHugePageSize; size *= 2) {
    const auto expected = probe.map(0, size, PROT_READ, kAnonymous | MAP_NORESERVE);
    if (probe.map(0, size, PROT_READ, flags, file) != expected) return size;
  }
  return std::nullopt;
}

}  // namespace vmadiff::kernel
