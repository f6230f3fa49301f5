// fuzz: the structure-aware mutator and cross-over.
#include "fuzz/mutator.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fuzz/mutations.h"
#include "fuzz/random.h"

namespace vmadiff::fuzz {
namespace {

/// One mutation in this many is left to the byte mutator.
constexpr std::uint64_t kByteMutationsOneIn = 16;
/// How often a mutation that changed nothing is followed by another try.
constexpr int kAttempts = 16;

const Mutation& choose(Random& random) {
  const std::array tables{call_mutations(), argument_mutations()};
  unsigned total = 0;
  for (const auto& table : tables) {
    for (const Mutation& mutation : table) total += mutation.weight;
  }
  std::uint64_t at = random.below(total);
  for (const auto& table : tables) {
    for (const Mutation& mutation : table) {
      if (at < mutation.weight) return mutation;
      at -= mutation.weight;
    }
  }
  return call_mutations().front();
}

/// Changes the encoded calls; version and profile stay, so that the result is read the same way.
std::vector<std::uint8_t> mutate_bytes(const Input& input, std::size_t size_max,
                                       const ByteMutator& byte_mutator) {
  constexpr std::size_t kHeader = 2;
  std::vector<std::uint8_t> bytes = encode(input, size_max);
  const std::size_t size = bytes.size();
  bytes.resize(size_max);
  const std::size_t changed =
      byte_mutator(bytes.data() + kHeader, size - kHeader, size_max - kHeader);
  bytes.resize(kHeader + std::min(changed, size_max - kHeader));
  return bytes;
}

}  // namespace

std::vector<std::uint8_t> mutate(std::span<const std::uint8_t> bytes, std::size_t size_max,
                                 std::uint32_t seed, const ByteMutator& byte_mutator) {
  Random random{seed};
  const Input before = decode(bytes);
  if (byte_mutator && size_max > 16 && random.one_in(kByteMutationsOneIn)) {
    auto changed = mutate_bytes(before, size_max, byte_mutator);
    if (decode(changed) != before) return changed;
  }
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Input after = before;
    do choose(random).apply(after, random);
    while (random.one_in(3));
    auto encoded = encode(after, size_max);
    if (decode(encoded) != before) return encoded;
  }
  // A full input that only ever grew: make room at its end.
  Input shorter = before;
  if (!shorter.sequence.empty()) shorter.sequence.pop_back();
  shorter.profile = (shorter.profile + 1) % spec::profiles().size();
  return encode(shorter, size_max);
}

std::vector<std::uint8_t> cross_over(std::span<const std::uint8_t> first,
                                     std::span<const std::uint8_t> second, std::size_t size_max,
                                     std::uint32_t seed) {
  Random random{seed};
  const Input a = decode(first);
  const Input b = decode(second);
  const auto cut = [&](const Input& input) {
    return static_cast<std::ptrdiff_t>(random.below(input.sequence.size() + 1));
  };
  Input child{.profile = random.one_in(2) ? a.profile : b.profile, .sequence = {}};
  auto& out = child.sequence;
  const auto& from_a = a.sequence;
  const auto& from_b = b.sequence;
  switch (random.below(3)) {
    case 0:  // head and tail
      out.assign(from_a.begin(), from_a.begin() + cut(a));
      out.insert(out.end(), from_b.begin() + cut(b), from_b.end());
      break;
    case 1: {  // a stretch of b inside a
      auto [low, high] = std::minmax({cut(b), cut(b)});
      out = from_a;
      out.insert(out.begin() + cut(a), from_b.begin() + low, from_b.begin() + high);
      break;
    }
    default: {  // both in their order, mixed
      auto next_a = from_a.begin();
      auto next_b = from_b.begin();
      while (next_a != from_a.end() || next_b != from_b.end()) {
        const bool take_a = next_b == from_b.end() || (next_a != from_a.end() && random.one_in(2));
        out.push_back(take_a ? *next_a++ : *next_b++);
      }
      break;
    }
  }
  return encode(child, size_max);
}

}  // namespace vmadiff::fuzz
