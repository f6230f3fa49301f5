// Several userfaultfds: when a context keeps VMAs apart, what release_all and the features do.
#include <gtest/gtest.h>

#include "address_space.h"
#include "impl/fork.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

Outcome watch(AddressSpace& space, std::uint64_t number, std::uint64_t first, std::uint64_t pages) {
  return userfaultfd_register(space.mm, {page(first), bytes(pages), kUffdModeWp, number});
}

TEST(SeveralUserfaultfds, contexts_keep_apart) {
  AddressSpace space;
  space.map(0, 6);
  EXPECT_EQ(watch(space, 0, 0, 3), Outcome::ok());
  EXPECT_EQ(watch(space, 3, 3, 3), Outcome::ok());
  EXPECT_EQ(space.ruler(6), "AAABBB");
  EXPECT_EQ(space.at(0).vm_flags, space.at(3).vm_flags);
  EXPECT_EQ(watch(space, 3, 0, 6), Outcome::fail(Errno::kEBUSY));
  EXPECT_EQ(watch(space, 4, 0, 6), Outcome::fail(Errno::kEBADF));
  EXPECT_EQ(userfaultfd_close(space.mm, {3}), Outcome::ok());
  EXPECT_EQ(watch(space, 0, 3, 3), Outcome::ok());
  EXPECT_EQ(space.ruler(6), "AAAAAA");
  (void)space.snapshot();
}

TEST(SeveralUserfaultfds, a_close_merges_with_both_neighbours) {
  AddressSpace space;
  space.map(0, 9);
  for (const std::uint64_t at : {1UL, 3UL, 5UL, 7UL})
    EXPECT_EQ(watch(space, at % 4, at, 1), Outcome::ok());
  EXPECT_EQ(space.ruler(9), "ABCDEFGHI");
  EXPECT_EQ(userfaultfd_close(space.mm, {1}), Outcome::ok());
  EXPECT_EQ(space.ruler(9), "AAABCCCDE");
  EXPECT_EQ(userfaultfd_close(space.mm, {3}), Outcome::ok());
  EXPECT_EQ(space.ruler(9), "AAAAAAAAA");
  EXPECT_EQ(space.snapshot().counters.map_count, 4U);
}

TEST(SeveralUserfaultfds, a_move_keeps_what_asks_for_events) {
  for (const std::uint64_t features : {std::uint64_t{0}, kUffdEventRemap}) {
    for (const auto move : {UffdMove::kMerges, UffdMove::kNeverMerges}) {
      AddressSpace space{profile_with<&KernelProfile::uffd_move>(move)};
      EXPECT_EQ(userfaultfd_open(space.mm, {0, features}), Outcome::ok());
      space.map(0, 2);
      space.map(8, 2);
      EXPECT_EQ(watch(space, 0, 0, 2), Outcome::ok());
      EXPECT_EQ(watch(space, 0, 8, 2), Outcome::ok());
      EXPECT_TRUE(sys_mremap(space.mm,
                             {page(0), bytes(2), bytes(2), kMremapMaymove | kMremapFixed, page(10)})
                      .is_ok());
      const bool stays = features != 0;
      const bool merges = stays || move == UffdMove::kMerges;
      EXPECT_EQ(space.ruler(12), merges ? "........AAAA" : "........AABB");
      EXPECT_EQ(space.at(10).uffd_ctx != kNoUffdCtx, stays);
      EXPECT_EQ(space.at(8).uffd_ctx != kNoUffdCtx, stays || !merges);
      (void)space.snapshot();
    }
  }
}

TEST(SeveralUserfaultfds, a_fork_has_those_that_ask_for_events) {
  AddressSpace space;
  EXPECT_EQ(userfaultfd_open(space.mm, {1, kUffdEventFork}), Outcome::ok());
  space.map(0, 4);
  EXPECT_EQ(watch(space, 0, 0, 2), Outcome::ok());
  EXPECT_EQ(watch(space, 1, 2, 2), Outcome::ok());
  const auto child = space.fork();
  ASSERT_TRUE(child);
  MmStruct& mm = *child;
  EXPECT_EQ(mm.broken_invariant(), std::nullopt);
  EXPECT_EQ(mm.vma_lookup(page(0))->uffd_ctx, kNoUffdCtx);
  EXPECT_EQ(mm.vma_lookup(page(2))->uffd_ctx, 2U);
  EXPECT_EQ(userfaultfd_close(mm, {0}), Outcome::fail(Errno::kEBADF));
  EXPECT_EQ(userfaultfd_close(mm, {1}), Outcome::ok());
  // What was apart before the fork is one again.
  EXPECT_EQ(mm.vma_lookup(page(0)), mm.vma_lookup(page(3)));
}

}  // namespace
}  // namespace vmadiff::impl
