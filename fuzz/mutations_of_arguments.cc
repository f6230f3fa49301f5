// fuzz: the mutations that change one argument of one call, mostly to a value that another call
// has.
#include <array>
#include <cstddef>
#include <utility>

#include "fuzz/mutations.h"
#include "fuzz/places.h"
#include "fuzz/sequence_edit.h"

namespace vmadiff::fuzz {
namespace {

using spec::Address;
using spec::kPageSize;
using spec::Syscall;

void move_to_boundary(Input& input, Random& random) {
  const std::size_t at =
      pick(input.sequence, random, [](Syscall& c) { return address_of(c) != nullptr; });
  if (at == kNoStep) return;
  *address_of(input.sequence[at].call) = boundary(input.sequence, random);
}

void resize(Input& input, Random& random) {
  const std::size_t at =
      pick(input.sequence, random, [](Syscall& c) { return length_of(c) != nullptr; });
  if (at == kNoStep) return;
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
  if (from == kNoStep || to == kNoStep || from == to) return;
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
    call = made->call;
    return;
  }
}

void change_prot(Input& input, Random& random) {
  const std::size_t at =
      pick(input.sequence, random, [](Syscall& c) { return prot_of(c) != nullptr; });
  if (at == kNoStep) return;
  *prot_of(input.sequence[at].call) = random.below(8);
}

void flip_map_flag(Input& input, Random& random) {
  static constexpr std::array kFlags{
      spec::kMapFixed,      spec::kMapFixedNoreplace, spec::kMapAnonymous,
      spec::kMapNoreserve,  spec::kMapStack,          spec::kMapShared | spec::kMapPrivate,
      spec::kMapExecutable, spec::kMapSync,           spec::kMapUninitialized};
  const std::size_t at = pick_mmap(input.sequence, random);
  if (at == kNoStep) return;
  std::get<spec::Mmap>(input.sequence[at].call).flags ^=
      kFlags[static_cast<std::size_t>(random.below(kFlags.size()))];
}

void change_file(Input& input, Random& random) {
  const std::size_t at = pick_mmap(input.sequence, random);
  if (at == kNoStep) return;
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

// To add a mutation: a row here, or in mutations_of_calls.cc.
constexpr std::array kOfArguments{
    Mutation{"move to boundary", 5, move_to_boundary}, Mutation{"resize", 4, resize},
    Mutation{"repeat flags", 4, repeat_flags},         Mutation{"reroll arguments", 2, reroll},
    Mutation{"change protection", 2, change_prot},     Mutation{"flip map flag", 2, flip_map_flag},
    Mutation{"change file", 2, change_file},           Mutation{"wild argument", 2, wild_argument},
    Mutation{"change profile", 1, change_profile},
};

}  // namespace

std::span<const Mutation> argument_mutations() { return kOfArguments; }

}  // namespace vmadiff::fuzz
