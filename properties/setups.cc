// properties: varying set-ups.
#include "properties/setups.h"

#include <algorithm>
#include <array>

#include "properties/random.h"

namespace vmadiff::properties {
namespace {

/// One sequence in so many has a set-up of its own.
constexpr std::uint64_t kVariedOneIn = 6;

}  // namespace

std::optional<spec::Setup> varied_setup(std::uint64_t seed, const spec::Setup& base) {
  Random random{mix(seed ^ 0x7365747570ULL)};
  if (random.below(kVariedOneIn) != 0) return std::nullopt;
  spec::Setup setup = base;
  // Each by itself, and now and then together: mostly one limit is met at a time.
  if (random.percent(50)) {
    setup.max_map_count = base.initial.counters.map_count + 1 + random.below(12);
  }
  if (random.percent(30)) setup.overcommit_pages = 1 + random.below(24);
  if (random.percent(25)) {
    constexpr std::array<spec::Address, 4> kMinima{0, 0x1000, 0x10000, 0x30000};
    setup.mmap_min_addr = random.of(kMinima);
    setup.placement_min_addr = std::max(setup.mmap_min_addr, random.of(kMinima));
  }
  if (random.percent(25)) {
    constexpr std::array<std::uint64_t, 4> kGaps{0, 1, 2, 16};
    setup.stack_guard_gap = random.of(kGaps);
  }
  if (random.percent(20)) setup.zero_noexec = true;
  if (random.percent(20)) setup.file_noexec = true;
  if (random.percent(8)) setup.may_set_memory_merge = false;
  if (random.percent(25)) setup.zero_page = !base.zero_page;
  return setup;
}

}  // namespace vmadiff::properties
