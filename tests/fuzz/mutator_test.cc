// The mutator's promises: it changes things, within the size given, the same way for the same seed.
#include "fuzz/mutator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "fuzz/decode.h"
#include "fuzz/mutations.h"
#include "support.h"

namespace vmadiff::fuzz {
namespace {

constexpr std::string_view kTwoMappings =
    "mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n"
    "mprotect(0x100000001000, 0x1000, PROT_READ)\n"
    "mmap(0x100000004000, 0x4000, PROT_READ, MAP_PRIVATE|MAP_FIXED, file:1, 0x1000)\n";

bool is_modelled(const Input& input) {
  return std::ranges::none_of(input.sequence, [](const spec::Step& step) {
    return spec::unmodelled_reason(step.call).has_value();
  });
}

TEST(Mutator, changes_the_input_and_stays_within_the_size) {
  Bytes bytes = bytes_of(kTwoMappings);
  for (std::uint32_t seed = 0; seed < 20000; ++seed) {
    const std::size_t size_max = 64 + seed % 500;
    const Bytes changed = mutate(bytes, size_max, seed);
    ASSERT_GE(changed.size(), 2U);
    ASSERT_LE(changed.size(), size_max);
    ASSERT_NE(decode(changed), decode(bytes)) << seed;
    ASSERT_TRUE(is_modelled(decode(changed)));
    bytes = seed % 100 == 99 ? random_binary(seed, 200) : changed;
  }
}

TEST(Mutator, accepts_any_size_limit_from_one_byte) {
  for (std::size_t size_max = 1; size_max < 64; ++size_max) {
    for (std::uint32_t seed = 0; seed < 50; ++seed) {
      const Bytes changed = mutate(random_binary(seed, 100), size_max, seed);
      EXPECT_GE(changed.size(), 1U);
      EXPECT_LE(changed.size(), size_max);
      const Bytes child = cross_over(random_binary(seed, 80), changed, size_max, seed);
      EXPECT_GE(child.size(), 1U);
      EXPECT_LE(child.size(), size_max);
    }
  }
}

TEST(Mutator, is_a_function_of_its_seed) {
  const Bytes bytes = bytes_of(kTwoMappings);
  std::size_t different = 0;
  for (std::uint32_t seed = 0; seed < 500; ++seed) {
    EXPECT_EQ(mutate(bytes, 400, seed), mutate(bytes, 400, seed));
    if (mutate(bytes, 400, seed) != mutate(bytes, 400, seed + 1)) ++different;
  }
  EXPECT_GT(different, 450U);
}

TEST(Mutator, leaves_some_mutations_to_the_byte_mutator_and_keeps_the_header) {
  const Bytes bytes = encode(input_of(kTwoMappings));
  std::size_t calls = 0;
  const ByteMutator flip = [&](std::uint8_t* data, std::size_t size, std::size_t size_max) {
    ++calls;
    EXPECT_GE(size_max, size);
    data[0] ^= 1;
    return size;
  };
  for (std::uint32_t seed = 0; seed < 1000; ++seed) {
    const Bytes changed = mutate(bytes, 200, seed, flip);
    EXPECT_EQ(changed.front(), kCodecVersion);
    EXPECT_NE(decode(changed), decode(bytes));
  }
  EXPECT_GT(calls, 20U);
  EXPECT_LT(calls, 200U);
}

TEST(Mutator, every_mutation_changes_things_often_and_never_leaves_the_modelled_calls) {
  std::vector<Mutation> all{call_mutations().begin(), call_mutations().end()};
  all.insert(all.end(), argument_mutations().begin(), argument_mutations().end());
  for (const Mutation& mutation : all) {
    SCOPED_TRACE(mutation.name);
    std::size_t changed = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const Input before = input_of(kTwoMappings);
      Input after = before;
      Random random{seed};
      mutation.apply(after, random);
      EXPECT_TRUE(is_modelled(after));
      EXPECT_LT(after.profile, spec::profiles().size());
      if (after != before) ++changed;
    }
    EXPECT_GT(changed, 60U);
    Input nothing;
    Random random{1};
    mutation.apply(nothing, random);  // an empty sequence is no reason to fall over
    EXPECT_TRUE(is_modelled(nothing));
  }
}

TEST(Mutator, makes_a_neighbour_that_could_merge) {
  const Mutation* neighbour = nullptr;
  for (const Mutation& mutation : call_mutations()) {
    if (mutation.name == "insert neighbour") neighbour = &mutation;
  }
  ASSERT_NE(neighbour, nullptr);
  bool before = false;
  bool behind = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Input input =
        input_of("mmap(0x100000004000, 0x4000, PROT_READ, MAP_PRIVATE, file:1, 0x8000)\n");
    Random random{seed};
    neighbour->apply(input, random);
    ASSERT_EQ(input.sequence.size(), 2U);
    const auto& made = std::get<spec::Mmap>(input.sequence[1].call);
    EXPECT_EQ(made.addr - 0x100000004000, made.offset - 0x8000);
    EXPECT_EQ(made.file, (spec::FileId{spec::FileClass::kFile, 1}));
    behind |= made.addr == 0x100000008000;
    before |= made.addr + made.length == 0x100000004000;
  }
  EXPECT_TRUE(before);
  EXPECT_TRUE(behind);
}

TEST(CrossOver, takes_calls_from_both) {
  const Bytes first = bytes_of("brk(0x1000)\nbrk(0x2000)\nbrk(0x3000)\n");
  const Bytes second = bytes_of("# profile: patch-v2\nmunmap(0x1000, 0)\nmunmap(0x2000, 0)\n");
  std::size_t mixed = 0;
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const Bytes child = cross_over(first, second, 200, seed);
    EXPECT_EQ(child, cross_over(first, second, 200, seed));
    bool from_first = false;
    bool from_second = false;
    for (const spec::Step& step : decode(child).sequence) {
      from_first |= std::holds_alternative<spec::Brk>(step.call);
      from_second |= std::holds_alternative<spec::Munmap>(step.call);
    }
    if (from_first && from_second) ++mixed;
  }
  EXPECT_GT(mixed, 120U);
}

}  // namespace
}  // namespace vmadiff::fuzz
