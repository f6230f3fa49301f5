// tests/properties: FailedAllocationsAreSurvived: that the implementation survives, and that each
// way not to survive is seen.
#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "../support.h"
#include "impl/implementation.h"
#include "model/model.h"
#include "properties/claims/fault_rules.h"

namespace vmadiff::properties {
namespace {

using spec::Outcome;

constexpr std::string_view kClaim = "FailedAllocationsAreSurvived";

/// What a system does wrong when an allocation of it has failed.
enum class WrongUnderFaults {
  kNothing,
  kSaysThatItSucceeded,
  kGivesAnotherErrno,
  kUnmapsElsewhere,
  kDies,
  kCannotGoOn,
};

/// The implementation, wrong in one way.
class Faulty final : public spec::System, public spec::AllocationFaults {
 public:
  /// `only`: of calls of that kind (the index in spec::Syscall).
  Faulty(const spec::KernelProfile& profile, WrongUnderFaults wrong,
         std::optional<std::size_t> only = {})
      : impl_(impl::make_implementation(profile)), wrong_(wrong), only_(only) {}

  [[nodiscard]] std::string_view name() const override { return "faulty"; }
  [[nodiscard]] spec::Observes observes() const override { return impl_->observes(); }
  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    has_failed_ = false;
    return impl_->start(setup);
  }
  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    return impl_->snapshot(process, out);
  }
  [[nodiscard]] spec::AllocationFaults* allocation_faults() override { return this; }

  Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    if (has_failed_ && wrong_ == WrongUnderFaults::kCannotGoOn)
      return Outcome::fail(spec::Errno::kENOMEM);
    const Outcome outcome = impl_->apply(process, call);
    if (!armed_ || outcome != Outcome::fail(spec::Errno::kENOMEM)) return outcome;
    if (only_ && *only_ != call.index()) return outcome;
    has_failed_ = true;
    switch (wrong_) {
      case WrongUnderFaults::kSaysThatItSucceeded:
        return Outcome::ok();
      case WrongUnderFaults::kGivesAnotherErrno:
        return Outcome::fail(spec::Errno::kEINVAL);
      case WrongUnderFaults::kUnmapsElsewhere:
        static_cast<void>(impl_->apply(process, spec::Munmap{page(60), spec::kPageSize}));
        return outcome;
      case WrongUnderFaults::kDies:
        return Outcome::died();
      default:
        return outcome;
    }
  }

  void fail(std::uint64_t number) override {
    armed_ = true;
    impl_->allocation_faults()->fail(number);
  }
  bool cancel() override {
    armed_ = false;
    return impl_->allocation_faults()->cancel();
  }

 private:
  std::unique_ptr<spec::System> impl_;
  WrongUnderFaults wrong_;
  std::optional<std::size_t> only_;
  bool armed_ = false;
  bool has_failed_ = false;
};

constexpr std::string_view kFaultTrace =
    "mmap(0x10000003c000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
    "mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n"
    "munmap(0x100000001000, 0x1000)\n";

std::optional<Finding> finding_with(WrongUnderFaults wrong) {
  const auto options = checker_options("linux-6.18", kClaim);
  const auto model = model::make_model(options.profile);
  Faulty faulty{options.profile, wrong};
  Checker checker{{model.get(), &faulty}, options};
  return checker.check(sequence_of(kFaultTrace), Observation::kEveryStep).value();
}

TEST(Faults, ASystemThatSurvivesIsLeftAlone) {
  EXPECT_FALSE(finding_with(WrongUnderFaults::kNothing));
}

TEST(Faults, EachWayNotToSurviveIsSeen) {
  for (const WrongUnderFaults wrong :
       {WrongUnderFaults::kSaysThatItSucceeded, WrongUnderFaults::kGivesAnotherErrno,
        WrongUnderFaults::kUnmapsElsewhere, WrongUnderFaults::kDies,
        WrongUnderFaults::kCannotGoOn}) {
    const auto found = finding_with(wrong);
    ASSERT_TRUE(found) << static_cast<int>(wrong);
    EXPECT_EQ(found->claim, kClaim);
    EXPECT_FALSE(found->explanation.empty());
  }
}

/// Whether a generated sequence shows that a call of that kind does not survive.
bool is_seen(WrongUnderFaults wrong, const spec::Syscall& call) {
  const auto options = checker_options("linux-6.18", kClaim);
  const auto model = model::make_model(options.profile);
  Faulty faulty{options.profile, wrong, call.index()};
  Checker checker{{model.get(), &faulty}, options};
  const auto found = first_finding(checker, 1000);
  return found && found->sequence[found->step].call.index() == call.index();
}

TEST(Faults, EachWayNotToSurviveIsSeenOfEachCall) {
  for (const WrongUnderFaults wrong :
       {WrongUnderFaults::kSaysThatItSucceeded, WrongUnderFaults::kGivesAnotherErrno,
        WrongUnderFaults::kDies}) {
    for (const spec::Syscall& call :
         {spec::Syscall{spec::Mmap{}}, spec::Syscall{spec::Munmap{}},
          spec::Syscall{spec::Mprotect{}}, spec::Syscall{spec::Mremap{}},
          spec::Syscall{spec::Mlock{}}, spec::Syscall{spec::Mlock2{}}, spec::Syscall{spec::Mbind{}},
          spec::Syscall{spec::UffdRegister{}}, spec::Syscall{spec::Fork{}}}) {
      EXPECT_TRUE(is_seen(wrong, call)) << static_cast<int>(wrong) << ' ' << spec::name(call);
    }
  }
}

TEST(Faults, TheImplementationSurvivesThemAll) {
  for (const std::string_view profile : {"linux-6.18", "linux-6.12", "patch-v2"}) {
    const auto options = checker_options(profile, kClaim);
    const auto model = model::make_model(options.profile);
    const auto impl = impl::make_implementation(options.profile);
    Checker checker{{model.get(), impl.get()}, options};
    const auto found = first_finding(checker, 1500);
    EXPECT_FALSE(found) << found->explanation << '\n' << print_trace(found->sequence);
    // Each kind of rule was needed, so the failures did happen.
    const auto& exemptions = checker.tally().exemptions;
    for (const std::string_view rule :
         {"MergeIsGivenUp", "SplitsRemain", "SourceStaysMapped", "MlockallGoesOn",
          "FailureDoesNotMatter", "MmapHookFailsAfterUnmapping"}) {
      EXPECT_TRUE(exemptions.contains(rule)) << rule;
    }
  }
}

std::optional<Finding> finding_on_both(std::string_view trace) {
  const auto options = checker_options("linux-6.18", kClaim);
  const auto model = model::make_model(options.profile);
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{model.get(), impl.get()}, options};
  return checker.check(sequence_of(trace), Observation::kEveryStep).value();
}

// Met by a campaign (seed 4, 5,000,000 operations): of two VMAs the first has moved, and the huge
// page that did not would have come to lie where the first one was.
TEST(Faults, WhatHasMovedLeavesAHoleWhereAnotherWouldHaveCome) {
  const auto found = finding_on_both(
      "mmap(0x1000003fe000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
      "0)\n"
      "mmap(0x100000400000, 0x1000, PROT_READ|PROT_WRITE, "
      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE|MAP_HUGETLB, -1, 0)\n"
      "mremap(0x1000003ff000, 0x2000, 0x2000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x1000001ff000)\n");
  EXPECT_FALSE(found) << found->explanation;
}

// Met by a campaign (seed 4242): the source cannot be unmapped, and what is then mapped twice looks
// as it did before the call; but the guard has moved.
TEST(Faults, ASuccessThatChangesNothingToSeeHasHappened) {
  const auto found = finding_on_both(
      "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED, -1, "
      "0)\n"
      "madvise(0x100000000000, 0x1000, MADV_GUARD_INSTALL)\n"
      "mremap(0x100000000000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_DONTUNMAP, 0x100000001000)\n"
      "mremap(0x100000001000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000000000)\n"
      "touch(0x100000000000, 0x1000, WRITE)\n");
  EXPECT_FALSE(found) << found->explanation;
}

// Met by a campaign (seed 2): of two VMAs the first would have lent the second its anon_vma on the
// way, had it been merged with it.
TEST(Faults, AMergeThatIsGivenUpMidwayLeavesAnotherOffset) {
  const auto found = finding_on_both(
      "mmap(0x100000001000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
      "0)\n"
      "madvise(0x100000001000, 0x1000, MADV_POPULATE_WRITE)\n"
      "mmap(0x100000002000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
      "0)\n"
      "mremap(0x100000002000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000000000)\n"
      "mmap(0x100000001000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
      "0)\n"
      "mremap(0x100000000000, 0x2000, 0x2000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000002000)\n");
  EXPECT_FALSE(found) << found->explanation;
}

// Met by a campaign (seed 1): the call ends before it comes to memory that no page can be brought
// to, whose userfaultfd it would otherwise have closed (spec::UffdRegister).
TEST(Faults, AUserfaultfdThatWouldHaveBeenGivenUpMayStay) {
  const auto found = finding_on_both(
      "mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, zero:0, 0)\n"
      "uffd_register(0x100000001000, 0x1000, MISSING)\n"
      "mlock(0x100000000000, 0x2000)\n");
  EXPECT_FALSE(found) << found->explanation;
}

// Met by a long run: closing it was not enough for a merge, so a touch that only reads leaves the
// second half as it was.
TEST(Faults, AMergeBehindAUserfaultfdThatIsGivenUpMayFail) {
  const auto found = finding_on_both(
      "mmap(0x100000000000, 0x4000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, zero:0, 0)\n"
      "uffd_register(0x100000000000, 0x2000, MISSING|WP)\n"
      "touch(0x100000000000, 0x4000, READ)\n");
  EXPECT_FALSE(found) << found->explanation;
}

constexpr std::string_view kPopulatedOnTheWay =
    "mmap(0x100000000000, 0x1000, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
    "mmap(0x100000001000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n"
    "mlockall(MCL_CURRENT)\n"
    "mprotect(0x100000000000, 0x2000, PROT_READ|PROT_WRITE)\n";

// Met by a campaign (seed 4242, on a machine without the zero page): the first VMA is populated on
// the way, and without the page for that it can become one with the second, for which there would
// be no VMA more.
TEST(Faults, WhatIsNotPopulatedCanMergeAtTheLimitOfVmas) {
  auto options = checker_options("linux-6.18", kClaim);
  options.setup.max_map_count = options.setup.initial.counters.map_count + 1;
  options.setup.zero_page = false;
  const auto model = model::make_model(options.profile);
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{model.get(), impl.get()}, options};
  const auto found = checker.check(sequence_of(kPopulatedOnTheWay), Observation::kEveryStep);
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found) << (*found)->explanation;
  EXPECT_TRUE(checker.tally().exemptions.contains("PopulationIsGivenUp"));
}

// The instruction is run again until the page is there; what populates may leave it for later.
TEST(Faults, ATouchThatSucceedsLeavesAnAnonVma) {
  spec::Snapshot without;
  without.vmas.push_back({.start = page(0),
                          .end = page(1),
                          .flags = spec::kVmRead | spec::kVmWrite,
                          .pgoff = 0,
                          .file = {}});
  auto with = without;
  with.vmas.front().anon_vma = 1;
  const auto ok = Outcome::ok();
  const auto profile = spec::profile_named("linux-6.18").value();
  const spec::Syscall touch = spec::Touch{page(0), spec::kPageSize, spec::Access::kWrite};
  const spec::Syscall lock = spec::Mlock{page(0), spec::kPageSize};
  const auto survived = [&](const spec::Syscall& call, const spec::Snapshot& after) {
    return survival({.call = call,
                     .before = without,
                     .outcome = ok,
                     .after = after,
                     .wanted_outcome = ok,
                     .wanted = with,
                     .profile = profile},
                    {})
        .has_value();
  };
  EXPECT_TRUE(survived(touch, with));
  EXPECT_FALSE(survived(touch, without));
  EXPECT_TRUE(survived(lock, without));
}

TEST(Faults, TheSystemThatSaysWhatIsRightMayComeSecond) {
  const auto options = checker_options("linux-6.18", kClaim);
  const auto model = model::make_model(options.profile);
  Faulty faulty{options.profile, WrongUnderFaults::kGivesAnotherErrno};
  Checker checker{{&faulty, model.get()}, options};
  EXPECT_TRUE(checker.check(sequence_of(kFaultTrace), Observation::kEveryStep).value());
}

TEST(Faults, WithoutASystemThatSaysWhatIsRightNothingIsClaimed) {
  const auto options = checker_options("linux-6.18", kClaim);
  Faulty faulty{options.profile, WrongUnderFaults::kGivesAnotherErrno};
  Checker checker{{&faulty}, options};
  EXPECT_FALSE(checker.check(sequence_of(kFaultTrace), Observation::kEveryStep).value());
}

}  // namespace
}  // namespace vmadiff::properties
