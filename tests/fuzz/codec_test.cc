// The byte codec: total, and the identity on what it wrote.
#include "fuzz/codec.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "fuzz/decode.h"
#include "fuzz/places.h"
#include "spec/setup.h"
#include "support.h"

namespace vmadiff::fuzz {
namespace {

using spec::Syscall;

spec::Sequence sequence_of(std::initializer_list<Syscall> calls) {
  spec::Sequence sequence;
  for (const Syscall& call : calls)
    sequence.push_back({.process = 0, .call = call, .expected = {}});
  return sequence;
}

void expect_round_trip(const Input& input) {
  const Input again = decode(encode(input));
  ASSERT_EQ(again.sequence.size(), input.sequence.size());
  EXPECT_EQ(again.profile, input.profile);
  for (std::size_t i = 0; i < input.sequence.size(); ++i) {
    EXPECT_EQ(again.sequence[i], input.sequence[i]) << spec::text(input.sequence[i]);
  }
}

TEST(Codec, every_byte_string_decodes_to_modelled_calls_that_round_trip) {
  std::set<std::size_t> calls_seen;
  std::set<std::size_t> profiles_seen;
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    const Bytes bytes = seed % 8 == 0 ? random_bytes(seed, 300) : random_binary(seed, 300);
    const Input input = decode(bytes);
    ASSERT_LT(input.profile, spec::profiles().size());
    ASSERT_LE(input.sequence.size(), kStepsMax);
    for (const spec::Step& step : input.sequence) {
      ASSERT_EQ(spec::unmodelled_reason(step.call), std::nullopt) << spec::text(step);
      ASSERT_LT(step.process, 16);
      ASSERT_EQ(step.expected, std::nullopt);
      calls_seen.insert(step.call.index());
    }
    profiles_seen.insert(input.profile);
    ASSERT_EQ(decode(encode(input)), input) << trace_of(input);
  }
  EXPECT_EQ(calls_seen.size(), std::variant_size_v<Syscall>);
  EXPECT_EQ(profiles_seen.size(), spec::profiles().size());
}

TEST(Codec, any_argument_value_round_trips) {
  std::vector<std::uint64_t> values{kPlaces.begin(), kPlaces.end()};
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t near : {0ULL, 1ULL, 0xfffULL, 0x1000ULL}) {
      values.push_back((1ULL << bit) + near);
      values.push_back((1ULL << bit) - near);
    }
  }
  for (const std::uint64_t base : {kArenaStart, kHeapStart, kMmapTop}) {
    for (const std::uint64_t pages :
         {0U, 1U, 31U, 32U, 127U, 128U, 255U, 256U, 512U, 513U, 65535U, 65536U, 131072U}) {
      for (const std::uint64_t bytes : {0U, 1U, 4095U}) {
        values.push_back(base + pages * spec::kPageSize + bytes);
        values.push_back(base - pages * spec::kPageSize - bytes);
        values.push_back(pages * spec::kPageSize + bytes);
      }
    }
  }
  for (const std::uint64_t value : values) {
    const auto flags = value & spec::kMapModelled;
    Input input;
    input.sequence = sequence_of({
        spec::Mmap{value, value, value, flags, {spec::FileClass::kZero, 3}, value},
        spec::Munmap{value, ~value},
        spec::Mprotect{~value, value, value},
        spec::Brk{value},
        spec::Prctl{spec::kPrSetMemoryMerge, value, 0, 0, 0},
        spec::Prctl{spec::kPrGetMemoryMerge, value, 0, value, 0},
        spec::Touch{value, value, spec::Access::kWrite},
        spec::Mremap{value, ~value, value, value, ~value},
        spec::Mlock2{value, value, ~value},
        spec::Mlockall{value},
        spec::Munlockall{},
        spec::Mseal{value, 0, value},
        spec::PkeyMprotect{value, value, value, -1},
        spec::PkeyMprotect{value, value, value, static_cast<std::int32_t>(value)},
        spec::PkeyAlloc{value, ~value},
        spec::PkeyFree{static_cast<std::int32_t>(value)},
        spec::Shmat{value, ~value, value},
        spec::Shmdt{value},
        spec::RemapFilePages{value, value, value, value, value},
        spec::Setrlimit{spec::kRlimitMemlock, value},
    });
    const Syscall madvise = spec::Madvise{value, value, static_cast<std::int32_t>(value)};
    if (!spec::unmodelled_reason(madvise)) input.sequence.push_back({0, madvise, {}});
    expect_round_trip(input);
  }
}

TEST(Codec, every_pair_of_map_flags_round_trips_with_every_type) {
  std::vector<std::uint64_t> combinations;
  for (std::uint64_t type = 0; type <= spec::kMapType; ++type) {
    for (unsigned one = 4; one < 64; ++one) {
      for (unsigned other = one; other < 64; ++other) {
        combinations.push_back((type | 1ULL << one | 1ULL << other) & spec::kMapModelled);
      }
    }
  }
  for (const std::uint64_t flags : combinations) {
    Input input;
    input.sequence = sequence_of({spec::Mmap{0, 0, 0, flags, {}, 0}});
    ASSERT_EQ(decode(encode(input)), input) << std::hex << flags;
  }
}

TEST(Codec, every_process_round_trips) {
  for (spec::ProcessId process = 0; process < 16; ++process) {
    Input input;
    input.sequence = {spec::Step{process, spec::Brk{0}, {}}, spec::Step{process, spec::Brk{1}, {}}};
    expect_round_trip(input);
  }
}

TEST(Codec, every_file_and_every_profile_round_trips) {
  for (std::size_t profile = 0; profile < spec::profiles().size(); ++profile) {
    for (const spec::FileClass cls : spec::mappable_file_classes()) {
      for (std::uint32_t number = 0; number < spec::kFilesPerClass; ++number) {
        Input input{.profile = profile, .sequence = {}};
        input.sequence = sequence_of({spec::Mmap{0, 4096, 1, 2, {cls, number}, 0}});
        expect_round_trip(input);
      }
    }
  }
}

TEST(Codec, usual_calls_are_short) {
  const Input input = input_of(
      "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
      "mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, "
      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
      "munmap(0x100000001000, 0x1000)\n"
      "brk(0x20022000)\n"
      "touch(0x100000000000, 0x1000, WRITE)\n");
  EXPECT_EQ(encode(input).size(), 2U + 6 + 7 + 3 + 2 + 4);
}

TEST(Codec, another_first_byte_is_trace_text_and_bad_lines_are_left_out) {
  const Input input = input_of(
      "# profile: patch-v2\n"
      "munmap(0x1000, 0x1000) = 0\n"
      "no such call\n"
      "brk(NULL)\n");
  EXPECT_EQ(input.kernel_profile().name, "patch-v2");
  EXPECT_EQ(input.sequence, sequence_of({spec::Munmap{0x1000, 0x1000}, spec::Brk{0}}));
  EXPECT_EQ(decode({}).kernel_profile().name, spec::kDefaultProfileName);
  EXPECT_EQ(input_of("# profile: linux-2.4\n").kernel_profile().name, spec::kDefaultProfileName);
}

TEST(Codec, a_call_that_the_end_cuts_off_is_dropped) {
  Input input;
  input.sequence = sequence_of({spec::Brk{0}, spec::Munmap{0x1234567, 0x1000}});
  Bytes bytes = encode(input);
  bytes.pop_back();
  EXPECT_EQ(decode(bytes).sequence, sequence_of({spec::Brk{0}}));
}

TEST(Codec, size_limit_leaves_out_calls_from_the_end) {
  Input input;
  input.sequence = sequence_of({spec::Brk{0}, spec::Brk{1}, spec::Munmap{0x1234567, 0x1000}});
  const std::size_t whole = encode(input).size();
  for (std::size_t size_max = 0; size_max <= whole; ++size_max) {
    const Bytes bytes = encode(input, size_max);
    EXPECT_LE(bytes.size(), size_max);
    const auto read = decode(bytes).sequence;
    EXPECT_EQ(read.size(), size_max < 4 ? 0U : size_max < 6 ? 1U : size_max < whole ? 2U : 3U);
  }
  input.sequence.assign(kStepsMax + 5, spec::Step{});
  EXPECT_EQ(decode(encode(input)).sequence.size(), kStepsMax);
}

TEST(Codec, anchors_are_those_of_the_standard_set_up) {
  const spec::Setup setup = spec::Setup::standard();
  EXPECT_EQ(kHeapStart, setup.start_brk);
  EXPECT_EQ(kMmapTop, setup.mmap_base);
  EXPECT_LE(kPlaces.size(), 32U);
}

TEST(Decode, trace_has_the_profile_and_the_calls_that_are_run) {
  const Bytes bytes =
      encode(input_of("# profile: linux-6.12\n"
                      "munmap(0x20000000, 0x1000)\n"  // the program itself: not run
                      "touch(0x100000000000, 0x1000, READ)\n"));
  EXPECT_EQ(trace_from_bytes(bytes),
            "# profile: linux-6.12\n"
            "touch(0x100000000000, 0x1000, READ)\n");
}

}  // namespace
}  // namespace vmadiff::fuzz
