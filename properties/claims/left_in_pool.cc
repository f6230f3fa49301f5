// properties: what a run leaves in the pool of huge pages.
#include "properties/claims/left_in_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "properties/claims/reach.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::properties {
namespace {

/// What private mappings of the run have reserved, if anything of it may have been moved in part;
/// else 0. A bound: what was mapped where, is not looked at.
std::uint64_t may_be_forgotten(std::span<const spec::Step> calls,
                               std::span<const spec::Outcome> outcomes) {
  std::uint64_t reserved = 0;
  bool moves = false;
  for (std::size_t i = 0; i < std::min(calls.size(), outcomes.size()); ++i) {
    // One that stops midway has moved a part, too.
    moves = moves || std::holds_alternative<spec::Mremap>(calls[i].call);
    if (!outcomes[i].is_ok()) continue;
    const auto* mmap = std::get_if<spec::Mmap>(&calls[i].call);
    if (mmap == nullptr || !maps_huge_pages(*mmap)) continue;
    const bool reserves = (mmap->flags & spec::kMapNoreserve) == 0 &&
                          (mmap->flags & spec::kMapType) == spec::kMapPrivate;
    if (reserves) reserved += spec::huge_page_up(mmap->length) / spec::kHugePageSize;
  }
  return moves ? reserved : 0;
}

}  // namespace

std::int64_t lost_huge_pages(const spec::HugePages& left, std::span<const spec::Step> calls,
                             std::span<const spec::Outcome> outcomes, ExemptionCounts& exemptions) {
  const auto more_free = static_cast<std::int64_t>(left.free - left.surplus);
  const auto reserved = static_cast<std::int64_t>(left.reserved);
  const bool is_known =
      more_free == 0 && reserved > 0 && left.reserved <= may_be_forgotten(calls, outcomes);
  if (is_known) exemptions.count(Exemption::kMoveForgetsReservations);
  return is_known ? 0 : reserved - more_free;
}

std::string explain_lost(std::int64_t lost) {
  const auto count = lost < 0 ? -lost : lost;
  return fmt::format(
      "{} huge page{} {} than before the run can be had of the pool when all its processes and "
      "mappings are gone",
      count, count == 1 ? "" : "s", lost < 0 ? "more" : "fewer");
}

}  // namespace vmadiff::properties
