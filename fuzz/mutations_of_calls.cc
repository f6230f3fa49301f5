// fuzz: the mutations that insert, delete or move whole calls. What makes a sequence interesting is
// that its calls meet: the same boundaries, the same flags, contiguous offsets. So a new call is
// made from another one more often than it is invented.
#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "fuzz/mutations.h"
#include "fuzz/sequence_edit.h"
#include "properties/generate/generator.h"

namespace vmadiff::fuzz {
namespace {

using spec::Address;
using spec::kPageSize;
using spec::Range;
using spec::Sequence;
using spec::Step;
using spec::Syscall;

void insert_call(Input& input, Random& random) {
  auto step = random_step(random);
  if (!step) return;
  if (Address* address = address_of(step->call); address != nullptr && !random.one_in(4)) {
    *address = boundary(input.sequence, random);
  }
  insert_at(input.sequence, place_to_insert(input.sequence, random), step->call);
}

/// Maps more of the same right before or behind a mapping: where the two should merge.
void insert_neighbour(Input& input, Random& random) {
  const std::size_t at = pick_mmap(input.sequence, random);
  if (at == kNoStep) return insert_call(input, random);
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
  insert_behind(input.sequence, at, random, call);
}

void insert_ksm(Input& input, Random& random) {
  const std::size_t at = pick_range(input.sequence, random);
  const bool on = random.one_in(2);
  if (at == kNoStep || random.one_in(2)) {
    const spec::Prctl call{.arg2 = on ? 1U : 0U};
    return insert_at(input.sequence, place_to_insert(input.sequence, random), call);
  }
  const Range part = part_of(*usable_range(input.sequence[at].call), random);
  insert_behind(
      input.sequence, at, random,
      spec::Madvise{part.start, part.size(), on ? spec::kMadvMergeable : spec::kMadvUnmergeable});
}

/// A write gives a private mapping its anon_vma, on which merging depends.
void insert_touch(Input& input, Random& random) {
  const std::size_t at = pick_range(input.sequence, random);
  if (at == kNoStep) return;
  const Range part = part_of(*usable_range(input.sequence[at].call), random);
  const auto access = random.one_in(4) ? spec::Access::kRead : spec::Access::kWrite;
  insert_behind(input.sequence, at, random, spec::Touch{part.start, part.size(), access});
}

/// Protects part of a mapping in another way, and mostly sets it right again later: what was split
/// should then merge, unless a fault came in between.
void insert_protect(Input& input, Random& random) {
  const std::size_t at = pick_mmap(input.sequence, random);
  if (at == kNoStep) return;
  const auto prot = std::get<spec::Mmap>(input.sequence[at].call).prot;
  const auto range = usable_range(input.sequence[at].call);
  if (!range) return;
  const Range part = part_of(*range, random);
  if (!random.one_in(3)) {
    insert_behind(input.sequence, at, random, spec::Mprotect{part.start, part.size(), prot});
  }
  if (!random.one_in(3)) {
    insert_at(input.sequence, at + 1,
              spec::Mprotect{part.start, part.size(), prot ^ (1 + random.below(7))});
  }
}

/// A few calls as campaigns make them.
void insert_generated(Input& input, Random& random) {
  const auto classes = spec::mappable_file_classes();
  properties::GeneratorOptions options;
  options.setup = spec::Setup::standard();
  options.file_classes.assign(classes.begin(), classes.end());
  options.length_max = 8;
  options.openings = false;
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
  if (at == kNoStep) return;
  const Range range = *usable_range(input.sequence[at].call);
  const Address pages = range.size() / kPageSize;
  if (pages < 2) return;
  const Address head = (1 + random.below(pages - 1)) * kPageSize;
  Syscall tail = input.sequence[at].call;
  *length_of(input.sequence[at].call) = head;
  *address_of(tail) = range.start + head;
  *length_of(tail) = range.size() - head;
  if (auto* mmap = std::get_if<spec::Mmap>(&tail)) mmap->offset += head;
  insert_at(input.sequence, at + 1, tail);
}

// To add a mutation: a row here, or in mutations_of_arguments.cc.
constexpr std::array kOfCalls{
    Mutation{"insert call", 4, insert_call},
    Mutation{"insert neighbour", 6, insert_neighbour},
    Mutation{"insert KSM call", 3, insert_ksm},
    Mutation{"insert touch", 4, insert_touch},
    Mutation{"insert protection and back", 4, insert_protect},
    Mutation{"insert generated calls", 3, insert_generated},
    Mutation{"delete stretch", 5, delete_stretch},
    Mutation{"duplicate stretch", 2, duplicate_stretch},
    Mutation{"swap calls", 2, swap_calls},
    Mutation{"split call", 2, split_call},
};

}  // namespace

std::span<const Mutation> call_mutations() { return kOfCalls; }

}  // namespace vmadiff::fuzz
