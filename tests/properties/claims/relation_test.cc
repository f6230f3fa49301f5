// tests/properties: each exemption of the relations, with a trace that needs it on a real kernel.
// The trace holds because of the exemption, which is counted.
#include <gtest/gtest.h>

#include <string>

#include "../support.h"
#include "../wrong_system.h"
#include "impl/implementation.h"
#include "properties/claims/exemptions.h"
#include "spec/trace_text.h"

namespace vmadiff::properties {
namespace {

struct Case {
  std::string_view exemption;
  std::string_view profile;
  std::string_view trace;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.exemption; }

class ExemptionTest : public testing::TestWithParam<Case> {};

TEST_P(ExemptionTest, IsNeededAndCounted) {
  std::string claims;
  for (const ExemptionRule& rule : exemption_rules()) {
    if (rule.name != GetParam().exemption) continue;
    for (const char c : rule.claim) {
      if (c != ' ') claims += c;
    }
  }
  const auto options = checker_options(GetParam().profile, claims);
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{impl.get()}, options};
  const auto found = checker.check(sequence_of(GetParam().trace), Observation::kEveryStep).value();
  EXPECT_FALSE(found) << found->explanation;
  EXPECT_GT(checker.tally().exemptions.count(std::string{GetParam().exemption}), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    EachRule, ExemptionTest,
    testing::Values(
        Case{"LegacyMmapHookUnderKsm", "linux-6.18",
             "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
             "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, zero:0, 0)\n"
             "mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, zero:0, 0x1000)\n"},
        Case{"NothingChanged", "linux-6.18",
             "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
             "madvise(0x100000000000, 0x1000, MADV_UNMERGEABLE)\n"
             "mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0)\n"
             "mprotect(0x100000000000, 0x2000, PROT_READ)\n"},
        Case{"MprotectStopsMidway", "linux-6.18",
             "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "mprotect(0x100000000000, 0x2000, PROT_NONE)\n"},
        Case{"MadviseGoesOnOverHoles", "linux-6.18",
             "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "madvise(0x100000000000, 0x2000, MADV_MERGEABLE)\n"},
        Case{"UserfaultfdAsksByTheWrongOffset", "linux-6.1",
             "mmap(0x100000000000, 0x6000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "uffd_register(0x100000004000, 0x2000, WP)\n"
             "uffd_register(0x100000002000, 0x2000, WP)\n"},
        Case{"MmapHookFailsAfterUnmapping", "linux-6.18",
             "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "mmap(0x100000000000, 0x200000, PROT_READ, MAP_PRIVATE|MAP_FIXED, hugetlb:0, 0)\n"},
        Case{"SplitsRemain", "linux-6.18",
             "mmap(0x100000000000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "mmap(0x100000200000, 0x200000, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, "
             "hugetlb:0, 0)\n"
             "munmap(0x100000001000, 0x200000)\n"},
        Case{"TouchKeepsTheEarlierPages", "linux-6.18",
             "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, "
             "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "touch(0x100000000000, 0x2000, WRITE)\n"},
        Case{"CompatibleNeighboursWereApart", "linux-6.18",
             "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
             "madvise(0x100000000000, 0x1000, MADV_UNMERGEABLE)\n"
             "mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0)\n"
             "mprotect(0x100000001000, 0x1000, PROT_NONE)\n"},
        Case{"SpecialVmasStaySplit", "linux-6.18",
             "mmap(0x100000000000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_FIXED, pfnmap:0, 0)\n"
             "mprotect(0x100000000000, 0x1000, PROT_NONE)\n"},
        Case{"AccountingStays", "linux-6.18",
             "mmap(0x100000000000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_FIXED, file:0, 0)\n"
             "mprotect(0x100000000000, 0x1000, PROT_READ|PROT_WRITE)\n"},
        Case{"EmptiedMemoryLosesItsCharge", "linux-6.18",
             "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, "
             "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_POPULATE, -1, 0)\n"
             "mprotect(0x100000000000, 0x1000, PROT_READ)\n"
             "mremap(0x100000000000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_DONTUNMAP, NULL)\n"
             "mprotect(0x100000000000, 0x1000, PROT_READ|PROT_WRITE)\n"},
        Case{
            "BorrowedAnonVmaStays", "linux-6.12",
            "mmap(0x100000000000, 0x2000, PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
            "mmap(0x100000002000, 0x1000, PROT_READ|PROT_WRITE, "
            "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
            "touch(0x100000002000, 0x1000, WRITE)\n"
            "mprotect(0x100000001000, 0x1000, PROT_READ|PROT_WRITE)\n"},
        Case{"TheMovedLosesItsAnonVma", "linux-6.17",
             "mmap(0x100000001000, 0x1000, PROT_READ|PROT_WRITE, "
             "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "touch(0x100000001000, 0x1000, WRITE)\n"
             "mremap(0x100000001000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000003000)\n"
             "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, "
             "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "touch(0x100000000000, 0x1000, WRITE)\n"
             "mmap(0x100000002000, 0x1000, PROT_READ|PROT_WRITE, "
             "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
             "mremap(0x100000003000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, "
             "0x100000001000)\n"},
        Case{"TheSourceLosesItsAnonVma", "linux-6.18",
             "fork()\n"
             "[pid 1] brk(0x20021000)\n"
             "[pid 1] fork()\n"
             "[pid 2] mmap(0x20022000, 0x4000, PROT_READ|PROT_WRITE, "
             "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_POPULATE, -1, 0)\n"
             "[pid 2] fork()\n"
             "[pid 3] mremap(0x20020000, 0x6000, 0x6000, "
             "MREMAP_MAYMOVE|MREMAP_FIXED|MREMAP_DONTUNMAP, 0x20026000)\n"},
        Case{"HugePagesCannotBeSplit", "linux-6.18",
             "mmap(0x100000000000, 0x200000, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, "
             "hugetlb:0, 0)\n"
             "munmap(0x100000000000, 0x200000)\n"}),
    [](const auto& param) { return std::string{param.param.exemption}; });

TEST(EnablingKsmChangesNoLayout, IsBrokenByTheKernelBeforeThePatch) {
  const auto options = checker_options("linux-6.12", "EnablingKsmChangesNoLayout");
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{impl.get()}, options};
  const auto found =
      checker
          .check(sequence_of("brk(0x20021000)\nprctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0)\n"
                             "brk(0x20022000)\n"),
                 Observation::kEveryStep)
          .value();
  ASSERT_TRUE(found);
  // The step is one of the sequence that was given, though its KSM calls were left out.
  EXPECT_EQ(found->step, 2U);
  ASSERT_EQ(found->views.size(), 2U);
  EXPECT_EQ(found->views[0].system, "impl, KSM off");
  EXPECT_EQ(found->views[1].system, "impl, KSM on from the start");
}

/// What is found of two neighbours that KSM keeps apart on 6.12, or that are moved.
std::optional<Finding> found_with(const spec::Setup& setup, std::string_view claim, Fault fault,
                                  bool remote) {
  const auto profile = *spec::profile_named("linux-6.12");
  const auto system = make_wrong(profile, fault, remote);
  Checker checker{
      {system.get()},
      {.profile = profile, .setup = setup, .properties = PropertySet::parse(claim).value()}};
  return checker
      .check(sequence_of("mmap(0x100000000000, 0x1000, PROT_READ, "
                         "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
                         "mmap(0x100000001000, 0x1000, PROT_READ, "
                         "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"),
             Observation::kAtEnd)
      .value();
}

TEST(Relations, AreNotAskedOfARealKernelWhereASequenceTouchesWhatIsReserved) {
  spec::Setup setup = spec::Setup::standard();
  EXPECT_TRUE(found_with(setup, "EnablingKsmChangesNoLayout", Fault::kNone, true));
  setup.reserved = {{page(1), page(2)}};
  EXPECT_FALSE(found_with(setup, "EnablingKsmChangesNoLayout", Fault::kNone, true));
  EXPECT_TRUE(found_with(setup, "EnablingKsmChangesNoLayout", Fault::kNone, false));
}

TEST(Relations, AddressesAreRenumberedOnlyWhereBothPlacesAreFree) {
  constexpr std::string_view kRenumbering = "RenumberingAddressesMovesTheLayout";
  spec::Setup setup = spec::Setup::standard();
  EXPECT_TRUE(found_with(setup, kRenumbering, Fault::kMarksHighVmas, false));
  spec::Setup taken = setup;
  spec::Vma last = taken.initial.vmas.back();
  last.start = page(1000);
  last.end = page(1001);
  taken.initial.vmas.push_back(last);
  EXPECT_FALSE(found_with(taken, kRenumbering, Fault::kMarksHighVmas, false));
  spec::Setup small = setup;
  small.task_size = page(1000);
  small.mmap_base = page(900);
  EXPECT_FALSE(found_with(small, kRenumbering, Fault::kMarksHighVmas, false));
}

TEST(EnablingKsmChangesNoLayout, IsAskedOfARealKernelWhereNoModelTakesPart) {
  const auto profile = *spec::profile_named("linux-6.12");
  const auto remote = make_wrong(profile, Fault::kNone, true);
  Checker checker{{remote.get()},
                  {.profile = profile,
                   .setup = spec::Setup::standard(),
                   .properties = PropertySet::parse("EnablingKsmChangesNoLayout").value()}};
  const auto trace = spec::parse_trace(
      "mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
      "mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n");
  const auto found = checker.check(trace.trace.sequence, Observation::kAtEnd);
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_TRUE(*found);
  EXPECT_EQ((*found)->claim, "EnablingKsmChangesNoLayout");
  EXPECT_EQ((*found)->views.front().system, "wrong, KSM off");
}

TEST(EnablingKsmChangesNoLayout, IsNotAskedWhereKsmMayNotBeTurnedOn) {
  auto options = checker_options("linux-6.12", "EnablingKsmChangesNoLayout");
  options.setup.may_set_memory_merge = false;
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{impl.get()}, options};
  EXPECT_FALSE(
      checker.check(sequence_of("brk(0x20021000)\nbrk(0x20022000)\n"), Observation::kEveryStep)
          .value());
}

}  // namespace
}  // namespace vmadiff::properties
