// intake: laying the islands out.
#include "intake/relocation.h"

#include <fmt/format.h>

#include <algorithm>

#include "spec/setup.h"

namespace vmadiff::intake {
namespace {

using spec::Address;
using spec::Range;

/// What lies closer is one island: more than a stack needs below it, and than any alignment.
constexpr Address kSeaMin = Address{64} << 20;
/// Between islands, so that stacks have room to grow.
constexpr Address kSea = Address{1} << 30;
/// Where the first one begins: as the other traces do, or lower where there is more than fits.
constexpr Address kShore = 0x100000000000;
constexpr Address kLowShore = 0x100000000;

std::vector<Range> islands_of(const PageSet& used) {
  std::vector<Range> out;
  for (const auto& [start, end] : used.ranges()) {
    if (!out.empty() && start - out.back().end < kSeaMin) {
      out.back().end = end;
    } else {
      out.push_back({start, end});
    }
  }
  return out;
}

/// Where each goes, if the first goes to `shore`; behind the last, where it ends.
std::vector<Address> laid_out(const std::vector<Range>& islands, Address shore) {
  std::vector<Address> out;
  Address next = shore;
  for (const Range& island : islands) {
    const Address to = next + (island.start & (spec::kHugePageSize - 1));
    out.push_back(to);
    next = spec::huge_page_up(to + island.size()) + kSea;
  }
  out.push_back(next);
  return out;
}

}  // namespace

Address trace_break() { return spec::Setup::standard().start_brk; }

std::expected<Relocation, std::string> Relocation::make(const PageSet& used, Range heap) {
  Relocation out;
  PageSet rest = used;
  if (heap.start != 0) {
    out.break_from_ = heap.start;
    out.islands_.push_back({heap, trace_break()});
    rest.remove(heap);
    const auto is_beside = [&](Address a, Address b) { return rest.overlaps({a, b}); };
    out.parts_heap_ = (heap.size() != 0 && is_beside(heap.end, heap.end + spec::kPageSize)) ||
                      is_beside(heap.start - spec::kPageSize, heap.start);
    if (trace_break() + heap.size() > kLowShore) {
      return std::unexpected(fmt::format(
          "the break is moved by {:#x} bytes, more than a trace has room for", heap.size()));
    }
  }
  const auto islands = islands_of(rest);
  const Address end = spec::Setup::standard().task_size;
  auto to = laid_out(islands, kShore);
  if (to.back() > end) to = laid_out(islands, kLowShore);
  if (to.back() > end) {
    return std::unexpected(fmt::format(
        "its {} islands of memory do not fit into a trace's address space", islands.size()));
  }
  for (std::size_t i = 0; i < islands.size(); ++i) out.islands_.push_back({islands[i], to[i]});
  std::ranges::sort(out.islands_, {}, [](const Island& island) { return island.from.start; });
  return out;
}

Address Relocation::operator()(Address address) const {
  auto at = std::ranges::upper_bound(islands_, address, {},
                                     [](const Island& island) { return island.from.start; });
  // An address right behind an island is its end.
  for (int i = 0; i < 2 && at != islands_.begin(); ++i) {
    --at;
    if (address >= at->from.start && address <= at->from.end) {
      return at->to + (address - at->from.start);
    }
  }
  return address;
}

Address Relocation::break_at(Address address) const {
  return address == 0 || break_from_ == 0 ? address : address - break_from_ + trace_break();
}

}  // namespace vmadiff::intake
