// The order of mmap's checks, placement, accounting, brk and faults.
#include "impl/calls.h"

#include <gtest/gtest.h>

#include <optional>

#include "address_space.h"
#include "impl/implementation.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr FileId kUnmappable{FileClass::kUnmappable, 0};
constexpr FileId kTwoHooks{FileClass::kTwoHooks, 0};
constexpr Address kTop = 0x7ffffffff000;

struct Check {
  Mmap call;
  Errno expected;
};

/// All measured on 6.18.44 but those of two-hooks, which no kernel has.
const Check kChecks[] = {
    {{0, 0, 0, 0, {}, 1}, Errno::kEINVAL},           // offset before descriptor
    {{0, 0, 0, kMapPrivate, {}, 0}, Errno::kEBADF},  // descriptor before length
    {{0, 0, 0, kPrivateAnonymous, {}, 0}, Errno::kEINVAL},
    {{0, ~Address{0}, 0, kPrivateAnonymous, {}, 0}, Errno::kENOMEM},  // wraps when rounded
    {{0, ~Address{0}, 0, kMapPrivate, kHuge, 0}, Errno::kEINVAL},     // to 0, before that check
    {{0, kTop + 1, 0, kPrivateAnonymous, {}, 0}, Errno::kENOMEM},
    {{kTop, 1, 0, kPrivateAnonymous | kMapFixed, {}, 0}, Errno::kENOMEM},
    {{kTop - 1, 1, 0, kPrivateAnonymous | kMapFixed, {}, 0}, Errno::kENOMEM},
    {{0x1001, 1, 0, kPrivateAnonymous | kMapFixed, {}, 0}, Errno::kEINVAL},
    {{1, 1, 0, kPrivateAnonymous | kMapFixed, {}, 0}, Errno::kEINVAL},  // alignment before EPERM
    {{0, 1, 0, kPrivateAnonymous | kMapFixed, {}, 0}, Errno::kEPERM},
    {{0, 1, 0, kMapSharedValidate | kMapFixedNoreplace, kMemfd, 0}, Errno::kEPERM},
    {{kArena, 1, 0, kMapSharedValidate | kMapFixedNoreplace, kMemfd, 0}, Errno::kEOPNOTSUPP},
    {{0, 1, 0, kMapAnonymous, {}, 0}, Errno::kEINVAL},
    {{0, 1, 0, kMapAnonymous | kMapSharedValidate, {}, 0}, Errno::kEINVAL},
    {{0, 1, 0, kMapDroppable, kMemfd, 0}, Errno::kEINVAL},
    {{0, 1, 0, kMapShared | kMapSync, kRegular, 0}, Errno::kEOPNOTSUPP},
    {{0, 1, 0, kMapPrivate | kMapSync, kRegular, 0}, Errno::kEOPNOTSUPP},
    {{0, 1, 0, kMapSharedValidate | kMapSync, kMemfd, 0}, Errno::kEOPNOTSUPP},
    {{0, 1, kProtWrite, kMapSharedValidate | kMapSync, kReadOnly, 0}, Errno::kEACCES},
    {{0, 1, kProtWrite, kMapShared, kReadOnly, 0}, Errno::kEACCES},
    {{0, 1, kProtRead, kMapShared, kUnmappable, 0}, Errno::kENODEV},
    {{0, 1, kProtRead, kMapSharedValidate | kMapSync, kUnmappable, 0}, Errno::kEOPNOTSUPP},
    {{0, 1, kProtRead, 0, kUnmappable, 0}, Errno::kEINVAL},
    {{0, 1, kProtRead, kMapPrivate, kTwoHooks, 0}, Errno::kENODEV},
    {{0, 0x1000, 0, kMapPrivate, kMemfd, 0x7ffffffffffff000}, Errno::kEOVERFLOW},
    {{0, 0x1000, 0, kMapPrivate, kRegular, 0x8000000000000000}, Errno::kEOVERFLOW},
    {{0, 0x2000, 0, kMapPrivate, kZero, 0xffffffffffffe000}, Errno::kEOVERFLOW},
    {{0, 0x1000, 0, kMapPrivate, kUnmappable, 0xfffffffffffff000}, Errno::kEOVERFLOW},
    {{0, 1, 0, kMapPrivate, kHuge, 0}, Errno::kENOMEM},
    {{0, 1, 0, kMapPrivate, kHuge, 0x1000}, Errno::kEINVAL},  // the hook: offset before the pool
    {{kArena + 0x1000, 1, 0, kMapPrivate | kMapFixed, kHuge, 0}, Errno::kEINVAL},
    {{0, 1, 0, kMapPrivate, kHuge, 0x7fffffffffe00000}, Errno::kEOVERFLOW},
    {{~Address{0}, 1, 0, kPrivateAnonymous | kMapFixed, {}, 0}, Errno::kEPERM},  // taken for -1
};

TEST(MmapChecks, answer_in_the_kernels_order) {
  for (const Check& check : kChecks) {
    AddressSpace space;
    const std::string before = text(space.snapshot());
    SCOPED_TRACE(&check - kChecks);
    EXPECT_EQ(sys_mmap(space.mm, check.call), Outcome::fail(check.expected));
    EXPECT_EQ(text(space.snapshot()), before);
  }
}

TEST(MmapChecks, noexec_mounts) {
  AddressSpace space;
  space.setup.file_noexec = true;
  EXPECT_EQ(space.map(0, 1, kProtRead | kProtExec, kMapPrivate, kRegular),
            Outcome::fail(Errno::kEPERM));
  EXPECT_TRUE(space.map(0, 1, kProtRead, kMapPrivate, kRegular).is_ok());
  EXPECT_EQ(space.at(0).vm_flags & kVmMayexec, 0U);
  EXPECT_EQ(space.protect(0, 1, kProtExec), Outcome::fail(Errno::kEACCES));
}

TEST(MmapFlags, become_vma_flags) {
  AddressSpace space;
  const auto flags = [&](std::uint64_t prot, std::uint64_t map, FileId file = {}) {
    EXPECT_TRUE(space.map(0, 512, prot, map, file).is_ok());
    return vm_flags_text(space.at(0).vm_flags);
  };
  EXPECT_EQ(flags(3, kPrivateAnonymous), "rd wr mr mw me ac");
  EXPECT_EQ(flags(3, kMapShared | kMapAnonymous), "rd wr sh mr mw me ms");
  EXPECT_EQ(flags(3, kMapDroppable | kMapAnonymous), "rd wr mr mw me nr wf dd dp");
  EXPECT_EQ(flags(3, kPrivateAnonymous | kMapStack | kMapNoreserve), "rd wr mr mw me nr nh");
  EXPECT_EQ(flags(1, kMapShared, kReadOnly), "rd mr me ms");
  EXPECT_EQ(flags(3, kMapShared | kMapSync, kMemfd), "rd wr sh mr mw me ms sf");
  EXPECT_EQ(flags(3, kMapPrivate | kMapNoreserve, kHuge), "rd wr mr mw me de nr ht");
  EXPECT_EQ(flags(~std::uint64_t{0}, kPrivateAnonymous), "rd wr ex mr mw me ac");
}

// --- placement --------------------------------------------------------------------------------

Address place(AddressSpace& space, Address hint, Address length, std::uint64_t flags,
              FileId file = {}, std::uint64_t offset = 0) {
  const Outcome outcome = sys_mmap(space.mm, {hint, length, kProtRead, flags, file, offset});
  EXPECT_TRUE(outcome.is_ok());
  return outcome.is_ok() ? outcome.value() : 0;
}

constexpr Address kBase = 0x7ffff7fff000;  // mmap_base of the standard set-up
constexpr Address kHugeBelow = 0x7ffff7c00000;

TEST(Placement, top_down_and_the_hint) {
  AddressSpace space;
  EXPECT_EQ(place(space, 0, 1, kPrivateAnonymous), kBase - bytes(1));
  EXPECT_EQ(place(space, 0, bytes(3), kPrivateAnonymous), kBase - bytes(4));
  EXPECT_EQ(place(space, kArena + 5, 1, kPrivateAnonymous), kArena);
  EXPECT_EQ(place(space, kArena, 1, kPrivateAnonymous), kBase - bytes(5));  // taken
  EXPECT_EQ(place(space, 0x2000, 1, kPrivateAnonymous), 0x10000U);          // rounded up
  EXPECT_EQ(place(space, 0xfff, 1, kPrivateAnonymous), kBase - bytes(6));   // no hint
  EXPECT_EQ(place(space, kTop, 1, kPrivateAnonymous), kBase - bytes(7));    // beyond
}

TEST(Placement, bottom_up_where_top_down_finds_nothing) {
  AddressSpace space;
  // Around the program's own VMAs, and up to mmap_base, everything is taken but [hole, kArena).
  const Address hole = space.setup.start_brk;
  Address from = space.setup.placement_min_addr;
  for (const Vma& vma : space.setup.initial.vmas) {
    if (vma.start > from) place(space, from, vma.start - from, kAnonymous | kMapFixed);
    from = vma.end;
  }
  place(space, kArena, kBase - kArena, kAnonymous | kMapFixed);
  EXPECT_EQ(sys_mmap(space.mm, {0, kArena - hole + 1, 0, kAnonymous, {}, 0}),
            Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(place(space, 0, kArena - hole, kAnonymous), hole);
  EXPECT_EQ(place(space, 0, kTop - kBase, kAnonymous), kBase);  // only above mmap_base
}

TEST(Placement, huge_page_alignment_by_class) {
  const auto of = [](std::uint64_t flags, FileId file, std::uint64_t offset = 0,
                     Address length = kHugePageSize,
                     std::string_view profile = kDefaultProfileName) {
    AddressSpace space{profile};
    return place(space, 0, length, flags, file, offset);
  };
  constexpr Address kPlain = kBase - kHugePageSize;
  EXPECT_EQ(of(kPrivateAnonymous, {}), kHugeBelow);
  EXPECT_EQ(of(kPrivateAnonymous, {}, 0, kHugePageSize + 1), kPlain - bytes(1));
  EXPECT_EQ(of(kMapDroppable | kMapAnonymous, {}), kHugeBelow);
  EXPECT_EQ(of(kMapShared | kMapAnonymous, {}), kPlain);
  EXPECT_EQ(of(kMapPrivate, kMemfd), kPlain);
  EXPECT_EQ(of(kMapPrivate, kRegular), kHugeBelow);
  EXPECT_EQ(of(kMapPrivate, kRegular, 0, kHugePageSize + bytes(3)), kHugeBelow);
  EXPECT_EQ(of(kMapPrivate, kRegular, bytes(1)), kPlain);  // has no whole huge page
  EXPECT_EQ(of(kMapPrivate, kRegular, bytes(1), 2 * kHugePageSize - bytes(1)),
            kHugeBelow - kHugePageSize + bytes(1));
  EXPECT_EQ(of(kMapPrivate, kZero), kHugeBelow);
  EXPECT_EQ(of(kMapPrivate, kZero, 0, kHugePageSize, "linux-6.12"), kPlain);
  EXPECT_EQ(of(kMapShared, kZero), kPlain);
  EXPECT_EQ(of(kMapPrivate | kMapNoreserve, kHuge, 0, 1), kHugeBelow);
  // The file offset overflows when rounded up to a huge page, and counts as if it had one.
  EXPECT_EQ(of(kMapPrivate, kRegular, 0x7fffffffffffd000, 1), kBase - bytes(2));
}

TEST(Placement, file_hint_needs_room_for_a_huge_page_more) {
  AddressSpace space;
  space.map(1024, 1);
  EXPECT_EQ(place(space, kArena, kHugePageSize, kMapPrivate, kRegular), kArena);
  EXPECT_EQ(space.unmap(0, 512), Outcome::ok());
  EXPECT_EQ(place(space, page(1), kHugePageSize, kMapPrivate, kRegular), kHugeBelow);
  EXPECT_EQ(place(space, page(1), kHugePageSize, kPrivateAnonymous), page(1));
}

TEST(Placement, hugetlb_hint_is_rounded_up) {
  AddressSpace space;
  const std::uint64_t flags = kMapPrivate | kMapNoreserve;
  EXPECT_EQ(place(space, page(1), 1, flags, kHuge), page(512));
  EXPECT_EQ(place(space, page(1), 1, flags, kHuge), kHugeBelow);  // taken
}

// --- accounting -------------------------------------------------------------------------------

TEST(Accounting, counters_follow_permissions) {
  AddressSpace space;
  const auto grown = [&] {
    const Counters now = space.snapshot().counters;
    const Counters& start = space.setup.initial.counters;
    return std::array{now.total_vm - start.total_vm, now.data_vm - start.data_vm,
                      now.exec_vm - start.exec_vm};
  };
  using Grown = std::array<std::uint64_t, 3>;
  space.map(0, 4, kProtRead | kProtWrite | kProtExec);
  EXPECT_EQ(grown(), (Grown{4, 4, 0}));
  space.protect(0, 2, kProtRead | kProtExec);
  EXPECT_EQ(grown(), (Grown{4, 2, 2}));
  space.map(1, 2, kReadWrite, kMapShared | kMapAnonymous);
  EXPECT_EQ(grown(), (Grown{4, 1, 1}));
  space.unmap(0, 4);
  EXPECT_EQ(grown(), (Grown{0, 0, 0}));
}

TEST(Accounting, mprotect_charges_once_and_gives_back_only_untouched_anonymous_memory) {
  AddressSpace space;
  space.map(0, 4, kProtRead, kPrivateAnonymous);
  EXPECT_EQ(space.at(0).vm_flags & kVmAccount, 0U);
  space.protect(0, 4, kReadWrite);
  EXPECT_NE(space.at(0).vm_flags & kVmAccount, 0U);
  space.protect(0, 4, kProtRead);
  EXPECT_EQ(space.at(0).vm_flags & kVmAccount, 0U);
  space.protect(0, 4, kReadWrite);
  space.write(0);
  space.protect(0, 4, kProtRead);
  EXPECT_NE(space.at(0).vm_flags & kVmAccount, 0U);
  space.map(4, 4, kReadWrite, kMapPrivate, kMemfd);
  space.protect(4, 4, kProtRead);
  EXPECT_NE(space.at(4).vm_flags & kVmAccount, 0U);
  space.map(8, 4, kReadWrite, kMapPrivate, kZero);  // anonymous, though it has a file
  space.protect(8, 4, kProtRead);
  EXPECT_EQ(space.at(8).vm_flags & kVmAccount, 0U);
}

TEST(Accounting, mprotect_charge_can_be_refused) {
  spec::Setup setup = spec::Setup::standard();
  setup.overcommit_pages = 3;
  AddressSpace space{kDefaultProfileName, setup};
  space.map(0, 4, kProtRead, kPrivateAnonymous);
  const std::string before = text(space.snapshot());
  EXPECT_EQ(space.protect(0, 4, kReadWrite), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(text(space.snapshot()), before);
  EXPECT_TRUE(space.protect(0, 3, kReadWrite).is_ok());
}

// --- mprotect, munmap -------------------------------------------------------------------------

TEST(Mprotect, checks) {
  AddressSpace space;
  space.map(0, 4);
  const auto mprotect = [&](Address addr, Address length, std::uint64_t prot) {
    return sys_mprotect(space.mm, {addr, length, prot});
  };
  constexpr std::uint64_t kBoth = kProtGrowsdown | kProtGrowsup;
  EXPECT_EQ(mprotect(page(0) + 1, 0, kBoth), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(mprotect(page(0), 0, 0x10), Outcome::ok());
  EXPECT_EQ(mprotect(page(0), ~Address{0}, 0x10), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(mprotect(page(0), 1, 0x10), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(mprotect(page(0), 1, std::uint64_t{1} << 33), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(mprotect(page(0), 1, kProtRead | kProtSem), Outcome::ok());
  EXPECT_EQ(mprotect(page(0), 1, kProtGrowsdown), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(mprotect(page(0), 1, kProtGrowsup), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(mprotect(kArena - bytes(1), bytes(2), kProtGrowsdown), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(mprotect(kArena - bytes(1), bytes(2), kProtGrowsup), Outcome::fail(Errno::kENOMEM));
  EXPECT_EQ(mprotect(kArena - bytes(1), bytes(1), kProtGrowsdown), Outcome::fail(Errno::kENOMEM));
}

TEST(Munmap, checks) {
  AddressSpace space;
  const auto munmap = [&](Address addr, Address length) {
    return sys_munmap(space.mm, {addr, length});
  };
  EXPECT_EQ(munmap(kArena, 0), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(munmap(kArena + 1, 1), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(munmap(kArena, kTop), Outcome::fail(Errno::kEINVAL));
  EXPECT_EQ(munmap(kArena, kTop - kArena), Outcome::ok());
  EXPECT_EQ(munmap(kTop, 1), Outcome::fail(Errno::kEINVAL));
}

// --- brk --------------------------------------------------------------------------------------

TEST(BrkCall, grows_shrinks_and_stays) {
  AddressSpace space;
  const Address start = space.setup.start_brk;
  const auto brk = [&](Address addr) { return sys_brk(space.mm, {addr}).value(); };
  EXPECT_EQ(brk(0), start);
  EXPECT_EQ(brk(start + 1), start + 1);
  EXPECT_EQ(brk(start + bytes(2)), start + bytes(2));
  EXPECT_EQ(space.mm.vma_lookup(start)->vm_end, start + bytes(2));
  EXPECT_EQ(vm_flags_text(space.mm.vma_lookup(start)->vm_flags), "rd wr mr mw me ac");
  EXPECT_EQ(brk(start + 5), start + 5);
  EXPECT_EQ(space.mm.vma_lookup(start)->vm_end, start + bytes(1));
  EXPECT_EQ(brk(~Address{0}), start + 5);
  EXPECT_EQ(brk(start - 1), start + 5);
  EXPECT_EQ(brk(start), start);
  EXPECT_EQ(space.mm.vma_lookup(start), nullptr);
}

TEST(BrkCall, keeps_a_page_free_and_never_merges_with_the_next) {
  AddressSpace space;
  const Address start = space.setup.start_brk;
  const Mmap above{start + bytes(4), bytes(1), kReadWrite, kPrivateAnonymous | kMapFixed, {}, 0};
  ASSERT_TRUE(sys_mmap(space.mm, above).is_ok());
  EXPECT_EQ(sys_brk(space.mm, {start + bytes(4)}).value(), start);
  EXPECT_EQ(sys_brk(space.mm, {start + bytes(3)}).value(), start + bytes(3));
}

// --- faults -----------------------------------------------------------------------------------

TEST(Touch, signals) {
  AddressSpace space;
  space.map(0, 2, kProtRead);
  EXPECT_EQ(space.write(0), Outcome::fail(Errno::kSIGSEGV));
  EXPECT_EQ(space.read(0, 2), Outcome::ok());
  EXPECT_EQ(space.read(0, 3), Outcome::fail(Errno::kSIGSEGV));
  space.map(0, 1, kProtNone);
  EXPECT_EQ(space.read(0), Outcome::fail(Errno::kSIGSEGV));
  space.map(0, 1, kProtWrite);
  EXPECT_EQ(space.read(0), Outcome::ok());
  space.map(0, 3, kReadWrite, kMapShared, kMemfd, 62);
  EXPECT_EQ(space.write(0, 2), Outcome::ok());
  EXPECT_EQ(space.read(0, 3), Outcome::fail(Errno::kSIGBUS));
  space.map(0, 512, kReadWrite, kMapPrivate | kMapNoreserve, kHuge);
  EXPECT_EQ(space.read(0), Outcome::fail(Errno::kSIGBUS));
  EXPECT_EQ(touch(space.mm, {kArena, 0, Access::kRead}), Outcome::ok());
  EXPECT_EQ(touch(space.mm, {kTop - 1, 1, Access::kRead}), Outcome::fail(Errno::kSIGSEGV));
  EXPECT_EQ(touch(space.mm, {kTop - 1, 2, Access::kRead}), Outcome::fail(Errno::kSIGSEGV));
}

TEST(Touch, shared_zero_has_an_object_of_its_own_that_begins_at_0) {
  AddressSpace space;
  space.map(0, 2, kReadWrite, kMapShared, kZero, 1);
  EXPECT_EQ(space.read(0), Outcome::ok());
  EXPECT_EQ(space.read(1), Outcome::fail(Errno::kSIGBUS));
}

TEST(Touch, only_a_write_to_private_memory_gives_an_anon_vma) {
  AddressSpace space;
  space.map(0, 4);
  space.read(0, 4);
  EXPECT_EQ(space.at(0).anon_vma, kNoAnonVma);
  space.write(1);
  EXPECT_EQ(space.at(0).anon_vma, 1U);
  space.map(0, 4, kReadWrite, kMapShared | kMapAnonymous);
  space.write(0, 4);
  EXPECT_EQ(space.at(0).anon_vma, kNoAnonVma);
}

/// Measured on 6.18: do_cow_fault prepares the anon_vma before it asks the file for the page.
TEST(Touch, write_behind_the_end_of_a_private_file_leaves_an_anon_vma) {
  AddressSpace space;
  space.map(0, 4, kReadWrite, kMapPrivate, kMemfd, 64);
  EXPECT_EQ(space.read(0), Outcome::fail(Errno::kSIGBUS));
  EXPECT_EQ(space.at(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(space.write(0), Outcome::fail(Errno::kSIGBUS));
  EXPECT_EQ(space.at(0).anon_vma, 1U);
}

TEST(Touch, anon_vma_is_adopted_from_next_before_previous) {
  AddressSpace space;  // AAAABBBBCCCC, alike up to permissions
  space.map(0, 12);
  space.write(0);
  space.protect(4, 4, kProtNone);
  ASSERT_EQ(space.ruler(), "AAAABBBBCCCC");
  EXPECT_EQ(space.at(8).anon_vma, 1U);  // from the split
  AddressSpace apart;
  apart.map(0, 4);
  apart.map(8, 4);
  apart.write(0);
  apart.write(8);
  apart.map(4, 4, kReadWrite | kProtExec);
  ASSERT_EQ(apart.ruler(), "AAAABBBBCCCC");
  apart.write(4);
  EXPECT_EQ(apart.at(4).anon_vma, apart.at(8).anon_vma);
}

TEST(Touch, anon_vma_is_not_adopted_across_other_flags_or_offsets) {
  AddressSpace space;
  space.map(0, 4);
  space.write(0);
  space.map(4, 4, kReadWrite, kPrivateAnonymous);  // VM_ACCOUNT, not VM_NORESERVE
  space.write(4);
  EXPECT_NE(space.at(4).anon_vma, space.at(0).anon_vma);
}

TEST(Touch, pfnmap_pages_are_there_and_a_private_write_copies) {
  AddressSpace space;
  space.map(0, 4, kReadWrite, kMapPrivate, {FileClass::kPfnmap, 0}, 1000);
  EXPECT_EQ(space.read(0, 4), Outcome::ok());
  EXPECT_EQ(space.at(0).anon_vma, kNoAnonVma);
  EXPECT_EQ(space.write(0), Outcome::ok());
  EXPECT_EQ(space.at(0).anon_vma, 1U);
}

// --- the system -------------------------------------------------------------------------------

TEST(System, starts_over_and_reports_a_bad_set_up) {
  const auto system = make_implementation(*profile_named(kDefaultProfileName));
  const spec::Setup setup = spec::Setup::standard();
  ASSERT_TRUE(system->start(setup).has_value());
  Snapshot fresh;
  ASSERT_TRUE(system->snapshot(0, fresh).has_value());
  EXPECT_EQ(fresh.vmas, setup.initial.vmas);
  EXPECT_EQ(fresh.counters, setup.initial.counters);
  EXPECT_TRUE(system->apply(0, Mmap{0, 1, 3, kPrivateAnonymous, {}, 0}).is_ok());
  EXPECT_EQ(system->broken_invariant(), std::nullopt);
  ASSERT_TRUE(system->start(setup).has_value());
  Snapshot again;
  ASSERT_TRUE(system->snapshot(0, again).has_value());
  EXPECT_EQ(text(again), text(fresh));

  spec::Setup bad = spec::Setup::standard();
  bad.initial.vmas[0].end += 1;
  EXPECT_FALSE(system->start(bad).has_value());
}

TEST(System, mapping_that_is_stored_over_another_range_is_noticed) {
  AddressSpace space;
  space.map(0, 4);
  space.at(0).vm_end += bytes(1);
  EXPECT_NE(space.mm.broken_invariant(), std::nullopt);
  space.at(0).vm_end -= bytes(1);
  ++space.mm.counters.map_count;
  EXPECT_NE(space.mm.broken_invariant(), std::nullopt);
}

TEST(Accounting, mprotect_gives_back_what_mprotect_uncharge_says) {
  for (const auto uncharge : {MprotectUncharge::kNever, MprotectUncharge::kUnwritten}) {
    AddressSpace space{profile_with<&KernelProfile::mprotect_uncharge>(uncharge)};
    space.map(0, 1, kReadWrite, kPrivateAnonymous);
    space.map(2, 1, kReadWrite, kPrivateAnonymous);
    space.write(2);
    space.protect(0, 1, kProtRead);
    space.protect(2, 1, kProtRead);
    const bool gives_back = uncharge == MprotectUncharge::kUnwritten;
    EXPECT_EQ((space.at(0).vm_flags & kVmAccount) == 0, gives_back);
    EXPECT_NE(space.at(2).vm_flags & kVmAccount, 0U);
  }
}

TEST(MmapChecks, above_4g_is_a_flag_like_any_other_where_it_is_absent) {
  spec::Setup setup = spec::Setup::standard();
  setup.mmap_base = 0x100002000;
  for (const auto above : {MapAbove4G::kAbsent, MapAbove4G::kPresent}) {
    AddressSpace space{profile_with<&KernelProfile::map_above_4g>(above), setup};
    const bool is_present = above == MapAbove4G::kPresent;
    EXPECT_EQ(space.map(0, 1, kProtRead, kMapSharedValidate | kMapAbove4G, kMemfd),
              is_present ? Outcome::ok(kArena) : Outcome::fail(Errno::kEOPNOTSUPP));
    EXPECT_EQ(space.map(0, 1, kProtRead, kMapShared | kMapAbove4G, kMemfd), Outcome::ok(kArena));
    const Outcome placed =
        sys_mmap(space.mm, {0, 3 * kPageSize, 3, kPrivateAnonymous | kMapAbove4G, {}, 0});
    ASSERT_TRUE(placed.is_ok());
    EXPECT_EQ(placed.value() > setup.mmap_base, is_present);
  }
}

TEST(Placement, looks_down_to_what_search_floor_says) {
  for (const auto floor : {SearchFloor::kFirstPage, SearchFloor::kLowestMappable}) {
    spec::Setup setup = spec::Setup::standard();
    setup.mmap_base = 0x10000;
    setup.mmap_min_addr = 0x4000;
    AddressSpace space{profile_with<&KernelProfile::search_floor>(floor), setup};
    const auto map = [&space](std::uint64_t pages) {
      return sys_mmap(space.mm, {0, bytes(pages), kProtRead, kPrivateAnonymous, {}, 0});
    };
    const bool to_page_one = floor == SearchFloor::kFirstPage;
    const Address upwards = page_up(setup.task_size / 3);
    EXPECT_EQ(map(13), to_page_one ? Outcome::fail(Errno::kEPERM) : Outcome::ok(upwards));
    EXPECT_EQ(map(12), Outcome::ok(to_page_one ? 0x4000 : upwards + bytes(13)));
  }
}

TEST(Placement, aligned_room_says_which_end_is_taken) {
  spec::Setup setup = spec::Setup::standard();
  setup.mmap_base = 0x7ffff7e00000;
  for (const auto room : {AlignedRoom::kFromBottom, AlignedRoom::kToTop}) {
    AddressSpace space{profile_with<&KernelProfile::aligned_room>(room), setup};
    const auto map = [&space](Address length) {
      return sys_mmap(space.mm, {0, length, kProtRead, kMapPrivate, kReadOnly, 0});
    };
    const Address begin = room == AlignedRoom::kToTop ? 0x7ffff7c00000 : 0x7ffff7a00000;
    EXPECT_EQ(map(kHugePageSize), Outcome::ok(begin));
    // Where the room begins elsewhere there is only one place in it.
    EXPECT_EQ(map(kHugePageSize + kPageSize), Outcome::ok(begin - 2 * kHugePageSize));
  }
}

}  // namespace
}  // namespace vmadiff::impl
