// tests/impl: the counters of the pool, and who takes a page from whom.
#include <gtest/gtest.h>

#include "impl/hstate.h"
#include "impl/implementation.h"
#include "spec/trace_text.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

struct Pool : Hstate {
  Pool(std::uint64_t pages, std::uint64_t surplus) {
    Setup setup;
    setup.nr_hugepages = pages;
    setup.nr_overcommit_hugepages = surplus;
    init(setup);
  }
};

TEST(Hstate, reservations_grow_the_pool_as_far_as_it_may) {
  Pool h{2, 2};
  EXPECT_TRUE(h.acct_memory(3));
  EXPECT_EQ(h.counters(), (HugePages{3, 3, 1}));
  EXPECT_FALSE(h.acct_memory(2));
  EXPECT_EQ(h.counters(), (HugePages{3, 3, 1}));
  h.unacct_memory(3);
  EXPECT_EQ(h.counters(), (HugePages{2, 0, 0}));
}

TEST(Hstate, surplus_pages_are_freed_for_good) {
  Pool h{1, 1};
  const auto first = h.alloc_folio(false);
  const auto second = h.alloc_folio(false);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(h.alloc_folio(false), nullptr);
  EXPECT_EQ(h.counters(), (HugePages{0, 0, 1}));
  h.free_folio(*first);
  EXPECT_EQ(h.counters(), (HugePages{0, 0, 0}));
  h.free_folio(*second);
  EXPECT_EQ(h.counters(), (HugePages{1, 0, 0}));
}

TEST(Hstate, what_is_reserved_is_nobody_elses) {
  Pool h{1, 0};
  EXPECT_TRUE(h.acct_memory(1));
  EXPECT_EQ(h.alloc_folio(false), nullptr);
  const auto folio = h.alloc_folio(true);
  ASSERT_TRUE(folio);
  EXPECT_TRUE(folio->restore_reserve);
  EXPECT_EQ(h.counters(), (HugePages{0, 0, 0}));
}

TEST(Hugetlb, nothing_is_left_but_what_a_move_of_a_part_forgets) {
  const auto left_by = [](std::string_view text) {
    spec::Setup setup = spec::Setup::standard();
    setup.nr_hugepages = 4;
    const auto system = make_implementation(*profile_named(kDefaultProfileName));
    EXPECT_TRUE(system->start(setup));
    for (const Step& step : parse_trace(text).trace.sequence)
      EXPECT_TRUE(system->apply(step.process, step.call).is_ok());
    return system->left_in_pool()->value();
  };
  EXPECT_EQ(left_by("mmap(0x100000000000, 0x400000, PROT_READ|PROT_WRITE, "
                    "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_HUGETLB, -1, 0)\n"
                    "touch(0x100000000000, 0x1000, WRITE)\n"
                    "fork()\n"
                    "[pid 1] touch(0x100000000000, 0x1000, READ)\n"
                    "mmap(0x100000800000, 0x400000, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, "
                    "hugetlb:1, 0)\n"
                    "touch(0x100000800000, 0x1000, WRITE)\n"),
            (HugePages{0, 0, 0}));
  EXPECT_EQ(left_by("mmap(0x100000000000, 0x400000, PROT_READ|PROT_WRITE, "
                    "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_HUGETLB, -1, 0)\n"
                    "mremap(0x100000000000, 0x200000, 0x200000, MREMAP_MAYMOVE|MREMAP_FIXED, "
                    "0x100000800000)\n"),
            (HugePages{0, 1, 0}));
}

}  // namespace
}  // namespace vmadiff::impl
