// fuzz: the arguments that calls have in common, and random choices among calls.
#include "fuzz/sequence_edit.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <variant>

#include "fuzz/codec.h"
#include "fuzz/places.h"

namespace vmadiff::fuzz {

using spec::Address;
using spec::kPageSize;
using spec::Range;
using spec::Sequence;
using spec::Step;
using spec::Syscall;

namespace {

template <typename Call>
concept HasAddress = requires(Call c) { c.addr; };
template <typename Call>
concept HasRange = requires(Call c) {
  c.addr;
  c.length;
};
template <typename Call>
concept HasProt = requires(Call c) { c.prot; };

}  // namespace

Address* address_of(Syscall& call) {
  return std::visit(
      [](auto& c) -> Address* {
        if constexpr (HasAddress<std::decay_t<decltype(c)>>) return &c.addr;
        return nullptr;
      },
      call);
}

Address* length_of(Syscall& call) {
  return std::visit(
      [](auto& c) -> Address* {
        if constexpr (HasRange<std::decay_t<decltype(c)>>) return &c.length;
        return nullptr;
      },
      call);
}

std::uint64_t* prot_of(Syscall& call) {
  return std::visit(
      [](auto& c) -> std::uint64_t* {
        if constexpr (HasProt<std::decay_t<decltype(c)>>) return &c.prot;
        return nullptr;
      },
      call);
}

std::optional<Range> usable_range(const Syscall& call) {
  return std::visit(
      [](const auto& c) -> std::optional<Range> {
        if constexpr (HasRange<std::decay_t<decltype(c)>>) {
          const Address start = spec::page_down(c.addr);
          const Address end = spec::page_up(start + c.length);
          if (start < end && end <= kMmapTop) return Range{start, end};
        }
        return std::nullopt;
      },
      call);
}

std::size_t pick(Sequence& sequence, Random& random, bool (*wanted)(Syscall&)) {
  std::size_t found = kNoStep;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    if (wanted(sequence[i].call) && random.below(++seen) == 0) found = i;
  }
  return found;
}

std::size_t pick_mmap(Sequence& sequence, Random& random) {
  return pick(sequence, random, [](Syscall& c) { return std::holds_alternative<spec::Mmap>(c); });
}

std::size_t pick_range(Sequence& sequence, Random& random) {
  return pick(sequence, random, [](Syscall& c) { return usable_range(c).has_value(); });
}

Address boundary(Sequence& sequence, Random& random) {
  const std::size_t at = pick_range(sequence, random);
  if (at == kNoStep) return kArenaStart + random.below(16) * kPageSize;
  const Range range = *usable_range(sequence[at].call);
  Address place = random.one_in(2) ? range.start : range.end;
  if (random.one_in(4)) place = range.start + random.below(range.size() / kPageSize) * kPageSize;
  switch (random.below(8)) {
    case 0:
      return place + kPageSize;
    case 1:
      return place - kPageSize;
    default:
      return place;
  }
}

Range part_of(Range range, Random& random) {
  const Address pages = range.size() / kPageSize;
  if (random.one_in(4)) return range;
  const Address first = random.below(pages);
  const Address count = 1 + random.below(std::min<Address>(pages - first, 4));
  const Address start = range.start + first * kPageSize;
  return {start, start + count * kPageSize};
}

std::optional<Step> random_step(Random& random) {
  std::array<std::uint8_t, 64> bytes{};
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
  bytes[0] = kCodecVersion;
  Input input = decode(bytes);
  if (input.sequence.empty()) return std::nullopt;
  return input.sequence.front();
}

std::pair<std::size_t, std::size_t> stretch(const Sequence& sequence, Random& random) {
  const std::size_t first = static_cast<std::size_t>(random.below(sequence.size()));
  const std::size_t left = sequence.size() - first;
  const std::size_t longest = random.one_in(4) ? left : std::min<std::size_t>(left, 3);
  return {first, 1 + static_cast<std::size_t>(random.below(longest))};
}

std::size_t place_to_insert(const Sequence& sequence, Random& random) {
  return static_cast<std::size_t>(random.below(sequence.size() + 1));
}

void insert_at(Sequence& sequence, std::size_t at, Syscall call) {
  Step step;
  step.call = call;
  sequence.insert(sequence.begin() + static_cast<std::ptrdiff_t>(at), step);
}

void insert_behind(Sequence& sequence, std::size_t at, Random& random, Syscall call) {
  const std::uint64_t further = random.below(std::min<std::size_t>(sequence.size() - at, 4));
  insert_at(sequence, at + 1 + static_cast<std::size_t>(further), call);
}

}  // namespace vmadiff::fuzz
