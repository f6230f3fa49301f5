// tests of kernel: where the host begins, and what it says of this machine.
#include <algorithm>

#include "host_fixture.h"

namespace vmadiff::kernel {
namespace {

using HostLayout = HostTest;

TEST_F(HostLayout, IsTheStandardOne) {
  const auto standard = spec::Setup::standard();
  EXPECT_EQ(setup_.initial.vmas, standard.initial.vmas);
  EXPECT_EQ(setup_.initial.counters, standard.initial.counters);
  EXPECT_EQ(setup_.initial.brk, standard.initial.brk);
  EXPECT_EQ(setup_.initial.merge_any, standard.initial.merge_any);
  EXPECT_EQ(setup_.start_brk, standard.start_brk);
  EXPECT_EQ(setup_.task_size, standard.task_size);
  EXPECT_EQ(setup_.mmap_base, standard.mmap_base);
  EXPECT_EQ(setup_.reserved, standard.reserved);
}

TEST_F(HostLayout, IsSeenUnchangedFromOutside) {
  const auto now = snapshot();
  EXPECT_EQ(now.vmas, setup_.initial.vmas);
  EXPECT_EQ(now.counters, setup_.initial.counters);
  EXPECT_EQ(now.brk, setup_.start_brk);
  EXPECT_FALSE(now.merge_any);
}

TEST_F(HostLayout, AnotherOneIsRefused) {
  auto other = setup_;
  other.initial.vmas.pop_back();
  EXPECT_FALSE(host_->start(other));
}

TEST_F(HostLayout, LimitsAreThoseOfAMachine) {
  EXPECT_GE(setup_.placement_min_addr, setup_.mmap_min_addr);
  EXPECT_TRUE(spec::is_page_aligned(setup_.placement_min_addr));
  EXPECT_LT(setup_.placement_min_addr, 0x100000U);
  EXPECT_GT(setup_.max_map_count, 1000U);
  EXPECT_GT(setup_.overcommit_pages, 1000U);
}

TEST_F(HostLayout, AStackGrowsToTheLowestPlaceAndNoFurther) {
  const auto grow_to = [this](spec::Address page) {
    start();
    const auto stack = setup_.placement_min_addr + 2 * spec::kPageSize;
    const spec::Mmap map{
        stack,
        spec::kPageSize,
        spec::kProtRead | spec::kProtWrite,
        spec::kMapPrivate | spec::kMapAnonymous | spec::kMapFixed | spec::kMapGrowsdown,
        {},
        0};
    EXPECT_EQ(host_->apply(0, map), spec::Outcome::ok(stack));
    return host_->apply(0, spec::Touch{page, spec::kPageSize, spec::Access::kWrite});
  };
  EXPECT_EQ(grow_to(setup_.placement_min_addr), spec::Outcome::ok(0));
  if (setup_.placement_min_addr == 0) return;
  EXPECT_EQ(grow_to(setup_.placement_min_addr - spec::kPageSize),
            spec::Outcome::fail(spec::Errno::kSIGSEGV));
}

TEST_F(HostLayout, FirstPlaceIsRightBelowTheBase) {
  EXPECT_EQ(run("mmap(NULL, 0x1000, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)\n"),
            "0x7ffff7ffe000\n");
}

TEST_F(HostLayout, EveryFileClassIsSeenByItsName) {
  for (const auto cls : capabilities_.file_classes) {
    if (cls == spec::FileClass::kUnmappable || cls == spec::FileClass::kHugetlb) continue;
    for (std::uint32_t number = 0;
         number < capabilities_.file_counts[static_cast<std::size_t>(cls)]; ++number) {
      start();
      const spec::FileId file{cls, number};
      EXPECT_EQ(host_->apply(0, spec::Mmap{0x100000000000, 0x2000, spec::kProtRead,
                                           spec::kMapPrivate | spec::kMapFixed, file, 0x3000}),
                spec::Outcome::ok(0x100000000000));
      const auto vmas = snapshot().vmas;
      const auto at = std::ranges::find(vmas, 0x100000000000U, &spec::Vma::start);
      ASSERT_NE(at, vmas.end());
      EXPECT_EQ(at->file, file);
      EXPECT_EQ(at->pgoff, 3U);
    }
  }
}

TEST(HostCapabilities, SaysWhyNot) {
  const auto found = probe_host();
  EXPECT_EQ(found.can_run, found.why_not.empty());
  EXPECT_EQ(found.ksm, found.ksm_note.empty());
  EXPECT_EQ(found.why_not.find('\n'), std::string::npos);
  for (const auto cls : {spec::FileClass::kPfnmap, spec::FileClass::kTwoHooks})
    EXPECT_EQ(std::ranges::count(found.file_classes, cls), 0);
}

}  // namespace
}  // namespace vmadiff::kernel
