// fuzz: the single mutations. What makes a sequence interesting is that its calls meet: the same
// boundaries, the same flags, contiguous offsets. So arguments are taken from other calls more
// often than they are invented.
#include "fuzz/mutations.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "fuzz/places.h"
#include "properties/generator.h"

namespace vmadiff::fuzz {
namespace {

using spec::Address;
using spec::kPageSize;
using spec::Range;
using spec::Sequence;
using spec::Step;
using spec::Syscall;

// --- what calls have in common ------------------------------------------------------------------

template <typename Call>
concept HasAddress = requires(Call c) { c.addr; };
template <typename Call>
concept HasRange = requires(Call c) {
  c.addr;
  c.length;
};
template <typename Call>
concept HasProt = requires(Call c) { c.prot; };

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

/// The range that the call names, page-aligned, where it is one that could be mapped.
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

// --- choosing -----------------------------------------------------------------------------------

/// A step for which `wanted` holds; npos if there is none.
constexpr std::size_t kNone = ~std::size_t{0};
template <typename Wanted>
std::size_t pick(Sequence& sequence, Random& random, Wanted wanted) {
  std::size_t found = kNone;
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

/// An end of another call's range, mostly; it may be a page off.
Address boundary(Sequence& sequence, Random& random) {
  const std::size_t at = pick_range(sequence, random);
  if (at == kNone) return kArenaStart + random.below(16) * kPageSize;
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

/// A call of random bytes: the short forms of the codec make most of them sensible.
std::optional<Step> random_step(Random& random) {
  std::array<std::uint8_t, 64> bytes{};
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
  bytes[0] = kCodecVersion;
  Input input = decode(bytes);
  if (input.sequence.empty()) return std::nullopt;
  return std::move(input.sequence.front());
}

void insert_at(Sequence& sequence, std::size_t at, Syscall call) {
  Step step;
  step.call = std::move(call);
  sequence.insert(sequence.begin() + static_cast<std::ptrdiff_t>(at), std::move(step));
}

std::size_t place_to_insert(const Sequence& sequence, Random& random) {
  return static_cast<std::size_t>(random.below(sequence.size() + 1));
}

/// A stretch [first, first + count) of a sequence that is not empty, short mostly.
std::pair<std::size_t, std::size_t> stretch(const Sequence& sequence, Random& random) {
  const std::size_t first = static_cast<std::size_t>(random.below(sequence.size()));
  const std::size_t left = sequence.size() - first;
  const std::size_t longest = random.one_in(4) ? left : std::min<std::size_t>(left, 3);
  return {first, 1 + static_cast<std::size_t>(random.below(longest))};
}

// --- whole calls --------------------------------------------------------------------------------

void insert_call(Input& input, Random& random) {
  auto step = random_step(random);
  if (!step) return;
  if (Address* address = address_of(step->call); address != nullptr && !random.one_in(4)) {
    *address = boundary(input.sequence, random);
  }
  insert_at(input.sequence, place_to_insert(input.sequence, random), std::move(step->call));
}

/// Maps more of the same right before or behind a mapping: where the two should merge.
void insert_neighbour(Input& input, Random& random) {
  const std::size_t at = pick_mmap(input.sequence, random);
  if (at == kNone) return insert_call(input, random);
  auto call = std::get<spec::Mmap>(input.sequence[at].call);
  const auto range = usable_range(call);
  if (!range) return;
  const Address length = random.one_in(2) ? range->size() : (1 + random.below(4)) * kPageSize;
  if (random.one_in(2)) {
    call.addr = range->end;
    call.offset += range->size();
  } else {
    call.addr = range->start - length;
    call.offset -= length;
  }
  call.length = length;
  if ((call.flags & spec::kMapFixedNoreplace) == 0) call.flags |= spec::kMapFixed;
  const auto behind = random.below(input.sequence.size() - at);
  insert_at(input.sequence, at + 1 + static_cast<std::size_t>(behind), call);
}

void insert_ksm(Input& input, Random& random) {
  const std::size_t at = pick_range(input.sequence, random);
  const bool on = random.one_in(2);
  Syscall call = spec::Prctl{.arg2 = on ? 1U : 0U};
  if (at != kNone && random.one_in(2)) {
    const Range range = *usable_range(input.sequence[at].call);
    call = spec::Madvise{range.start, range.size(),
                         on ? spec::kMadvMergeable : spec::kMadvUnmergeable};
  }
  insert_at(input.sequence, place_to_insert(input.sequence, random), std::move(call));
}

/// A write gives a private mapping its anon_vma, on which merging depends.
void insert_touch(Input& input, Random& random) {
  const std::size_t at = pick_range(input.sequence, random);
  if (at == kNone) return;
  const Range range = *usable_range(input.sequence[at].call);
  const Address page = random.below(range.size() / kPageSize);
  const spec::Touch touch{range.start + page * kPageSize, kPageSize,
                          random.one_in(4) ? spec::Access::kRead : spec::Access::kWrite};
  const auto behind = random.below(input.sequence.size() - at);
  insert_at(input.sequence, at + 1 + static_cast<std::size_t>(behind), touch);
}

/// A few calls as campaigns make them.
void insert_generated(Input& input, Random& random) {
  const auto classes = spec::mappable_file_classes();
  properties::GeneratorOptions options;
  options.setup = spec::Setup::standard();
  options.file_classes.assign(classes.begin(), classes.end());
  options.length_max = 8;
  Sequence made;
  properties::generate(random.next(), options, made);
  const auto at = static_cast<std::ptrdiff_t>(place_to_insert(input.sequence, random));
  input.sequence.insert(input.sequence.begin() + at, made.begin(), made.end());
}

void delete_stretch(Input& input, Random& random) {
  if (input.sequence.empty()) return;
  const auto [first, count] = stretch(input.sequence, random);
  const auto begin = input.sequence.begin() + static_cast<std::ptrdiff_t>(first);
  input.sequence.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
}

/// Again, there or some pages further.
void duplicate_stretch(Input& input, Random& random) {
  if (input.sequence.empty()) return;
  const auto [first, count] = stretch(input.sequence, random);
  const auto begin = input.sequence.begin() + static_cast<std::ptrdiff_t>(first);
  Sequence copy(begin, begin + static_cast<std::ptrdiff_t>(count));
  const Address shift = random.one_in(2) ? 0 : random.below(16) * kPageSize;
  for (Step& step : copy) {
    if (Address* address = address_of(step.call); address != nullptr) *address += shift;
  }
  const auto at = static_cast<std::ptrdiff_t>(place_to_insert(input.sequence, random));
  input.sequence.insert(input.sequence.begin() + at, copy.begin(), copy.end());
}

void swap_calls(Input& input, Random& random) {
  const std::size_t size = input.sequence.size();
  if (size < 2) return;
  const auto first = static_cast<std::size_t>(random.below(size));
  const auto second = random.one_in(2) ? (first + 1) % size : random.below(size);
  std::swap(input.sequence[first], input.sequence[static_cast<std::size_t>(second)]);
}

/// [a, c) in two calls, [a, b) and [b, c).
void split_call(Input& input, Random& random) {
  const std::size_t at = pick_range(input.sequence, random);
  if (at == kNone) return;
  const Range range = *usable_range(input.sequence[at].call);
  const Address pages = range.size() / kPageSize;
  if (pages < 2) return;
  const Address head = (1 + random.below(pages - 1)) * kPageSize;
  Syscall tail = input.sequence[at].call;
  *length_of(input.sequence[at].call) = head;
  *address_of(tail) = range.start + head;
  *length_of(tail) = range.size() - head;
  if (auto* mmap = std::get_if<spec::Mmap>(&tail)) mmap->offset += head;
  insert_at(input.sequence, at + 1, std::move(tail));
}

// --- one argument -------------------------------------------------------------------------------

void move_to_boundary(Input& input, Random& random) {
  const std::size_t at =
      pick(input.sequence, random, [](Syscall& c) { return address_of(c) != nullptr; });
  if (at == kNone) return;
  *address_of(input.sequence[at].call) = boundary(input.sequence, random);
}

void resize(Input& input, Random& random) {
  const std::size_t at =
      pick(input.sequence, random, [](Syscall& c) { return length_of(c) != nullptr; });
  if (at == kNone) return;
  Syscall& call = input.sequence[at].call;
  Address& length = *length_of(call);
  switch (random.below(6)) {
    case 0:
      length += kPageSize;
      break;
    case 1:
      length -= kPageSize;
      break;
    case 2:
      length = (1 + random.below(8)) * kPageSize;
      break;
    case 3:
      length = random.one_in(4) ? spec::kHugePageSize : kPageSize;
      break;
    default:
      if (const Address end = boundary(input.sequence, random); end > *address_of(call)) {
        length = end - *address_of(call);
      }
      break;
  }
}

/// Flags that are equal to another mapping's: without them nothing merges.
void repeat_flags(Input& input, Random& random) {
  const std::size_t from = pick_mmap(input.sequence, random);
  const std::size_t to =
      pick(input.sequence, random, [](Syscall& c) { return prot_of(c) != nullptr; });
  if (from == kNone || to == kNone || from == to) return;
  const auto& source = std::get<spec::Mmap>(input.sequence[from].call);
  *prot_of(input.sequence[to].call) = source.prot;
  if (auto* target = std::get_if<spec::Mmap>(&input.sequence[to].call)) {
    target->flags = source.flags;
    target->file = source.file;
    target->offset = source.offset + (target->addr - source.addr);
  }
}

/// The arguments of a random call of the same kind, but for where it is.
void reroll(Input& input, Random& random) {
  if (input.sequence.empty()) return;
  Syscall& call =
      input.sequence[static_cast<std::size_t>(random.below(input.sequence.size()))].call;
  for (int attempt = 0; attempt < 32; ++attempt) {
    auto made = random_step(random);
    if (!made || made->call.index() != call.index()) continue;
    if (Address* address = address_of(call); address != nullptr) {
      *address_of(made->call) = *address;
    }
    if (Address* length = length_of(call); length != nullptr && !random.one_in(4)) {
      *length_of(made->call) = *length;
    }
    call = std::move(made->call);
    return;
  }
}

void change_prot(Input& input, Random& random) {
  const std::size_t at =
      pick(input.sequence, random, [](Syscall& c) { return prot_of(c) != nullptr; });
  if (at == kNone) return;
  *prot_of(input.sequence[at].call) = random.below(8);
}

void flip_map_flag(Input& input, Random& random) {
  static constexpr std::array kFlags{
      spec::kMapFixed,      spec::kMapFixedNoreplace, spec::kMapAnonymous,
      spec::kMapNoreserve,  spec::kMapStack,          spec::kMapShared | spec::kMapPrivate,
      spec::kMapExecutable, spec::kMapSync,           spec::kMapUninitialized};
  const std::size_t at = pick_mmap(input.sequence, random);
  if (at == kNone) return;
  std::get<spec::Mmap>(input.sequence[at].call).flags ^=
      kFlags[static_cast<std::size_t>(random.below(kFlags.size()))];
}

void change_file(Input& input, Random& random) {
  const std::size_t at = pick_mmap(input.sequence, random);
  if (at == kNone) return;
  auto& call = std::get<spec::Mmap>(input.sequence[at].call);
  const auto classes = spec::mappable_file_classes();
  const auto cls = classes[static_cast<std::size_t>(random.below(classes.size()))];
  call.file = {cls, static_cast<std::uint32_t>(random.below(2))};
  call.flags &= ~spec::kMapAnonymous;
  if (random.one_in(2)) call.offset = random.below(spec::kFileSizePages + 2) * kPageSize;
}

/// What a careless or hostile user passes: unaligned, at an edge of the address space, zero, huge.
void wild_argument(Input& input, Random& random) {
  if (input.sequence.empty()) return;
  Syscall& call =
      input.sequence[static_cast<std::size_t>(random.below(input.sequence.size()))].call;
  Address* address = address_of(call);
  Address* length = length_of(call);
  const Address place = kPlaces[static_cast<std::size_t>(random.below(kPlaces.size()))];
  switch (random.below(5)) {
    case 0:
      if (address != nullptr) *address = place;
      break;
    case 1:
      if (address != nullptr) *address += 1 + random.below(kPageSize - 1);
      break;
    case 2:
      if (length != nullptr) *length += 1 + random.below(kPageSize - 1);
      break;
    case 3:
      if (length != nullptr) *length = place;
      break;
    default:
      if (auto* mmap = std::get_if<spec::Mmap>(&call)) mmap->offset = place;
      break;
  }
}

void change_profile(Input& input, Random& random) {
  const std::size_t count = spec::profiles().size();
  input.profile = (input.profile + 1 + static_cast<std::size_t>(random.below(count - 1))) % count;
}

// To add a mutation: a row.
constexpr std::array kMutations{
    Mutation{"insert call", 4, insert_call},
    Mutation{"insert neighbour", 6, insert_neighbour},
    Mutation{"insert KSM call", 3, insert_ksm},
    Mutation{"insert touch", 3, insert_touch},
    Mutation{"insert generated calls", 3, insert_generated},
    Mutation{"delete stretch", 5, delete_stretch},
    Mutation{"duplicate stretch", 2, duplicate_stretch},
    Mutation{"swap calls", 2, swap_calls},
    Mutation{"split call", 2, split_call},
    Mutation{"move to boundary", 5, move_to_boundary},
    Mutation{"resize", 4, resize},
    Mutation{"repeat flags", 4, repeat_flags},
    Mutation{"reroll arguments", 2, reroll},
    Mutation{"change protection", 2, change_prot},
    Mutation{"flip map flag", 2, flip_map_flag},
    Mutation{"change file", 2, change_file},
    Mutation{"wild argument", 2, wild_argument},
    Mutation{"change profile", 1, change_profile},
};

}  // namespace

std::span<const Mutation> mutations() { return kMutations; }

}  // namespace vmadiff::fuzz
