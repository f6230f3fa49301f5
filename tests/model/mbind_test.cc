// tests/model: mbind and set_mempolicy, and what memory policies keep apart.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kNoFlags = 0;

Setup with_nodes(std::uint64_t nodes) {
  spec::Setup setup = spec::Setup::standard();
  setup.nodes = nodes;
  return setup;
}

/// What mbind makes of a policy, on a machine with these nodes.
struct Bound {
  Outcome outcome;
  MemPolicy policy;
};
Bound bound(std::uint64_t there, std::uint16_t mode, std::uint64_t mode_flags,
            std::uint64_t asked) {
  Process process(kDefaultProfileName, with_nodes(there));
  (void)process.map(0, 1);
  const Outcome outcome = process(Mbind{kArena, kPageSize, mode, mode_flags, asked, 0});
  // Both calls take the same policies.
  EXPECT_EQ(process(SetMempolicy{mode, mode_flags, asked}), outcome);
  return {outcome, process.vma(0).policy};
}
MemPolicy policy_of(std::uint64_t there, std::uint16_t mode, std::uint64_t mode_flags,
                    std::uint64_t asked) {
  const Bound made = bound(there, mode, mode_flags, asked);
  EXPECT_EQ(made.outcome, kOk);
  return made.policy;
}
Outcome outcome_of(std::uint16_t mode, std::uint64_t mode_flags, std::uint64_t asked) {
  return bound(0b1011, mode, mode_flags, asked).outcome;
}

TEST(Mbind, WithoutNumaIsEnosys) {
  Process process(kDefaultProfileName, with_nodes(0));
  (void)process.map(0, 1);
  EXPECT_EQ(process(Mbind{kArena, kPageSize, 99, 0, 0, 0}), fails(Errno::kENOSYS));
  EXPECT_EQ(process(SetMempolicy{99, 0, 0}), fails(Errno::kENOSYS));
}

TEST(Mbind, RefusesModesAndFlags) {
  const auto refused = fails(Errno::kEINVAL);
  EXPECT_EQ(outcome_of(kMpolWeightedInterleave, 0, 1), kOk);
  EXPECT_EQ(outcome_of(kMpolWeightedInterleave + 1, 0, 1), refused);
  EXPECT_EQ(outcome_of(kMpolBind, 0x1000, 1), refused);
  EXPECT_EQ(outcome_of(kMpolBind, std::uint64_t{1} << 32, 1), kOk);  // is an int
  EXPECT_EQ(outcome_of(kMpolBind, kMpolStaticNodes, 1), kOk);
  EXPECT_EQ(outcome_of(kMpolBind | kMpolStaticNodes, kMpolRelativeNodes, 1), refused);
  EXPECT_EQ(outcome_of(kMpolBind, kMpolNumaBalancing, 1), kOk);
  EXPECT_EQ(outcome_of(kMpolPreferredMany, kMpolNumaBalancing, 1), kOk);
  EXPECT_EQ(outcome_of(kMpolInterleave, kMpolNumaBalancing, 1), refused);
  EXPECT_EQ(outcome_of(kMpolDefault, kMpolNumaBalancing, 0), refused);
}

TEST(Mbind, WantsNodesWhereTheModeHasThem) {
  const auto refused = fails(Errno::kEINVAL);
  for (const std::uint16_t mode :
       {kMpolBind, kMpolInterleave, kMpolPreferredMany, kMpolWeightedInterleave}) {
    EXPECT_EQ(outcome_of(mode, 0, 0), refused) << mode;
    EXPECT_EQ(outcome_of(mode, 0, 0b100), refused) << mode;  // there is no such node
    EXPECT_EQ(outcome_of(mode, 0, 0b110), kOk) << mode;
    EXPECT_EQ(outcome_of(mode, kMpolRelativeNodes, 0b100), kOk) << mode;
  }
  EXPECT_EQ(outcome_of(kMpolDefault, 0, 0), kOk);
  EXPECT_EQ(outcome_of(kMpolDefault, kMpolStaticNodes, 0), kOk);
  EXPECT_EQ(outcome_of(kMpolDefault, 0, 1), refused);
  EXPECT_EQ(outcome_of(kMpolLocal, 0, 0), kOk);
  EXPECT_EQ(outcome_of(kMpolLocal, 0, 1), refused);
  EXPECT_EQ(outcome_of(kMpolLocal, kMpolStaticNodes, 0), refused);
  EXPECT_EQ(outcome_of(kMpolPreferred, 0, 0), kOk);
  EXPECT_EQ(outcome_of(kMpolPreferred, kMpolRelativeNodes, 0), refused);
  EXPECT_EQ(outcome_of(kMpolPreferred, 0, 0b100), refused);
}

TEST(Mbind, KeepsOfTheNodesThoseThatThereAre) {
  constexpr std::uint64_t kThere = 0b1011;
  EXPECT_EQ(policy_of(kThere, kMpolBind, 0, 0b1110),
            (MemPolicy{.mode = kMpolBind, .nodes = 0b1010}));
  EXPECT_EQ(policy_of(kThere, kMpolPreferred, 0, 0b1110),
            (MemPolicy{.mode = kMpolPreferred, .nodes = 0b10}));
  EXPECT_EQ(policy_of(kThere, kMpolPreferred, 0, 0), (MemPolicy{.mode = kMpolLocal}));
  EXPECT_EQ(policy_of(kThere, kMpolLocal, 0, 0), (MemPolicy{.mode = kMpolLocal}));
  EXPECT_EQ(policy_of(kThere, kMpolDefault, kMpolStaticNodes, 0), MemPolicy{});
}

TEST(Mbind, WithFlagsRemembersWhatWasAskedFor) {
  constexpr std::uint64_t kThere = 0b1011;
  EXPECT_EQ(
      policy_of(kThere, kMpolBind, kMpolStaticNodes, 0b110),
      (MemPolicy{.mode = kMpolBind, .flags = kMpolStaticNodes, .nodes = 0b10, .asked = 0b110}));
  EXPECT_EQ(
      policy_of(kThere, kMpolBind | kMpolNumaBalancing, 0, 0b110),
      (MemPolicy{.mode = kMpolBind, .flags = kMpolNumaBalancing, .nodes = 0b10, .asked = 0b110}));
  // Node 2 is the third of the three; node 3 is the first again.
  EXPECT_EQ(
      policy_of(kThere, kMpolInterleave, kMpolRelativeNodes, 0b1100),
      (MemPolicy{
          .mode = kMpolInterleave, .flags = kMpolRelativeNodes, .nodes = 0b1001, .asked = 0b1100}));
  EXPECT_EQ(policy_of(kThere, kMpolPreferred, kMpolRelativeNodes, 0b110).nodes, 0b10U);
}

TEST(Mbind, ChecksItsArgumentsInOrder) {
  Process process;
  (void)process.map(0, 2);
  const auto refused = fails(Errno::kEINVAL);
  const auto bind = [&](Address addr, Address length, std::uint16_t mode, std::uint64_t nodes,
                        std::uint64_t flags) {
    return process(Mbind{addr, length, mode, 0, nodes, flags});
  };
  EXPECT_EQ(bind(kArena, kPageSize, kMpolBind, 1, 8), refused);
  EXPECT_EQ(bind(kArena, kPageSize, kMpolBind, 1, std::uint64_t{1} << 32), kOk);  // is an int
  EXPECT_EQ(bind(kArena, kPageSize, kMpolBind, 1, kMpolMfMove), kOk);
  EXPECT_EQ(bind(kArena + 1, kPageSize, kMpolBind, 1, kMpolMfMoveAll), fails(Errno::kEPERM));
  EXPECT_EQ(bind(kArena, kPageSize, 7, 1, kMpolMfMoveAll), refused);  // the mode comes first
  EXPECT_EQ(bind(kArena + 1, kPageSize, kMpolBind, 1, 0), refused);
  EXPECT_EQ(bind(kArena, -kArena - kPageSize, kMpolBind, 1, 0), fails(Errno::kEFAULT));
  EXPECT_EQ(bind(kArena, ~Address{0} - 2 * kPageSize, kMpolBind, 1, 0), refused);
  EXPECT_EQ(bind(kArena, 0, kMpolBind, 0, 0), kOk);               // nothing, whatever the nodes
  EXPECT_EQ(bind(kArena, ~Address{0}, kMpolBind, 0, 0), kOk);     // rounds up to nothing
  EXPECT_EQ(bind(page(8), kPageSize, kMpolBind, 0, 0), refused);  // the nodes before the hole
}

TEST(Mbind, LeavesHolesToTheDefaultPolicy) {
  Process process;
  (void)process.map(1, 2);
  (void)process.map(4, 2);
  const auto fault = fails(Errno::kEFAULT);
  EXPECT_EQ(process.bind(0, 2), fault);
  EXPECT_EQ(process.bind(1, 5), fault);
  EXPECT_EQ(process.bind(4, 3), fault);
  EXPECT_EQ(process.vma(1).policy, MemPolicy{});
  EXPECT_EQ(process.bind(1, 2), kOk);
  EXPECT_EQ(process.bind(4, 2), kOk);
  EXPECT_EQ(process.bind(0, 8, kMpolDefault, 0), kOk);
  EXPECT_EQ(process.vma(1).policy, MemPolicy{});
  EXPECT_EQ(process.vma(4).policy, MemPolicy{});
  EXPECT_EQ(process.bind(8, 2, kMpolDefault, 0), fault);
}

// AAAAAA -> ABBBBA -> ABBCBD -> AAAAAA
TEST(Mbind, CutsAndJoins) {
  Process process;
  (void)process.map(0, 6);
  EXPECT_EQ(process.bind(1, 4), kOk);
  EXPECT_EQ(process.ruler(6), "ABBBBC");
  EXPECT_EQ(process.bind(1, 2), kOk);  // has it already
  EXPECT_EQ(process.ruler(6), "ABBBBC");
  EXPECT_EQ(process.bind(3, 1, kMpolInterleave), kOk);
  EXPECT_EQ(process.ruler(6), "ABBCDE");
  EXPECT_EQ(process.bind(3, 2, kMpolBind, 3), kOk);  // node 1 is not there
  EXPECT_EQ(process.ruler(6), "ABBBBC");
  EXPECT_EQ(process.bind(0, 6, kMpolDefault, 0), kOk);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

TEST(Mbind, WithoutRoomForACutKeepsWhatWasDone) {
  spec::Setup setup = spec::Setup::standard();
  setup.max_map_count = setup.initial.counters.map_count + 2;
  Process process(kDefaultProfileName, setup);
  (void)process.map(0, 2, kRead);
  (void)process.map(2, 4);
  EXPECT_EQ(process.bind(0, 4), fails(Errno::kENOMEM));
  EXPECT_EQ(process.vma(0).policy.mode, kMpolBind);
  EXPECT_EQ(process.vma(2).policy.mode, kMpolDefault);
}

TEST(Mbind, CutsHugePagesNowhere) {
  Process process;
  (void)process.map_file(0, 2 * kHugePages, kHugetlb0, kReadWrite, kSharedFixed | kMapNoreserve);
  EXPECT_EQ(process.bind(0, 1), fails(Errno::kEINVAL));
  EXPECT_EQ(process.bind(1, kHugePages), fails(Errno::kEINVAL));
  EXPECT_EQ(process.bind(0, kHugePages), kOk);
  EXPECT_EQ(process.vma(0).pages(), kHugePages);
}

TEST(Mbind, DoesNotAskForSealsOrDevices) {
  Process process;
  (void)process.map(0, 2);
  (void)process.seal(0, 2);
  (void)process.map_file(4, 2, kPfnmap0);
  EXPECT_EQ(process.bind(0, 1), kOk);
  EXPECT_EQ(process.bind(4, 1), kOk);
  EXPECT_EQ(process.ruler(6), "AB..CD");
}

TEST(MemoryPolicy, IsTheDefaultForWhatIsNew) {
  Process process;
  (void)process.map(0, 2);
  (void)process.bind(0, 2);
  (void)process.map(2, 2);
  EXPECT_EQ(process.ruler(4), "AABB");
  const Address heap = spec::Setup::standard().start_brk;
  (void)process(Brk{heap + kPageSize});
  EXPECT_EQ(process(Mbind{heap, kPageSize, kMpolBind, kNoFlags, 1, 0}), kOk);
  (void)process(Brk{heap + 2 * kPageSize});
  EXPECT_EQ(process.at(heap).end, heap + kPageSize);
  EXPECT_EQ(process.at(heap + kPageSize).policy, MemPolicy{});
  (void)process.map_file(6, 2, kMemfd0, kReadWrite, kSharedFixed);
  (void)process.bind(6, 2);
  EXPECT_EQ(process(RemapFilePages{page(6), kPageSize, 0, 0, 0}), kOk);
  EXPECT_EQ(process.vma(6).policy, MemPolicy{});
}

TEST(MemoryPolicy, GoesWithWhatMovesAndGrows) {
  Process process;
  (void)process.map(0, 2);
  (void)process.bind(0, 2);
  (void)process.map(6, 2);
  EXPECT_EQ(process.move(0, 2, 4), Outcome::ok(page(4)));
  EXPECT_EQ(process.ruler(8), "....AABB");
  EXPECT_EQ(process.vma(4).policy.mode, kMpolBind);
  (void)process.unmap(6, 2);
  EXPECT_EQ(process.resize(4, 2, 3), Outcome::ok(page(4)));
  EXPECT_EQ(process.ruler(8), "....AAA.");
}

TEST(MemoryPolicy, GoesWithAForkAndEndsWithExec) {
  Process process;
  (void)process.map(0, 2);
  (void)process.bind(0, 1);
  ASSERT_EQ(process(Fork{}), Outcome::ok(1));
  process.become(1);
  EXPECT_EQ(process.ruler(2), "AB");
  EXPECT_EQ(process.vma(0).policy.mode, kMpolBind);
  (void)process(Exec{});
  (void)process.map(0, 2);
  EXPECT_EQ(process.ruler(2), "AA");
}

TEST(MemoryPolicy, SharesNoAnonVma) {
  for (const bool differs : {false, true}) {
    Process process;
    (void)process.map(0, 2);
    (void)process.protect(1, 1, kRead);
    if (differs) (void)process.bind(0, 1);
    (void)process.write(0);
    (void)process.protect(1, 1, kReadWrite);
    (void)process.protect(0, 1, kRead);
    (void)process.write(1);
    EXPECT_EQ(process.vma(0).anon_vma == process.vma(1).anon_vma, !differs);
  }
}

TEST(SetMempolicy, ChangesNoVma) {
  Process process;
  (void)process.map(0, 1);
  EXPECT_EQ(process(SetMempolicy{kMpolInterleave, 0, 1}), kOk);
  (void)process.map(1, 1);
  EXPECT_EQ(process.ruler(2), "AA");
  EXPECT_EQ(process.vma(0).policy, MemPolicy{});
}

TEST(Mbind, KeepsTheNodesThatWereAskedForWithTheFlagsOfItsKernel) {
  for (const auto rule : {AskedNodes::kWithAnyFlag, AskedNodes::kWithNodeFlags}) {
    for (const std::uint16_t flag : {kMpolNumaBalancing, kMpolStaticNodes}) {
      Process process(with(&KernelProfile::asked_nodes, rule));
      (void)process.map(0, 2);
      EXPECT_EQ(process(Mbind{page(0), kPageSize, kMpolBind, flag, 1, 0}), kOk);
      EXPECT_EQ(process(Mbind{page(1), kPageSize, kMpolBind, flag, 0x8001, 0}), kOk);
      const bool is_one = rule == AskedNodes::kWithNodeFlags && flag == kMpolNumaBalancing;
      EXPECT_EQ(process.ruler(2), is_one ? "AA" : "AB");
    }
  }
}

TEST(Mbind, KnowsTheModesOfItsKernel) {
  for (const auto modes : {MempolicyModes::kPlain, MempolicyModes::kWithWeights}) {
    Process process(with(&KernelProfile::mempolicy_modes, modes));
    (void)process.map(0, 1);
    const Outcome expected = modes == MempolicyModes::kPlain ? fails(Errno::kEINVAL) : kOk;
    EXPECT_EQ(process.bind(0, 1, kMpolWeightedInterleave), expected);
    EXPECT_EQ(process.bind(0, 1, kMpolPreferredMany | kMpolNumaBalancing), expected);
    EXPECT_EQ(process(SetMempolicy{kMpolWeightedInterleave, kNoFlags, 1}), expected);
    EXPECT_EQ(process.bind(0, 1, kMpolPreferredMany), kOk);
    EXPECT_EQ(process.bind(0, 1, kMpolBind | kMpolNumaBalancing), kOk);
  }
}

}  // namespace
}  // namespace vmadiff::model
