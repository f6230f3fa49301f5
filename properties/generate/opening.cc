// properties: combs and crowds.
#include "properties/generate/opening.h"

#include <algorithm>
#include <array>

#include "properties/generate/random.h"
#include "properties/generate/ranges.h"

namespace vmadiff::properties {
namespace {

using spec::Address;

/// One sequence in so many has a comb: its calls cost several times those of others.
constexpr std::uint64_t kCombOneIn = 160;
constexpr std::uint64_t kCrowdOneIn = 24;
/// Enough for three levels of nodes (10 * 10 * 6 slots at the least, two for each tooth with its
/// gap).
constexpr std::size_t kTeethMin = 12;
constexpr std::size_t kTeethUsual = 380;
/// One comb in so many has as many as it may.
constexpr std::uint64_t kLongOneIn = 16;
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

Opening::Opening(std::uint64_t seed, const spec::Setup& setup, std::size_t teeth_max) {
  Random random{mix(seed ^ 0x6f70656e696e67ULL)};
  const auto kind = random.below(kCombOneIn * kCrowdOneIn);
  variant_ = random.next() >> 1;
  if (kind % kCombOneIn == 0) {
    kind_ = Kind::kComb;
    draw_comb(random, setup, teeth_max);
  } else if (kind / kCombOneIn == 0) {
    kind_ = Kind::kCrowd;
    size_ = 1 + setup.reserved.size() * (variant_ % 2);
  }
}

void Opening::draw_comb(Random& random, const spec::Setup& setup, std::size_t teeth_max) {
  const bool is_long = teeth_max > kTeethUsual && random.below(kLongOneIn) == 0;
  const auto longest = is_long ? teeth_max : std::min(kTeethUsual, teeth_max);
  // Small ones are as frequent as big ones, so that what needs only two leaves has a short trace.
  const auto most = kTeethMin + random.below(longest - kTeethMin + 1);
  size_ = is_long ? most : kTeethMin + random.below(most - kTeethMin + 1);
  constexpr std::array<std::uint64_t, 6> kSteps{1, 2, 3, 4, 8, 16};
  step_ = kSteps[variant_ % kSteps.size()];
  jitters_ = step_ > 3;
  const Address length = size_ * step_ * spec::kPageSize;
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      // Where the kernel places what has no address, from there downwards.
      base_ = setup.mmap_base > length + k4GiB ? setup.mmap_base - length : kArena;
      is_sought_ = true;
      break;
    case 3:
      // The same, from there upwards.
      base_ = spec::page_up(setup.task_size / 3);
      is_sought_ = setup.bottom_up;
      break;
    case 4:
      base_ = k1GiB;  // MAP_32BIT
      is_sought_ = true;
      break;
    case 5:
      base_ = setup.placement_min_addr + spec::kPageSize * random.below(4);  // the lowest of all
      break;
    case 6:
      base_ = setup.task_size - length - spec::kPageSize * random.below(4);  // the highest
      break;
    default:
      break;
  }
}

std::uint64_t Opening::room_flags(Random& random) const {
  if (kind_ == Kind::kComb) return base_ == k1GiB ? spec::kMap32Bit : 0;
  return random.percent(30) ? spec::kMap32Bit : random.percent(50) ? spec::kMapAbove4G : 0;
}

spec::Mmap Opening::plain_call(std::size_t index, const spec::Setup& setup) const {
  return kind_ == Kind::kComb ? tooth(index) : filling(index, setup);
}

bool Opening::touches_reserved(const spec::Setup& setup) const {
  for (std::size_t i = 0; i < size_; ++i) {
    const spec::Step step{.process = 0, .call = plain_call(i, setup), .expected = {}};
    if (spec::touches_reserved(setup, step)) return true;
  }
  return false;
}

spec::Mmap Opening::call(std::size_t index, const spec::Setup& setup, Sketch& sketch) const {
  const auto call = plain_call(index, setup);
  const Region region{.start = call.addr,
                      .end = call.addr + call.length,
                      .look = {call.prot, spec::kMapPrivate | spec::kMapAnonymous, {}},
                      .offset = 0,
                      .home = 0};
  if (kind_ != Kind::kComb) return call;
  // A few teeth of a long comb, at its ends and in the middle.
  if (index == 0 || index + 1 == size_ || index == size_ / 2) sketch.add(region);
  if (index + 1 == size_) {
    // The comb as a whole, for calls across many of its teeth.
    Region whole = region;
    whole.start = base_;
    sketch.add(whole);
  }
  return call;
}

/// Pages that do not merge: with gaps between them, or with different access.
spec::Mmap Opening::tooth(std::size_t index) const {
  const bool alternates = step_ == 1 || jitters_ || (variant_ & 8) != 0;
  Address from = index * step_;
  Address pages = 1;
  if (jitters_) {
    const std::uint64_t shape = mix(variant_ + index);
    pages = 1 + shape % 2;
    from += (shape >> 8) % (step_ - pages + 1);
  }
  // In some, stacks stand among the others.
  const bool is_stack = (variant_ & 0x70) == 0 && index % 5 == 4;
  return {
      .addr = base_ + from * spec::kPageSize,
      .length = pages * spec::kPageSize,
      .prot = alternates && index % 2 == 1 ? spec::kProtRead : spec::kProtRead | spec::kProtWrite,
      .flags = spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed |
               (is_stack ? spec::kMapGrowsdown : 0),
      .file = {},
      .offset = 0};
}

/// What fills the space between the places that the program has for itself, up to a few pages at
/// the bottom or at the top.
spec::Mmap Opening::filling(std::size_t index, const spec::Setup& setup) const {
  const Address left = spec::kPageSize * ((variant_ >> 8) % 6);
  if (size_ == 1) {
    switch ((variant_ >> 4) % 4) {
      case 0:
        return nothing(k4GiB + left, setup.mmap_base);
      case 1:
        return nothing(k1GiB, 2 * k1GiB - left);
      case 2:
        return nothing(k1GiB + left, 2 * k1GiB);
      default:
        return nothing(k4GiB + left, setup.task_size - spec::kPageSize * ((variant_ >> 12) % 6));
    }
  }
  // Between one reserved place and the next, from the lowest that a search may find.
  const Address from = index == 0 ? setup.placement_min_addr : setup.reserved[index - 1].end;
  const Address to = index < setup.reserved.size() ? setup.reserved[index].start : setup.mmap_base;
  if (to <= from + left) return nothing(setup.mmap_base - spec::kPageSize, setup.mmap_base);
  return (variant_ & 64) != 0 ? nothing(from + left, to) : nothing(from, to - left);
}

}  // namespace vmadiff::properties
