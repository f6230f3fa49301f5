// properties: varying set-ups.
#include "properties/generate/setups.h"

#include <algorithm>
#include <array>

#include "properties/generate/random.h"
#include "properties/generate/sketch.h"
#include "spec/policy.h"

namespace vmadiff::properties {
namespace {

/// One sequence in so many has limits of its own.
constexpr std::uint64_t kLimitedOneIn = 6;
/// One in so many, whatever its limits, is on a machine of another shape.
constexpr std::uint64_t kShapedOneIn = 5;
/// And one in so many has huge pages in its pool.
constexpr std::uint64_t kPooledOneIn = 12;

/// How many nodes there are, and where memory without an address goes.
void vary_shape(spec::Setup& setup, Random& random) {
  if (random.percent(70)) {
    // None, one that is not the first, several, several with holes between them.
    constexpr std::array<std::uint64_t, 8> kNodes{0, 2, 3, 3, 0xf, 0xb, 0x8001, spec::kNodesMask};
    setup.nodes = random.of(kNodes);
  }
  if (random.percent(35)) setup.bottom_up = true;
  if (random.percent(40)) {
    // Right behind the places where most fixed mappings are, or as low as the break.
    constexpr std::array<spec::Address, 4> kTops{kArena + kArenaPages * spec::kPageSize,
                                                 kArena + 32 * spec::kPageSize,
                                                 kArena + 8 * spec::kHugePageSize, 0x40000000};
    setup.mmap_base = random.of(kTops);
  }
  if (random.percent(5)) setup.userfaultfd = false;
  if (random.percent(8)) setup.vma_names = false;
  if (random.percent(15)) setup.uffd_event_fork = false;
  if (random.percent(8)) setup.uffd_kernel_faults = false;
  if (random.percent(75)) setup.protection_keys = true;
}

/// The program of a real kernel's sequences needs so much more room when it begins anew (exec).
constexpr std::uint64_t kRoomOfExec = 3;

/// Leaves room for `room` mappings at least. Whether it was varied.
bool vary_map_limit(spec::Setup& setup, Random& random, std::uint64_t room) {
  if (!random.percent(50)) return false;
  setup.max_map_count = setup.initial.counters.map_count + room + random.below(12);
  return true;
}

/// Few pages, so that they are used up. Whether it was varied.
bool vary_pool(spec::Setup& setup, Random random) {
  if (random.below(kPooledOneIn) != 0) return false;
  setup.nr_hugepages = random.below(7);
  if (random.percent(40)) setup.nr_overcommit_hugepages = 1 + random.below(3);
  return setup.has_huge_pages();
}

void vary_limits(spec::Setup& setup, const spec::Setup& base, Random& random) {
  // Each by itself, and now and then together: mostly one limit is met at a time.
  vary_map_limit(setup, random, 1);
  if (random.percent(30)) setup.overcommit_pages = 1 + random.below(random.percent(40) ? 5 : 24);
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
  if (random.percent(15)) setup.limits.memlock = spec::kPageSize * random.below(48);
}

}  // namespace

std::optional<spec::Setup> varied_setup(std::uint64_t seed, const spec::Setup& base,
                                        SetupVariation variation) {
  if (variation == SetupVariation::kNone) return std::nullopt;
  spec::Setup setup = base;
  const bool is_pooled =
      has(variation, SetupVariation::kPool) && vary_pool(setup, Random{mix(seed ^ 0x706f6f6cULL)});
  Random random{mix(seed ^ 0x7365747570ULL)};
  const bool is_limited = random.below(kLimitedOneIn) == 0;
  if (!has(variation, SetupVariation::kAllButPool)) {
    const bool is_varied = has(variation, SetupVariation::kMapLimit) && is_limited &&
                           vary_map_limit(setup, random, kRoomOfExec);
    return is_varied || is_pooled ? std::optional{setup} : std::nullopt;
  }
  // From a source of its own: neither decides what the other is.
  Random shapes{mix(seed ^ 0x736861706573ULL)};
  const bool is_shaped = shapes.below(kShapedOneIn) == 0;
  if (!is_limited && !is_shaped && !is_pooled) return std::nullopt;
  if (is_limited) vary_limits(setup, base, random);
  if (is_shaped) vary_shape(setup, shapes);
  return setup;
}

}  // namespace vmadiff::properties
