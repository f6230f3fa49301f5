// tests/model: several userfaultfds in a process, their features, and what these change of forks
// and moves.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

constexpr std::uint64_t kFork = kUffdEventFork;
constexpr std::uint64_t kRemap = kUffdEventRemap;

Outcome watch(Process& process, std::uint64_t number, std::uint64_t first, std::uint64_t pages,
              std::uint64_t mode = kUffdModeWp) {
  return process(UffdRegister{page(first), pages * kPageSize, mode, number});
}
Outcome unwatch(Process& process, std::uint64_t number, std::uint64_t first, std::uint64_t pages) {
  return process(UffdUnregister{page(first), pages * kPageSize, number});
}

TEST(UffdOpen, ChecksItsArguments) {
  spec::Setup setup = spec::Setup::standard();
  setup.uffd_event_fork = false;
  Process process("linux-7.3", setup);
  EXPECT_EQ(process(UffdOpen{kUserfaultfdCount, 0}), fails(Errno::kEBADF));
  EXPECT_EQ(process(UffdOpen{0, kFork}), fails(Errno::kEPERM));
  EXPECT_EQ(process(UffdOpen{0, kUffdRwpAsync}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(UffdOpen{0, kRemap}), kOk);
  EXPECT_EQ(process(UffdOpen{0, kRemap}), fails(Errno::kEINVAL));  // it is open
  EXPECT_EQ(process(UffdClose{0}), kOk);
  EXPECT_EQ(process(UffdClose{0}), fails(Errno::kEBADF));
  EXPECT_EQ(process(UffdClose{kUserfaultfdCount}), fails(Errno::kEBADF));
  EXPECT_EQ(process(UffdOpen{0, kUffdRwp | kUffdRwpAsync}), kOk);
}

TEST(UffdOpen, KnowsTheFeaturesOfItsKernel) {
  for (const auto features : {UffdFeatures::kEvents, UffdFeatures::kWpAsync, UffdFeatures::kRwp}) {
    spec::Setup setup = spec::Setup::standard();
    setup.uffd_event_fork = false;
    Process process(with(&KernelProfile::uffd_features, features), setup);
    const bool knows_async = features != UffdFeatures::kEvents;
    EXPECT_EQ(process(UffdOpen{0, kUffdWpAsync}), knows_async ? kOk : fails(Errno::kEINVAL));
    const bool knows_rwp = features == UffdFeatures::kRwp;
    EXPECT_EQ(process(UffdOpen{1, kUffdRwp}), knows_rwp ? kOk : fails(Errno::kEINVAL));
    // Which of the two it complains of.
    EXPECT_EQ(process(UffdOpen{2, kFork | kUffdRwp}),
              fails(knows_async ? Errno::kEPERM : Errno::kEINVAL));
  }
}

TEST(UffdOpen, ComesTooLateForOneThatWasUsed) {
  Process process;
  EXPECT_EQ(process.watch(0, 1), fails(Errno::kEINVAL));  // nothing is there, but it is open now
  EXPECT_EQ(process(UffdOpen{0, kRemap}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(UffdOpen{1, kRemap}), kOk);
}

TEST(UffdRegister, OfAnotherUserfaultfdStaysApart) {
  Process process;
  (void)process.map(0, 6);
  EXPECT_EQ(watch(process, 0, 0, 2), kOk);
  EXPECT_EQ(watch(process, 1, 2, 2), kOk);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  EXPECT_EQ(process.vma(0).userfaultfd, 1U);
  EXPECT_EQ(process.vma(2).userfaultfd, 2U);
  EXPECT_EQ(process.vma(4).userfaultfd, 0U);
  EXPECT_EQ(watch(process, 0, 1, 2), fails(Errno::kEBUSY));
  EXPECT_EQ(watch(process, 1, 4, 2), kOk);
  EXPECT_EQ(process.ruler(6), "AABBBB");
}

TEST(UffdUnregister, OfAnothersMemoryIsForItsKernelToSay) {
  for (const auto owner : {UffdOwner::kAnyones, UffdOwner::kItsOwn}) {
    Process process(with(&KernelProfile::uffd_owner, owner));
    (void)process.map(0, 4);
    EXPECT_EQ(watch(process, 0, 0, 4), kOk);
    const bool may = owner == UffdOwner::kAnyones;
    EXPECT_EQ(unwatch(process, 1, 1, 2), may ? kOk : fails(Errno::kEINVAL));
    EXPECT_EQ(process.ruler(4), may ? "ABBC" : "AAAA");
  }
}

TEST(UffdClose, UnregistersWhatIsItsAndJoinsIt) {
  Process process;
  (void)process.map(0, 8);
  EXPECT_EQ(watch(process, 0, 1, 1), kOk);
  EXPECT_EQ(watch(process, 1, 3, 1), kOk);
  EXPECT_EQ(watch(process, 0, 5, 1), kOk);
  EXPECT_EQ(process.ruler(8), "ABCDEFGG");
  EXPECT_EQ(process(UffdClose{0}), kOk);
  EXPECT_EQ(process.ruler(8), "AAABCCCC");
  EXPECT_EQ(process.vma(3).userfaultfd, 2U);
}

TEST(Uffd, WithRemapEventsFollowsWhatMoves) {
  for (const auto move : {UffdMove::kMerges, UffdMove::kNeverMerges}) {
    Process process(with(&KernelProfile::uffd_move, move));
    (void)process(UffdOpen{0, kRemap});
    (void)process.map(0, 2);
    (void)process.map(8, 2);
    EXPECT_EQ(watch(process, 0, 0, 2), kOk);
    EXPECT_EQ(watch(process, 0, 8, 2), kOk);
    EXPECT_TRUE(process.move(0, 2, 10).is_ok());
    EXPECT_EQ(process.ruler(12), "........AAAA");
    EXPECT_EQ(process.vma(8).userfaultfd, 1U);
  }
}

TEST(Uffd, WithForkEventsFollowsIntoTheChild) {
  Process process;
  (void)process(UffdOpen{0, kFork});
  (void)process(UffdOpen{1, kFork});
  (void)process.map(0, 6);
  EXPECT_EQ(watch(process, 0, 0, 2), kOk);
  EXPECT_EQ(watch(process, 2, 2, 2), kOk);
  ASSERT_EQ(process(Fork{}), Outcome::ok(1));
  process.become(1);
  EXPECT_EQ(process.vma(0).userfaultfd, 1U);
  EXPECT_EQ(process.vma(2).userfaultfd, 0U);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  // Of the three it has one: nothing was registered with the second, and the third did not ask.
  EXPECT_EQ(process(UffdClose{1}), fails(Errno::kEBADF));
  EXPECT_EQ(process(UffdClose{2}), fails(Errno::kEBADF));
  EXPECT_EQ(unwatch(process, 0, 0, 1), kOk);
  process.become(0);
  EXPECT_EQ(process(UffdClose{0}), kOk);
  process.become(1);
  EXPECT_EQ(process.vma(1).userfaultfd, 1U);
  EXPECT_EQ(process(Exec{}), kOk);
  EXPECT_EQ(process(UffdClose{0}), fails(Errno::kEBADF));
}

TEST(Uffd, ThatWaitsForNobodyWatchesAllMemory) {
  for (const auto special : {UffdSpecial::kTaken, UffdSpecial::kRefused}) {
    Process process(with(&KernelProfile::uffd_special, special));
    (void)process(UffdOpen{0, kUffdWpAsync});
    (void)process.map_file(0, 1, kFile0);
    (void)process.map_file(2, 1, kPfnmap0);
    (void)process(Mmap{page(4), kPageSize, kRead, kSharedFixed, kFileRo0, 0});
    EXPECT_EQ(watch(process, 0, 0, 1), kOk);
    EXPECT_EQ(watch(process, 0, 2, 1),
              special == UffdSpecial::kTaken ? kOk : fails(Errno::kEINVAL));
    EXPECT_EQ(watch(process, 0, 4, 1), fails(Errno::kEPERM));
    EXPECT_EQ(watch(process, 1, 6, 1), fails(Errno::kEINVAL));
    EXPECT_EQ(unwatch(process, 0, 0, 1), kOk);
    // What is not registered is looked at as for any other mode.
    EXPECT_EQ(unwatch(process, 0, 0, 1), fails(Errno::kEINVAL));
  }
}

TEST(Uffd, ForReadsAndWritesIsAModeOfItsOwn) {
  Process process("linux-7.3");
  (void)process(UffdOpen{0, kUffdRwp});
  (void)process.map(0, 4);
  (void)process.map(6, 1, 0);
  EXPECT_EQ(watch(process, 1, 0, 1, kUffdModeRwp), fails(Errno::kEINVAL));
  EXPECT_EQ(watch(process, 0, 0, 1, kUffdModeRwp | kUffdModeWp), fails(Errno::kEINVAL));
  EXPECT_EQ(watch(process, 0, 6, 1, kUffdModeRwp), fails(Errno::kEINVAL));
  EXPECT_EQ(watch(process, 0, 0, 2, kUffdModeRwp), kOk);
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac ur");
  EXPECT_EQ(watch(process, 0, 1, 2), fails(Errno::kEBUSY));
  EXPECT_EQ(watch(process, 0, 2, 2), kOk);
  EXPECT_EQ(process.ruler(4), "AABB");
}

}  // namespace
}  // namespace vmadiff::model
