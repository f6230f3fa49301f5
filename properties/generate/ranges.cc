// properties: the mix of ranges.
#include "properties/generate/ranges.h"

#include <variant>

namespace vmadiff::properties {

using spec::Address;

PageRange existing_range(Random& random, Sketch& sketch) {
  constexpr std::uint64_t kPartMax = 64;
  const Region& region = sketch.any(random);
  const std::uint64_t pages = (region.end - region.start) >> spec::kPageShift;
  switch (random.below(8)) {
    case 0:
    case 1:
      return {region.start, region.end - region.start};
    case 2: {
      const std::uint64_t part = 1 + random.below(std::min(pages, kPartMax));
      return {region.start, part * spec::kPageSize};
    }
    case 3: {
      const std::uint64_t part = 1 + random.below(std::min(pages, kPartMax));
      return {region.end - part * spec::kPageSize, part * spec::kPageSize};
    }
    case 4:
    case 5: {
      const std::uint64_t skip = random.below(std::min(pages, kPartMax));
      const std::uint64_t rest = std::min(pages - skip, kPartMax);
      return {region.start + skip * spec::kPageSize, (1 + random.below(rest)) * spec::kPageSize};
    }
    case 6:
      // Across the start or the end.
      return {(random.percent(50) ? region.start : region.end) -
                  spec::kPageSize * (1 + random.below(3)),
              few_pages(random) * spec::kPageSize};
    default:
      return {kArena + random.below(sketch.arena_pages()) * spec::kPageSize,
              (1 + random.below(24)) * spec::kPageSize};
  }
}

spec::Syscall on_range(spec::Syscall call, Address start, Address length) {
  std::visit(
      [&](auto& c) {
        if constexpr (requires { c.addr, c.length; }) {
          c.addr = start;
          c.length = length;
        }
      },
      call);
  return call;
}

}  // namespace vmadiff::properties
