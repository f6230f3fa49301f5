// tests/properties: the ranges that calls work on, as each of them rounds.
#include "properties/claims/reach.h"

#include <gtest/gtest.h>

#include <optional>

#include "../support.h"
#include "impl/implementation.h"
#include "model/model.h"

namespace vmadiff::properties {
namespace {

using spec::Range;

constexpr spec::Address kStart = page(0);
/// Two pages, but for some bytes.
constexpr spec::Address kOdd = 0x19fa;

std::optional<Range> first(const spec::Syscall& call, const spec::Snapshot& before = {}) {
  return reach(call, before).first;
}

TEST(Reach, MostCallsRoundTheirLengthUp) {
  const Range two{kStart, page(2)};
  EXPECT_EQ(first(spec::Munmap{kStart, kOdd}), two);
  EXPECT_EQ(first(spec::Mprotect{kStart, kOdd, 0}), two);
  EXPECT_EQ(first(spec::Madvise{kStart, kOdd, 0}), two);
  EXPECT_EQ(first(spec::Mseal{kStart, kOdd, 0}), two);
  EXPECT_EQ(first(spec::Mbind{.addr = kStart, .length = kOdd}), two);
  EXPECT_EQ(first(spec::Mremap{.addr = kStart, .length = kOdd}), two);
}

TEST(Reach, MlockGoesFromTheStartsPageToTheEnds) {
  EXPECT_EQ(first(spec::Mlock{kStart + 0xfff, 2}), (Range{kStart, page(2)}));
  EXPECT_EQ(first(spec::Mlock2{kStart + 0xfff, 1}), (Range{kStart, page(1)}));
  EXPECT_EQ(first(spec::Munlock{kStart + 1, 0}), (Range{kStart, page(1)}));
  EXPECT_EQ(first(spec::Touch{kStart + 0xfff, 2}), (Range{kStart, page(2)}));
}

TEST(Reach, RemapFilePagesRoundsDown) {
  EXPECT_EQ(first(spec::RemapFilePages{.addr = kStart + 0x10, .length = kOdd}),
            (Range{kStart, page(1)}));
}

TEST(Reach, HugePagesAreWhole) {
  const spec::Mmap call{
      .addr = kStart,
      .length = spec::kPageSize,
      .flags = spec::kMapPrivate | spec::kMapFixed | spec::kMapAnonymous | spec::kMapHugetlb,
      .file = {}};
  EXPECT_EQ(first(call), (Range{kStart, kStart + spec::kHugePageSize}));
  auto of_file = call;
  of_file.flags = spec::kMapPrivate | spec::kMapFixed;
  of_file.file = {spec::FileClass::kHugetlb, 0};
  EXPECT_EQ(first(of_file), (Range{kStart, kStart + spec::kHugePageSize}));
  auto small = of_file;
  small.flags |= spec::kMapAnonymous;  // the file is ignored
  EXPECT_EQ(first(small), (Range{kStart, page(1)}));
  const spec::Snapshot before{
      .vmas = {{kStart, kStart + 2 * spec::kHugePageSize, spec::kVmHugetlb, 0, {}, 0, 0}},
      .counters = {},
      .huge_pages = {}};
  const spec::Mremap moves{.addr = kStart,
                           .length = 1,
                           .new_length = spec::kHugePageSize + 1,
                           .flags = spec::kMremapMaymove | spec::kMremapFixed,
                           .new_addr = kStart + 4 * spec::kHugePageSize};
  EXPECT_EQ(reach(moves, before).first, (Range{kStart, kStart + spec::kHugePageSize}));
  EXPECT_EQ(reach(moves, before).second,
            (Range{moves.new_addr, moves.new_addr + 2 * spec::kHugePageSize}));
}

TEST(Reach, WhatIsLongerThanAllAddressesEndsWithThem) {
  EXPECT_EQ(first(spec::Munmap{kStart, ~0ULL}), (Range{kStart, ~0ULL}));
  EXPECT_EQ(first(spec::Mlock{kStart, ~0ULL - kStart - 1}), (Range{kStart, ~0ULL}));
  EXPECT_FALSE(first(spec::Brk{kStart}));
  EXPECT_FALSE(
      first(spec::Mmap{.addr = kStart, .length = 1, .flags = spec::kMapPrivate, .file = {}}));
}

/// A finding of failed allocations behind eight pages of each kind of memory.
std::optional<Finding> finding_of(std::string_view memory, std::string_view call) {
  const auto options = checker_options("linux-6.18", "faults");
  const auto model = model::make_model(options.profile);
  const auto impl = impl::make_implementation(options.profile);
  Checker checker{{model.get(), impl.get()}, options};
  const auto sequence = sequence_of(std::string{memory} + std::string{call});
  EXPECT_EQ(sequence.size(), 2U) << call;
  return checker.check(sequence, Observation::kEveryStep).value();
}

constexpr std::string_view kShared =
    "mmap(0x100000000000, 0x800000, PROT_READ|PROT_WRITE, "
    "MAP_SHARED|MAP_ANONYMOUS|MAP_FIXED|MAP_NORESERVE, -1, 0)\n";
constexpr std::string_view kPrivate =
    "mmap(0x100000000000, 0x800000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n";

// Met by a campaign (--faults, seed 4242): the rule took a range that was rounded up for one that
// the call had rounded down. And of the same kind: the end of a hugetlb mapping.
TEST(Reach, SplitsWhereACallRoundsAreNoFindings) {
  for (const std::string_view memory : {kShared, kPrivate}) {
    for (const std::string_view call :
         {"remap_file_pages(0x100000000000, 0x19fa, PROT_NONE, 0, 0)",
          "remap_file_pages(0x100000001234, 0x2fff, PROT_NONE, 0, 0)",
          "munmap(0x100000001000, 0x19fa)", "mprotect(0x100000001000, 0x19fa, PROT_READ)",
          "madvise(0x100000001000, 0x19fa, MADV_DONTFORK)", "mlock(0x100000001fff, 0x2)",
          "mlock2(0x100000001fff, 0x1001, MLOCK_ONFAULT)", "munlock(0x100000001234, 0x19fa)",
          "mseal(0x100000001000, 0x19fa, 0)", "mbind(0x100000001000, 0x19fa, MPOL_BIND, 0, 1, 0)",
          "uffd_register(0x100000001000, 0x2000, WP)",
          "mremap(0x100000001000, 0x19fa, 0x29fa, MREMAP_MAYMOVE)",
          "mremap(0x100000001000, 0x2ffe, 0x19fa, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000100000)",
          "mremap(0x100000001000, 0x19fa, 0x19fa, MREMAP_MAYMOVE|MREMAP_DONTUNMAP)",
          "mmap(0x100000001000, 0x19fa, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
          "mmap(0x100000200000, 0x1000, PROT_READ, "
          "MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|MAP_FIXED|MAP_NORESERVE, -1, 0)",
          "mmap(0x100000200000, 0x1000, PROT_READ, MAP_SHARED|MAP_FIXED|MAP_NORESERVE, hugetlb:0, "
          "0)"}) {
      const auto found = finding_of(memory, call);
      EXPECT_FALSE(found) << memory << call << '\n' << (found ? found->explanation : "");
    }
  }
}

}  // namespace
}  // namespace vmadiff::properties
