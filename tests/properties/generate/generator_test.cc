// tests/properties: what the generator promises.
#include "properties/generate/generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <string>

#include "../support.h"
#include "impl/implementation.h"
#include "model/model.h"
#include "properties/claims/ksm_calls.h"
#include "properties/generate/opening.h"
#include "properties/generate/setups.h"
#include "spec/setup_text.h"

namespace vmadiff::properties {
namespace {

constexpr std::uint64_t kSequences = 2000;

template <typename Visit>
void each_step(const GeneratorOptions& options, const Visit& visit,
               std::uint64_t sequences = kSequences) {
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < sequences; ++i) {
    generate(sequence_seed(3, i), options, sequence);
    for (const spec::Step& step : sequence) visit(step);
  }
}

TEST(Generator, EqualSeedsGiveEqualSequencesWhateverWasInTheBuffer) {
  const auto options = generator_options();
  spec::Sequence a;
  spec::Sequence b;
  generate(sequence_seed(1, 5), options, a);
  generate(sequence_seed(1, 6), options, b);
  EXPECT_NE(a, b);
  generate(sequence_seed(1, 5), options, b);
  EXPECT_EQ(a, b);
}

TEST(Generator, SeedsOfDifferentIndexesAndRunsDiffer) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t run = 0; run < 50; ++run) {
    for (std::uint64_t i = 0; i < 50; ++i) seeds.insert(sequence_seed(run, i));
  }
  EXPECT_EQ(seeds.size(), 2500U);
  EXPECT_FALSE(seeds.contains(0));
}

std::size_t families(const spec::Sequence& sequence) {
  std::set<std::size_t> kinds;
  for (const spec::Step& step : sequence) kinds.insert(step.call.index());
  return kinds.size();
}

TEST(Generator, WithoutSwarmingASequenceHasMoreKindsOfCalls) {
  auto options = generator_options();
  options.openings = false;
  options.length_min = options.length_max = 64;
  spec::Sequence sequence;
  std::size_t drawn = 0;
  std::size_t all = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    options.swarming = Swarming::kCalls;
    generate(sequence_seed(1, i), options, sequence);
    drawn += families(sequence);
    options.swarming = Swarming::kNone;
    generate(sequence_seed(1, i), options, sequence);
    all += families(sequence);
  }
  EXPECT_GT(all, drawn + drawn / 4);
}

TEST(Generator, ArenasOfManySizesAreDrawn) {
  auto options = generator_options();
  options.swarming = Swarming::kCallsAndArena;
  // The extent of what is mapped at fixed addresses of the arena, by powers of two of pages.
  std::set<int> sizes;
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < 300; ++i) {
    generate(sequence_seed(1, i), options, sequence);
    std::uint64_t highest = 0;
    for (const spec::Step& step : sequence) {
      const auto* mmap = std::get_if<spec::Mmap>(&step.call);
      if (mmap == nullptr || mmap->addr < kArena || mmap->addr >= kArena + spec::kHugePageSize) {
        continue;
      }
      highest = std::max(highest, (mmap->addr - kArena) / spec::kPageSize);
    }
    sizes.insert(static_cast<int>(std::bit_width(highest)));
  }
  EXPECT_TRUE(sizes.contains(3));
  EXPECT_TRUE(sizes.contains(9));
}

/// How many of the calls are of that kind.
std::size_t calls_of_kind(const GeneratorOptions& options, std::size_t kind) {
  std::size_t count = 0;
  each_step(options, [&](const spec::Step& step) { count += step.call.index() == kind ? 1 : 0; });
  return count;
}

TEST(Generator, FavouredCallsComeMoreOften) {
  const auto plain = generator_options();
  for (const spec::Syscall& call :
       {spec::Syscall{spec::Mremap{}}, spec::Syscall{spec::Mlock{}}, spec::Syscall{spec::Madvise{}},
        spec::Syscall{spec::Mseal{}}, spec::Syscall{spec::Setrlimit{}},
        spec::Syscall{spec::RemapFilePages{}}, spec::Syscall{spec::Fork{}},
        spec::Syscall{spec::UffdRegister{}}, spec::Syscall{spec::Mbind{}},
        spec::Syscall{spec::Brk{}}}) {
    auto options = plain;
    options.favoured = std::uint64_t{1} << call.index();
    EXPECT_GT(calls_of_kind(options, call.index()), calls_of_kind(plain, call.index()))
        << spec::name(call);
  }
}

TEST(Generator, MergeableMappingsOnRequest) {
  const auto count = [](const GeneratorOptions& options) {
    std::size_t mergeable = 0;
    each_step(options, [&](const spec::Step& step) {
      const auto* madvise = std::get_if<spec::Madvise>(&step.call);
      mergeable += madvise != nullptr && madvise->advice == spec::kMadvMergeable ? 1 : 0;
    });
    return mergeable;
  };
  auto options = generator_options();
  const std::size_t plain = count(options);
  options.favour_madvised = true;
  EXPECT_GT(count(options), 2 * plain);
  std::size_t unmergeable = 0;
  each_step(options, [&](const spec::Step& step) {
    const auto* madvise = std::get_if<spec::Madvise>(&step.call);
    unmergeable += madvise != nullptr && madvise->advice == spec::kMadvUnmergeable ? 1 : 0;
  });
  EXPECT_GT(unmergeable, plain);
}

TEST(Generator, LengthIsKnownBeforeAndWithinBounds) {
  auto options = generator_options();
  options.length_min = 3;
  options.length_max = 9;
  options.openings = false;
  std::set<std::size_t> lengths;
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < 500; ++i) {
    const auto seed = sequence_seed(1, i);
    generate(seed, options, sequence);
    EXPECT_EQ(sequence.size(), sequence_length(seed, options));
    lengths.insert(sequence.size());
  }
  EXPECT_EQ(*lengths.begin(), 3U);
  EXPECT_EQ(*lengths.rbegin(), 9U);
  EXPECT_EQ(lengths.size(), 7U);
}

/// The set-up that the sequence is generated for.
spec::Setup setup_of(std::uint64_t seed, const GeneratorOptions& options) {
  const auto own = varied_setup(seed, options.setup, options.setup_variation);
  return own ? *own : options.setup;
}

TEST(Generator, SomeSequencesOpenWithACombOrACrowd) {
  const auto options = generator_options();
  std::size_t combs = 0;
  std::size_t crowds = 0;
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const auto seed = sequence_seed(2, i);
    const Opening opening{seed, setup_of(seed, options), options.teeth_max};
    if (opening.size() == 0 || opening.touches_reserved(options.setup)) continue;
    generate(seed, options, sequence);
    ASSERT_GE(sequence.size(), opening.size() + options.length_min);
    EXPECT_LE(sequence.size(), opening.size() + options.length_max);
    (opening.is_crowded() ? crowds : combs)++;
    for (std::size_t at = 0; at < opening.size(); ++at) {
      EXPECT_FALSE(spec::touches_reserved(options.setup, sequence[at])) << at;
      EXPECT_TRUE(std::holds_alternative<spec::Mmap>(sequence[at].call)) << at;
    }
  }
  EXPECT_GT(combs, 5U);
  EXPECT_GT(crowds, 50U);
}

TEST(Generator, ACombLeavesAMappingForEachTooth) {
  const auto options = generator_options();
  for (std::uint64_t i = 0;; ++i) {
    const auto seed = sequence_seed(3, i);
    const Opening opening{seed, setup_of(seed, options), options.teeth_max};
    if (opening.size() < 200 || opening.touches_reserved(options.setup)) continue;
    spec::Sequence sequence;
    generate(seed, options, sequence);
    sequence.resize(opening.size());
    const auto system = impl::make_implementation(spec::profile_named("linux-6.18").value());
    ASSERT_TRUE(system->start(options.setup));
    for (const auto& step : sequence) EXPECT_TRUE(system->apply(0, step.call).is_ok());
    spec::Snapshot after;
    ASSERT_TRUE(system->snapshot(0, after));
    EXPECT_EQ(after.vmas.size(), options.setup.initial.vmas.size() + opening.size());
    return;
  }
}

TEST(Generator, SomeSequencesBeginInASetupOfTheirOwn) {
  const auto base = spec::Setup::standard();
  std::set<std::string> texts;
  std::size_t varied = 0;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const auto setup = varied_setup(sequence_seed(4, i), base, SetupVariation::kAll);
    if (!setup) continue;
    ++varied;
    texts.insert(spec::setup_text(*setup));
    EXPECT_GT(setup->max_map_count, base.initial.counters.map_count);
    EXPECT_GE(setup->placement_min_addr, setup->mmap_min_addr);
    EXPECT_EQ(setup->initial.vmas.size(), base.initial.vmas.size());
  }
  EXPECT_GT(varied, 800U);
  EXPECT_LT(varied, 1200U);
  EXPECT_GT(texts.size(), 300U);
}

TEST(Generator, AMachineThatCanBeGivenAnotherMapLimitIsGivenNothingElse) {
  const auto base = spec::Setup::standard();
  std::size_t varied = 0;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    auto setup = varied_setup(sequence_seed(4, i), base, SetupVariation::kMapLimit);
    if (!setup) continue;
    ++varied;
    EXPECT_LT(setup->max_map_count, base.initial.counters.map_count + 15);
    setup->max_map_count = base.max_map_count;
    EXPECT_EQ(spec::setup_text(*setup), "");
  }
  EXPECT_GT(varied, 200U);
  EXPECT_LT(varied, 300U);
  EXPECT_FALSE(varied_setup(sequence_seed(4, 0), base, SetupVariation::kNone));
}

TEST(Generator, AMachineWithHugePagesIsGivenAPoolToo) {
  const auto base = spec::Setup::standard();
  std::size_t pools = 0;
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const auto setup = varied_setup(sequence_seed(4, i), base, SetupVariation::kMapLimitAndPool);
    if (!setup || !setup->has_huge_pages()) continue;
    ++pools;
    EXPECT_LE(setup->nr_hugepages + setup->nr_overcommit_hugepages, 9U);
    auto options = generator_options();
    options.setup_variation = SetupVariation::kMapLimitAndPool;
    spec::Sequence sequence;
    generate(sequence_seed(4, i), options, sequence);
    for (const auto& step : sequence)
      EXPECT_FALSE(spec::touches_reserved(options.setup, step)) << text(step.call);
  }
  EXPECT_GT(pools, 150U);
  EXPECT_LT(pools, 300U);
}

TEST(Generator, EveryCallIsModelledAndKeepsAwayFromReservedMemory) {
  auto options = generator_options();
  // A reserved range in the middle of the arena, too: the worst case.
  options.setup.reserved.push_back({page(10), page(12)});
  each_step(options, [&](const spec::Step& step) {
    EXPECT_FALSE(spec::unmodelled_reason(step.call)) << text(step.call);
    EXPECT_FALSE(spec::touches_reserved(options.setup, step)) << text(step.call);
    EXPECT_LT(step.process, 64);
    EXPECT_FALSE(step.expected);
  });
}

TEST(Generator, EveryCallAndEveryFileClassOccurs) {
  std::map<std::string_view, int> calls;
  std::set<spec::FileClass> classes;
  each_step(generator_options(), [&](const spec::Step& step) {
    ++calls[spec::name(step.call)];
    if (const auto* mmap = std::get_if<spec::Mmap>(&step.call)) classes.insert(mmap->file.cls);
  });
  EXPECT_EQ(calls.size(), std::variant_size_v<spec::Syscall>);
  EXPECT_EQ(classes.size(), spec::mappable_file_classes().size() + 1);
}

TEST(Generator, WithoutKsmThereIsNoKsmCall) {
  auto options = generator_options();
  options.ksm_calls = false;
  each_step(options,
            [](const spec::Step& step) { EXPECT_FALSE(is_of_ksm(step.call)) << text(step.call); });
}

TEST(Generator, OffersOnlyTheFilesItIsGiven) {
  auto options = generator_options();
  options.file_classes = {spec::FileClass::kMemfd};
  options.files_per_class = 1;
  each_step(options, [](const spec::Step& step) {
    const auto* mmap = std::get_if<spec::Mmap>(&step.call);
    if (mmap == nullptr) return;
    if (!mmap->file.is_none()) {
      EXPECT_EQ(mmap->file, (spec::FileId{spec::FileClass::kMemfd, 0}));
    }
  });
}

TEST(Generator, AsksForNothingThatAMachineDoesNotGive) {
  using Argument = spec::CallPart::Argument;
  auto options = generator_options();
  options.withheld = {
      {spec::Syscall{spec::Fork{}}.index(), Argument::kAny, 0},
      {spec::Syscall{spec::Mprotect{}}.index(), Argument::kProt, spec::kProtExec},
      {spec::Syscall{spec::Mremap{}}.index(), Argument::kFlags, spec::kMremapDontunmap}};
  std::size_t steps = 0;
  each_step(options, [&](const spec::Step& step) {
    ++steps;
    EXPECT_FALSE(spec::is_of_any(step.call, options.withheld)) << text(step.call);
  });
  EXPECT_GT(steps, kSequences);
}

/// How much of what is generated does something. The shares are facts about the generator, measured
/// with it; the bounds are well below them.
TEST(Generator, KeepsToWhatARealDriverHasAndDoesNotForkItsMappings) {
  auto options = generator_options();
  options.driver_pages = 256;
  spec::Sequence sequence;
  std::size_t mappings = 0;
  std::size_t forks = 0;
  for (std::uint64_t i = 0; i < kSequences; ++i) {
    generate(sequence_seed(3, i), options, sequence);
    bool is_mapped = false;
    for (const spec::Step& step : sequence) {
      if (std::holds_alternative<spec::Fork>(step.call)) {
        ++forks;
        EXPECT_FALSE(is_mapped) << print_trace(sequence);
      }
      const auto* mmap = std::get_if<spec::Mmap>(&step.call);
      if (mmap == nullptr || mmap->file.cls != spec::FileClass::kPfnmap) continue;
      is_mapped = true;
      ++mappings;
      EXPECT_LE(mmap->offset + mmap->length, 256 * spec::kPageSize);
    }
  }
  EXPECT_GT(mappings, 100U);
  EXPECT_GT(forks, 100U);
}

TEST(Generator, NoMremapMakesWhatKsmTakesSecondsToLetGoOf) {
  each_step(generator_options(), [](const spec::Step& step) {
    const auto* mremap = std::get_if<spec::Mremap>(&step.call);
    if (mremap == nullptr) return;
    const bool is_absurd = mremap->new_length >= (spec::Address{1} << 47) - 2 * spec::kPageSize;
    EXPECT_TRUE(is_absurd || mremap->new_length <= spec::Address{16} << 30);
  });
}

TEST(Generator, SomeMremapAsksForTheWholeAddressSpace) {
  const auto options = generator_options();
  std::uint64_t whole = 0;
  std::uint64_t all_but_a_page = 0;
  each_step(
      options,
      [&](const spec::Step& step) {
        const auto* mremap = std::get_if<spec::Mremap>(&step.call);
        if (mremap == nullptr) return;
        if (mremap->new_length == options.setup.task_size) ++whole;
        if (mremap->new_length == options.setup.task_size - spec::kPageSize) ++all_but_a_page;
      },
      4 * kSequences);
  EXPECT_GT(whole, 0U);
  EXPECT_GT(all_but_a_page, 0U);
}

TEST(Generator, CallsMostlySucceedAndOftenMerge) {
  auto options = generator_options();
  options.openings = false;  // what they map is to stay apart
  const auto model = model::make_model(spec::profile_named("linux-6.18").value());
  std::uint64_t calls = 0;
  std::uint64_t succeeded = 0;
  std::uint64_t mmaps = 0;
  std::uint64_t merged = 0;
  spec::Sequence sequence;
  spec::Snapshot state;
  for (std::uint64_t i = 0; i < 500; ++i) {
    generate(sequence_seed(3, i), options, sequence);
    ASSERT_TRUE(model->start(options.setup));
    for (const spec::Step& step : sequence) {
      const auto outcome = model->apply(0, step.call);
      ++calls;
      if (!outcome.is_ok()) continue;
      ++succeeded;
      const auto* mmap = std::get_if<spec::Mmap>(&step.call);
      if (mmap == nullptr) continue;
      ++mmaps;
      ASSERT_TRUE(model->snapshot(0, state));
      const auto end = outcome.value() + spec::page_up(mmap->length);
      bool alone = false;
      for (const spec::Vma& vma : state.vmas) {
        alone = alone || (vma.start == outcome.value() && vma.end == end);
      }
      if (!alone) ++merged;
    }
  }
  RecordProperty("calls", std::to_string(calls));
  RecordProperty("succeeded", std::to_string(succeeded));
  RecordProperty("mmaps", std::to_string(mmaps));
  RecordProperty("merged", std::to_string(merged));
  EXPECT_GT(succeeded * 100, calls * 55) << succeeded << " of " << calls;
  EXPECT_GT(merged * 100, mmaps * 11) << merged << " of " << mmaps;
}

// Real kernels from 6.15 on do not come back from that
// (corpus/kernel-findings/guard-over-a-mark.c).
TEST(Generator, InstallsNoGuardsBehindMarksWhereThatIsAsked) {
  std::size_t behind[2] = {};
  for (const bool allowed : {false, true}) {
    auto options = generator_options();
    options.guards_behind_marks = allowed;
    spec::Sequence sequence;
    for (std::uint64_t i = 0; i < 9000; ++i) {
      generate(sequence_seed(5, i), options, sequence);
      bool is_marked = false;
      for (const spec::Step& step : sequence) {
        is_marked = is_marked || std::holds_alternative<spec::UffdWriteprotect>(step.call) ||
                    std::holds_alternative<spec::UffdRwprotect>(step.call);
        const auto* madvise = std::get_if<spec::Madvise>(&step.call);
        const auto* self = std::get_if<spec::ProcessMadvise>(&step.call);
        const bool installs = (madvise != nullptr && madvise->advice == spec::kMadvGuardInstall) ||
                              (self != nullptr && self->advice == spec::kMadvGuardInstall);
        behind[allowed ? 1 : 0] += is_marked && installs ? 1U : 0U;
      }
    }
  }
  EXPECT_EQ(behind[0], 0U);
  EXPECT_GT(behind[1], 10U);
}

}  // namespace
}  // namespace vmadiff::properties
