// prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME): what a name keeps apart, and where one is refused.
#include <gtest/gtest.h>

#include "address_space.h"
#include "impl/fork.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

Outcome name_pages(AddressSpace& space, std::uint64_t first, std::uint64_t pages, VmaName name) {
  return prctl_set_vma(space.mm, {page(first), bytes(pages), name});
}

TEST(AnonVmaName, joins_and_splits) {
  AddressSpace space;
  space.map(0, 6);
  EXPECT_EQ(name_pages(space, 2, 2, VmaName::of("a")), Outcome::ok());
  EXPECT_EQ(space.ruler(6), "AABBCC");
  EXPECT_EQ(name_pages(space, 0, 2, VmaName::of("a")), Outcome::ok());
  EXPECT_EQ(space.ruler(6), "AAAABB");
  EXPECT_EQ(name_pages(space, 4, 1, VmaName::of("b")), Outcome::ok());
  EXPECT_EQ(name_pages(space, 4, 2, VmaName::of("a")), Outcome::ok());
  EXPECT_EQ(space.ruler(6), "AAAAAA");
  EXPECT_EQ(name_pages(space, 1, 1, {}), Outcome::ok());
  EXPECT_EQ(space.ruler(6), "ABCCCC");
  EXPECT_EQ(text(space.snapshot().vmas[4]),
            "100000001000-100000002000 rw-p 00000000 anon [rd wr mr mw me nr]");
  EXPECT_EQ(text(space.snapshot().vmas[5]),
            "100000002000-100000006000 rw-p 00000000 anon [rd wr mr mw me nr] [anon:a]");
}

TEST(AnonVmaName, other_changes_keep_it) {
  AddressSpace space;
  space.map(0, 4);
  EXPECT_EQ(name_pages(space, 0, 4, VmaName::of("a")), Outcome::ok());
  EXPECT_EQ(space.protect(1, 1, kProtRead), Outcome::ok());
  EXPECT_EQ(space.advise(2, 1, kMadvDontdump), Outcome::ok());
  EXPECT_EQ(space.ruler(4), "ABCD");
  for (std::uint64_t n = 0; n < 4; ++n) EXPECT_EQ(space.at(n).anon_name, VmaName::of("a"));
  EXPECT_EQ(space.protect(1, 1, kReadWrite), Outcome::ok());
  EXPECT_EQ(space.advise(2, 1, kMadvDodump), Outcome::ok());
  EXPECT_EQ(space.ruler(4), "AAAA");
  const auto child = space.fork();
  ASSERT_TRUE(child);
  EXPECT_EQ(child->vma_lookup(page(0))->anon_name, VmaName::of("a"));
  exec_mmap(space.mm);
  for (const Vma& vma : space.snapshot().vmas) EXPECT_TRUE(vma.name.is_none());
}

TEST(AnonVmaName, a_move_asks_for_it) {
  AddressSpace space;
  space.map(0, 1);
  space.map(4, 1);
  EXPECT_EQ(name_pages(space, 4, 1, VmaName::of("a")), Outcome::ok());
  const auto move = [&](std::uint64_t from, std::uint64_t to) {
    return sys_mremap(space.mm,
                      {page(from), bytes(1), bytes(1), kMremapMaymove | kMremapFixed, page(to)});
  };
  EXPECT_EQ(move(4, 1), Outcome::ok(page(1)));
  EXPECT_EQ(space.ruler(6), "AB....");
  EXPECT_EQ(name_pages(space, 0, 1, VmaName::of("a")), Outcome::ok());
  EXPECT_EQ(space.ruler(6), "AA....");
}

TEST(AnonVmaName, holes_files_and_errors) {
  AddressSpace space;
  space.map(0, 1);
  space.map(2, 1);
  EXPECT_EQ(name_pages(space, 0, 4, VmaName::of("a")), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(space.at(2).anon_name, VmaName::of("a"));
  space.map(3, 1, kReadWrite, kMapPrivate, {FileClass::kFile, 0});
  EXPECT_EQ(name_pages(space, 2, 2, VmaName::of("b")), Outcome::fail(Errno::kEBADF));
  EXPECT_EQ(space.at(2).anon_name, VmaName::of("b"));
  EXPECT_EQ(name_pages(space, 0, 1, VmaName::unreadable()), Outcome::fail(Errno::kEFAULT));
  EXPECT_EQ(name_pages(space, 0, 1, VmaName::of("[")), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(name_pages(space, 0, 1, VmaName::of(std::string(80, 'a'))),
            Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(name_pages(space, 0, 1, VmaName::of(std::string(79, 'a'))), Outcome::ok());
  EXPECT_EQ(name_pages(space, 8, 0, VmaName::of("a")), Outcome::ok());
  EXPECT_EQ(name_pages(space, 8, 1, VmaName::of("a")), Outcome::fail(Errno::kENOMEM));
}

TEST(AnonVmaName, of_shared_memory_without_a_file) {
  for (const auto rule : {SharedNames::kRefused, SharedNames::kTaken}) {
    AddressSpace space{profile_with<&KernelProfile::shared_names>(rule)};
    space.map(0, 2, kReadWrite, kMapShared | kMapAnonymous);
    const bool takes = rule == SharedNames::kTaken;
    EXPECT_EQ(name_pages(space, 0, 1, VmaName::of("a")),
              takes ? Outcome::ok() : Outcome::fail(Errno::kEBADF));
    EXPECT_EQ(space.ruler(2), takes ? "AB" : "AA");
    space.map(4, 1, kReadWrite, kMapPrivate, {FileClass::kMemfd, 0});
    EXPECT_EQ(name_pages(space, 4, 1, VmaName::of("a")),
              takes ? Outcome::ok() : Outcome::fail(Errno::kEBADF));
  }
}

TEST(AnonVmaName, a_kernel_without_them) {
  spec::Setup machine = spec::Setup::standard();
  machine.vma_names = false;
  AddressSpace space{kDefaultProfileName, machine};
  space.map(0, 1);
  EXPECT_EQ(name_pages(space, 0, 0, VmaName::unreadable()), Outcome::fail(Errno::kEINVAL));
}

}  // namespace
}  // namespace vmadiff::impl
