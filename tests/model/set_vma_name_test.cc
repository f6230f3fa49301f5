// tests/model: names of anonymous memory, and what they keep apart.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

const VmaName kA = VmaName::of("a");
const VmaName kB = VmaName::of("b");

/// In pages of the arena.
Outcome name_pages(Process& process, std::uint64_t first, std::uint64_t pages, VmaName name) {
  return process(SetVmaName{page(first), pages * kPageSize, name});
}

TEST(SetVmaName, KeepsNeighboursApartUnlessItIsTheSameOrNone) {
  Process process;
  (void)process.map(0, 6);
  EXPECT_EQ(name_pages(process, 0, 2, kA), kOk);
  EXPECT_EQ(process.ruler(6), "AABBBB");
  EXPECT_EQ(name_pages(process, 2, 2, kB), kOk);
  EXPECT_EQ(process.ruler(6), "AABBCC");
  // The text counts, not who wrote it.
  EXPECT_EQ(name_pages(process, 2, 2, VmaName::of(std::string{"a"})), kOk);
  EXPECT_EQ(process.ruler(6), "AAAABB");
  EXPECT_EQ(name_pages(process, 0, 4, {}), kOk);
  EXPECT_EQ(process.ruler(6), "AAAAAA");
}

TEST(SetVmaName, TheEmptyNameIsOne) {
  Process process;
  (void)process.map(0, 2);
  EXPECT_EQ(name_pages(process, 0, 1, VmaName::of("")), kOk);
  EXPECT_EQ(process.ruler(2), "AB");
  EXPECT_EQ(process.vma(0).name, VmaName::of(""));
  EXPECT_TRUE(process.vma(1).name.is_none());
}

TEST(SetVmaName, NewMemoryHasNone) {
  Process process;
  (void)process.map(0, 2);
  EXPECT_EQ(name_pages(process, 0, 2, kA), kOk);
  (void)process.map(2, 2);
  EXPECT_EQ(process.ruler(4), "AABB");
  (void)process.map(0, 1);
  EXPECT_EQ(process.ruler(4), "ABCC");
  const Address heap = spec::Setup::standard().start_brk;
  (void)process(Brk{heap + kPageSize});
  EXPECT_EQ(process(SetVmaName{heap, kPageSize, kA}), kOk);
  (void)process(Brk{heap + 2 * kPageSize});
  EXPECT_EQ(process.at(heap).name, kA);
  EXPECT_TRUE(process.at(heap + kPageSize).name.is_none());
}

TEST(SetVmaName, WhatGrowsMovesSplitsAndForksKeepsIt) {
  Process process;
  (void)process.map(0, 3);
  EXPECT_EQ(name_pages(process, 0, 3, kA), kOk);
  EXPECT_EQ(process.resize(0, 3, 4), Outcome::ok(page(0)));
  EXPECT_EQ(process.ruler(8), "AAAA....");
  (void)process.protect(1, 1, kRead);
  for (std::uint64_t i = 0; i < 4; ++i) EXPECT_EQ(process.vma(i).name, kA);
  EXPECT_EQ(process.move(0, 1, 6), Outcome::ok(page(6)));
  EXPECT_EQ(process.vma(6).name, kA);
  EXPECT_EQ(process(Fork{}), Outcome::ok(1));
  process.become(1);
  EXPECT_EQ(process.vma(6).name, kA);
  EXPECT_EQ(process(Exec{}), kOk);
  for (const Vma& vma : process.snapshot().vmas) EXPECT_TRUE(vma.name.is_none());
}

TEST(SetVmaName, AStackKeepsItAsItGrows) {
  Process process;
  (void)process.map(600, 1, kReadWrite, kAnonymousFixed | kMapGrowsdown);
  EXPECT_EQ(name_pages(process, 600, 1, kA), kOk);
  EXPECT_EQ(process.write(598), kOk);
  EXPECT_EQ(process.vma(598).name, kA);
}

TEST(SetVmaName, GoesOnOverHolesAndStopsAtFiles) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map(2, 1);
  EXPECT_EQ(name_pages(process, 0, 4, kA), fails(Errno::kENOMEM));
  EXPECT_EQ(process.vma(0).name, kA);
  EXPECT_EQ(process.vma(2).name, kA);
  (void)process.map_file(3, 1, kFile0);
  (void)process.map(4, 1);
  EXPECT_EQ(name_pages(process, 2, 3, kB), fails(Errno::kEBADF));
  EXPECT_EQ(process.vma(2).name, kB);
  EXPECT_TRUE(process.vma(4).name.is_none());
}

TEST(SetVmaName, OfShmemThatNoDirectoryHas) {
  for (const auto rule : {SharedNames::kRefused, SharedNames::kTaken}) {
    Process process(with(&KernelProfile::shared_names, rule));
    (void)process.map(0, 2, kReadWrite, kSharedFixed | kMapAnonymous);
    const bool takes = rule == SharedNames::kTaken;
    EXPECT_EQ(name_pages(process, 0, 1, kA), takes ? kOk : fails(Errno::kEBADF));
    EXPECT_EQ(process.ruler(2), takes ? "AB" : "AA");
    // A shared mapping of /dev/zero is the same, a private one has its file.
    (void)process.map_file(4, 1, kZero0, kReadWrite, kSharedFixed);
    (void)process.map_file(5, 1, kZero0);
    (void)process.map_file(6, 1, kMemfd0);
    (void)process.map_file(7, 1, kMemfd0, kReadWrite, kSharedFixed);
    EXPECT_EQ(name_pages(process, 6, 1, kA), takes ? kOk : fails(Errno::kEBADF));
    EXPECT_EQ(name_pages(process, 7, 1, kA), takes ? kOk : fails(Errno::kEBADF));
    EXPECT_EQ(name_pages(process, 4, 1, kA), takes ? kOk : fails(Errno::kEBADF));
    EXPECT_EQ(name_pages(process, 5, 1, kA), fails(Errno::kEBADF));
  }
}

TEST(SetVmaName, ASealDoesNotForbidIt) {
  Process process;
  (void)process.map(0, 2);
  EXPECT_EQ(process.seal(0, 2), kOk);
  EXPECT_EQ(name_pages(process, 0, 1, kA), kOk);
  EXPECT_EQ(process.ruler(2), "AB");
}

TEST(SetVmaName, RefusesLongNamesAndSomeCharacters) {
  Process process;
  (void)process.map(0, 1);
  const auto named = [&](const std::string& text) {
    return name_pages(process, 0, 1, VmaName::of(text));
  };
  EXPECT_EQ(named(std::string(79, 'n')), kOk);
  EXPECT_EQ(named(std::string(80, 'n')), fails(Errno::kEINVAL));
  for (int byte = 1; byte < 0x100; ++byte) {
    const auto c = static_cast<char>(byte);
    const bool is_taken =
        byte >= 0x20 && byte < 0x7f && std::string_view{"\\`$[]"}.find(c) == std::string_view::npos;
    EXPECT_EQ(named(std::string{"a"} + c), is_taken ? kOk : fails(Errno::kEINVAL)) << byte;
  }
  // The name comes first.
  EXPECT_EQ(process(SetVmaName{page(0) + 1, kPageSize, VmaName::unreadable()}),
            fails(Errno::kEFAULT));
}

TEST(SetVmaName, RefusesRangesAsMadviseDoes) {
  Process process;
  (void)process.map(0, 2);
  EXPECT_EQ(process(SetVmaName{page(0) + 1, kPageSize, kA}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(SetVmaName{page(0), ~Address{0}, kA}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(SetVmaName{page(0), ~Address{0} << 12, kA}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(SetVmaName{page(0), 0, kA}), kOk);
  EXPECT_EQ(process.ruler(2), "AA");
  EXPECT_EQ(process(SetVmaName{page(0), 1, kA}), kOk);
  EXPECT_EQ(process.ruler(2), "AB");
}

TEST(SetVmaName, TheLimitOfVmasIsEagain) {
  spec::Setup setup = spec::Setup::standard();
  setup.max_map_count = setup.initial.vmas.size() + 1;
  Process process(kDefaultProfileName, setup);
  (void)process.map(0, 2);
  EXPECT_EQ(name_pages(process, 0, 1, kA), fails(Errno::kEAGAIN));
  EXPECT_EQ(name_pages(process, 0, 2, kA), kOk);
}

TEST(SetVmaName, AKernelWithoutThemKnowsNoSuchCall) {
  spec::Setup setup = spec::Setup::standard();
  setup.vma_names = false;
  Process process(kDefaultProfileName, setup);
  (void)process.map(0, 1);
  EXPECT_EQ(name_pages(process, 0, 1, kA), fails(Errno::kEINVAL));
  EXPECT_EQ(name_pages(process, 0, 1, {}), fails(Errno::kEINVAL));
  EXPECT_EQ(name_pages(process, 0, 0, VmaName::unreadable()), fails(Errno::kEINVAL));
}

}  // namespace
}  // namespace vmadiff::model
