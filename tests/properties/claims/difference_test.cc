// tests/properties: what counts as a difference between two snapshots, and what does not.
#include "properties/claims/difference.h"

#include <gtest/gtest.h>

#include "../support.h"
#include "properties/claims/renaming.h"

namespace vmadiff::properties {
namespace {

using spec::FileClass;
using spec::Observes;
using spec::Snapshot;
using spec::Vma;

constexpr spec::VmFlags kPlain = spec::kVmRead | spec::kVmWrite | spec::kVmMayread |
                                 spec::kVmMaywrite | spec::kVmMayexec | spec::kVmAccount;

Vma anonymous(std::uint64_t first, std::uint64_t last, spec::AnonVmaId anon_vma = 0) {
  return {page(first), page(last), kPlain,       page(first) >> spec::kPageShift,
          {},          anon_vma,   anon_vma != 0};
}

Vma shared(std::uint64_t first, std::uint64_t last, std::uint32_t number) {
  return {page(first), page(last), kPlain | spec::kVmShared, 0, {FileClass::kAnonShared, number},
          0,           0};
}

Snapshot with_vmas(std::vector<Vma> vmas) {
  return {.vmas = std::move(vmas), .counters = {}, .huge_pages = {}};
}

TEST(Difference, EqualSnapshotsHaveNone) {
  EXPECT_FALSE(difference(with_vmas({anonymous(0, 2)}), with_vmas({anonymous(0, 2)}), {}));
}

TEST(Difference, TheLowestVmaThatDiffersIsNamed) {
  const auto d = difference(with_vmas({anonymous(0, 2), anonymous(4, 5)}),
                            with_vmas({anonymous(0, 2), anonymous(4, 6)}), {});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->field, Field::kEnd);
  EXPECT_EQ(d->index, 1U);
}

TEST(Difference, AVmaMoreOnOneSideIsSeen) {
  const auto d =
      difference(with_vmas({anonymous(0, 2)}), with_vmas({anonymous(0, 2), anonymous(3, 4)}), {});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->field, Field::kVmaCount);
  EXPECT_NE(explain(*d, with_vmas({anonymous(0, 2)}), with_vmas({anonymous(0, 2), anonymous(3, 4)}))
                .find("no such VMA"),
            std::string::npos);
}

TEST(Difference, OwnOffsetsAreSeenWhereOffsetsOfAnonymousMemoryAre) {
  Vma one = anonymous(0, 2);
  one.file = {FileClass::kMemfd, 0};
  Vma other = one;
  one.own_pgoff = 7;
  other.own_pgoff = 8;
  const auto d = difference(with_vmas({one}), with_vmas({other}), {});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->field, Field::kPgoff);
  EXPECT_FALSE(difference(with_vmas({one}), with_vmas({other}), Observes{.anon_pgoff = false}));
}

TEST(Difference, SoftDirtyIsIgnored) {
  Vma dirty = anonymous(0, 2);
  dirty.flags |= spec::kVmSoftdirty;
  EXPECT_FALSE(difference(with_vmas({dirty}), with_vmas({anonymous(0, 2)}), {}));
}

TEST(Difference, OffsetsOfFilesAreSeenAsFarAsTheKernelShowsThem) {
  Vma file = anonymous(0, 2);
  file.file = {spec::FileClass::kZero, 0};
  Vma other = file;
  other.pgoff += std::uint64_t{1} << (64 - spec::kPageShift);
  EXPECT_TRUE(difference(with_vmas({file}), with_vmas({other}), {}));
  EXPECT_FALSE(difference(with_vmas({file}), with_vmas({other}), Observes{.anon_pgoff = false}));
  other.pgoff += 1;
  EXPECT_TRUE(difference(with_vmas({file}), with_vmas({other}), Observes{.anon_pgoff = false}));
}

TEST(Difference, FlagsThatAreNotObservedAreIgnoredButPermissionsAreNot) {
  Vma other = anonymous(0, 2);
  other.flags |= spec::kVmMergeable;
  EXPECT_TRUE(difference(with_vmas({anonymous(0, 2)}), with_vmas({other}), {}));
  EXPECT_FALSE(
      difference(with_vmas({anonymous(0, 2)}), with_vmas({other}), Observes{.vm_flags = false}));
  other.flags &= ~spec::kVmWrite;
  const auto d =
      difference(with_vmas({anonymous(0, 2)}), with_vmas({other}), Observes{.vm_flags = false});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->field, Field::kPermissions);
}

TEST(Difference, AnonVmasCompareUpToRenaming) {
  const auto a = with_vmas({anonymous(0, 1, 5), anonymous(2, 3, 9), anonymous(4, 5, 5)});
  const auto renamed = with_vmas({anonymous(0, 1, 1), anonymous(2, 3, 2), anonymous(4, 5, 1)});
  EXPECT_FALSE(difference(a, renamed, {}));
  EXPECT_FALSE(difference(renamed, a, {}));
  const auto split = with_vmas({anonymous(0, 1, 1), anonymous(2, 3, 2), anonymous(4, 5, 3)});
  EXPECT_TRUE(difference(a, split, {}));
  EXPECT_TRUE(difference(split, a, {}));
}

TEST(Difference, AnAnonVmaOnOneSideOnlyIsSeen) {
  const auto d = difference(with_vmas({anonymous(0, 1, 5)}), with_vmas({anonymous(0, 1)}), {});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->field, Field::kAnonVma);
  EXPECT_FALSE(difference(with_vmas({anonymous(0, 1, 5)}), with_vmas({anonymous(0, 1)}),
                          Observes{.anon_vma = false}));
}

TEST(Difference, SharedObjectsCompareUpToRenamingAndNamedFilesDoNot) {
  EXPECT_FALSE(difference(with_vmas({shared(0, 1, 4), shared(2, 3, 7)}),
                          with_vmas({shared(0, 1, 0), shared(2, 3, 1)}), {}));
  EXPECT_TRUE(difference(with_vmas({shared(0, 1, 4), shared(2, 3, 4)}),
                         with_vmas({shared(0, 1, 0), shared(2, 3, 1)}), {}));
  Vma memfd = shared(0, 1, 0);
  memfd.file = {FileClass::kMemfd, 0};
  Vma other = memfd;
  other.file.number = 1;
  const auto d = difference(with_vmas({memfd}), with_vmas({other}), {});
  ASSERT_TRUE(d);
  EXPECT_EQ(d->field, Field::kFile);
}

TEST(Difference, OffsetsOfAnonymousMemoryNeedToBeObserved) {
  Vma moved = anonymous(0, 1);
  moved.pgoff += 3;
  EXPECT_TRUE(difference(with_vmas({anonymous(0, 1)}), with_vmas({moved}), {}));
  EXPECT_FALSE(
      difference(with_vmas({anonymous(0, 1)}), with_vmas({moved}), Observes{.anon_pgoff = false}));
}

TEST(Difference, SumsOfCountersAreComparedWhereTheCountersAreNot) {
  Snapshot a = with_vmas({});
  Snapshot b = with_vmas({});
  a.counters = {.data_vm = 3, .stack_vm = 1};
  b.counters = {.data_vm = 2, .stack_vm = 2};
  EXPECT_TRUE(difference(a, b, {}));
  EXPECT_FALSE(difference(a, b, Observes{.counters = false}));
  b.counters.data_vm = 3;
  EXPECT_TRUE(difference(a, b, Observes{.counters = false}));
  EXPECT_FALSE(difference(a, b, Observes{.counters = false, .counter_sums = false}));
}

TEST(Difference, BreakAndKsmStateAreCompared) {
  Snapshot a = with_vmas({});
  Snapshot b = with_vmas({});
  b.merge_any = true;
  EXPECT_EQ(difference(a, b, {})->field, Field::kMergeAny);
  EXPECT_FALSE(difference(a, b, {}, {.merge_any = true}));
  b = a;
  b.brk = 7;
  EXPECT_EQ(difference(a, b, {})->field, Field::kBrk);
  EXPECT_FALSE(difference(a, b, Observes{.brk_and_merge = false}));
}

TEST(Difference, MovedLayoutsMoveWithTheirAnonymousOffsets) {
  const auto a = with_vmas({anonymous(0, 2), shared(4, 5, 0)});
  auto b = with_vmas({anonymous(16, 18), shared(20, 21, 0)});
  const Leeway moved{.moved = 16 * spec::kPageSize};
  EXPECT_FALSE(difference(a, b, {}, moved));
  EXPECT_TRUE(difference(a, b, {}));
  b.vmas[0].pgoff -= 16;
  EXPECT_EQ(difference(a, b, {}, moved)->field, Field::kPgoff);
}

TEST(Renaming, IsOneToOneAlsoWithManyNumbers) {
  Renaming renaming;
  for (std::uint32_t i = 0; i < 200; ++i) EXPECT_TRUE(renaming.pair(i, 1000 - i));
  for (std::uint32_t i = 0; i < 200; ++i) EXPECT_TRUE(renaming.pair(i, 1000 - i));
  EXPECT_FALSE(renaming.pair(7, 1000));
  EXPECT_FALSE(renaming.pair(500, 1000 - 7));
}

}  // namespace
}  // namespace vmadiff::properties
