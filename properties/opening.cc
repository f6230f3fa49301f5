// properties: combs and crowds.
#include "properties/opening.h"

#include <algorithm>
#include <array>

#include "properties/random.h"
#include "properties/ranges.h"

namespace vmadiff::properties {
namespace {

using spec::Address;

constexpr Address kPage = spec::kPageSize;
/// One sequence in so many has a comb: its calls cost several times those of others.
constexpr std::uint64_t kCombOneIn = 160;
constexpr std::uint64_t kCrowdOneIn = 24;
/// Enough for three levels of nodes (10 * 10 * 6 slots at the least, two for each tooth with its
/// gap).
constexpr std::uint64_t kTeethMin = 12;
constexpr std::uint64_t kTeethMax = 380;
/// Addresses that matter to a search: the windows of MAP_32BIT and MAP_ABOVE4G.
constexpr Address k1GiB = Address{1} << 30;
constexpr Address k4GiB = Address{1} << 32;

/// Memory that weighs nothing: without access, shared, so that neither KSM nor a fault ever walks
/// it.
spec::Mmap nothing(Address start, Address end) {
  return {.addr = start,
          .length = end - start,
          .prot = 0,
          .flags = spec::kMapShared | spec::kMapAnonymous | spec::kMapFixed | spec::kMapNoreserve,
          .file = {},
          .offset = 0};
}

}  // namespace

Opening::Opening(std::uint64_t seed, const spec::Setup& setup) : setup_(setup) {
  Random random{mix(seed ^ 0x6f70656e696e67ULL)};
  const auto kind = random.below(kCombOneIn * kCrowdOneIn);
  variant_ = random.next() >> 1;
  if (kind % kCombOneIn == 0) {
    kind_ = Kind::kComb;
    // Small ones are as frequent as big ones, so that what needs only two leaves has a short trace.
    const auto most = kTeethMin + random.below(kTeethMax - kTeethMin);
    size_ = kTeethMin + random.below(most - kTeethMin + 1);
  } else if (kind / kCombOneIn == 0) {
    kind_ = Kind::kCrowd;
    size_ = 1 + setup_.reserved.size() * (variant_ % 2);
  }
}

spec::Mmap Opening::plain_call(std::size_t index) const {
  return kind_ == Kind::kComb ? tooth(index) : filling(index);
}

bool Opening::touches_reserved() const {
  for (std::size_t i = 0; i < size_; ++i) {
    const spec::Step step{.process = 0, .call = plain_call(i), .expected = {}};
    if (spec::touches_reserved(setup_, step)) return true;
  }
  return false;
}

spec::Mmap Opening::call(std::size_t index, Sketch& sketch) const {
  const auto call = plain_call(index);
  if (kind_ == Kind::kComb && index + 1 == size_) {
    // The comb as a whole, for calls across many of its teeth.
    sketch.add({.start = kArena,
                .end = call.addr + call.length,
                .look = {call.prot, spec::kMapPrivate | spec::kMapAnonymous, {}},
                .offset = 0,
                .home = 0});
  }
  return call;
}

/// Pages that do not merge: with gaps between them, or with different access.
spec::Mmap Opening::tooth(std::size_t index) const {
  constexpr std::array<Address, 3> kSteps{1, 2, 3};
  const Address step = kSteps[variant_ % kSteps.size()];
  const bool alternates = step == 1 || (variant_ & 8) != 0;
  return {
      .addr = kArena + index * step * kPage,
      .length = kPage,
      .prot = alternates && index % 2 == 1 ? spec::kProtRead : spec::kProtRead | spec::kProtWrite,
      .flags = spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed,
      .file = {},
      .offset = 0};
}

/// What fills the space between the places that the program has for itself, up to a few pages at
/// the bottom or at the top.
spec::Mmap Opening::filling(std::size_t index) const {
  const Address left = kPage * ((variant_ >> 8) % 6);
  if (size_ == 1) {
    switch ((variant_ >> 4) % 4) {
      case 0:
        return nothing(k4GiB + left, setup_.mmap_base);
      case 1:
        return nothing(k1GiB, 2 * k1GiB - left);
      case 2:
        return nothing(k1GiB + left, 2 * k1GiB);
      default:
        return nothing(k4GiB + left, setup_.task_size - kPage * ((variant_ >> 12) % 6));
    }
  }
  // Between one reserved place and the next, from the lowest that a search may find.
  const Address from = index == 0 ? setup_.placement_min_addr : setup_.reserved[index - 1].end;
  const Address to =
      index < setup_.reserved.size() ? setup_.reserved[index].start : setup_.mmap_base;
  if (to <= from + left) return nothing(setup_.mmap_base - kPage, setup_.mmap_base);
  return (variant_ & 64) != 0 ? nothing(from + left, to) : nothing(from, to - left);
}

}  // namespace vmadiff::properties
