// tests/model: mmap's errnos, and their order.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

Mmap anonymous(Address addr, Address length, std::uint64_t flags = kAnonymousFixed) {
  return {addr, length, kReadWrite, flags, {}, 0};
}
Mmap with_file(FileId file, std::uint64_t prot, std::uint64_t flags) {
  return {kArena, kPageSize, prot, flags, file, 0};
}

TEST(MmapChecks, AnUnalignedOffsetIsEinvalBeforeAnythingElse) {
  Process process;
  EXPECT_EQ(process(Mmap{0, 0, 0, kMapPrivate, {}, 1}), fails(Errno::kEINVAL));
  EXPECT_EQ(process(Mmap{kArena, kPageSize, 0, kAnonymousFixed, {}, 1}), fails(Errno::kEINVAL));
}

TEST(MmapChecks, NoFileIsEbadfBeforeTheLengthIsAsked) {
  Process process;
  EXPECT_EQ(process(Mmap{0, 0, 0, kMapPrivate, {}, 0}), fails(Errno::kEBADF));
}

TEST(MmapChecks, LengthZeroIsEinvalAndAWrappingOneEnomem) {
  Process process;
  EXPECT_EQ(process(anonymous(kArena, 0)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(anonymous(kArena, ~Address{0})), fails(Errno::kENOMEM));
  EXPECT_EQ(process(anonymous(kArena, Address{1} << 47)), fails(Errno::kENOMEM));
}

TEST(MmapChecks, AHugetlbLengthIsRoundedToHugePagesFirst) {
  Process process;
  const auto call = [](Address length) {
    return Mmap{kArena, length, kRead, kPrivateFixed | kMapNoreserve, kHugetlb0, 0};
  };
  EXPECT_EQ(process(call(~Address{0})), fails(Errno::kEINVAL));  // wraps to no length
  EXPECT_EQ(process(call(1)), Outcome::ok(kArena));
  EXPECT_EQ(process.vma(0).end, kArena + kHugePageSize);
}

TEST(MmapChecks, AFixedAddressMustFitBeAlignedAndNotTooLow) {
  Process process;
  const Address task_size = 0x7ffffffff000;
  EXPECT_EQ(process(anonymous(task_size, kPageSize)), fails(Errno::kENOMEM));
  EXPECT_EQ(process(anonymous(task_size - 1, kPageSize)), fails(Errno::kENOMEM));
  EXPECT_EQ(process(anonymous(task_size - kPageSize, kPageSize)),
            Outcome::ok(task_size - kPageSize));
  EXPECT_EQ(process(anonymous(kArena + 1, kPageSize)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(anonymous(0, kPageSize)), fails(Errno::kEPERM));
  EXPECT_EQ(process(anonymous(1, kPageSize)), fails(Errno::kEINVAL));
  EXPECT_EQ(process(anonymous(0x1000, kPageSize)), Outcome::ok(0x1000));
}

TEST(MmapChecks, AFixedAddressInTheLast4095BytesReadsAsAnErrno) {
  Process process;
  EXPECT_EQ(process(anonymous(~Address{0}, kPageSize)), fails(Errno::kEPERM));      // -1
  EXPECT_EQ(process(anonymous(-Address{22}, kPageSize)), fails(Errno::kEINVAL));    // -22
  EXPECT_EQ(process(anonymous(-Address{4096}, kPageSize)), fails(Errno::kENOMEM));  // not one
}

TEST(MmapChecks, AFixedHugetlbAddressNotAtAHugePageIsEinvalEvenWhereItDoesNotFit) {
  Process process;
  const Mmap call{0x7ffffffff000, kHugePageSize, kRead, kPrivateFixed, kHugetlb0, 0};
  EXPECT_EQ(process(call), fails(Errno::kEINVAL));
}

TEST(MmapChecks, NoreplaceOverAnythingIsEexistBeforeTheTypeIsAsked) {
  Process process;
  (void)process.map(0, 1);
  EXPECT_EQ(process(anonymous(kArena, kPageSize, 0xf | kMapAnonymous | kMapFixedNoreplace)),
            fails(Errno::kEEXIST));
  EXPECT_EQ(process.map(1, 1, kReadWrite, kMapPrivate | kMapAnonymous | kMapFixedNoreplace),
            Outcome::ok(page(1)));
}

TEST(MmapChecks, AnonymousMemoryKnowsThreeTypes) {
  for (std::uint64_t type = 0; type < 16; ++type) {
    Process process;
    const bool known = type == kMapShared || type == kMapPrivate || type == kMapDroppable;
    EXPECT_EQ(process.map(0, 1, kReadWrite, type | kMapAnonymous | kMapFixed),
              known ? Outcome::ok(kArena) : fails(Errno::kEINVAL))
        << type;
  }
}

TEST(MmapChecks, AFileKnowsThreeTypes) {
  for (std::uint64_t type = 0; type < 16; ++type) {
    Process process;
    const bool known = type == kMapShared || type == kMapPrivate || type == kMapSharedValidate;
    EXPECT_EQ(process.map_file(0, 1, kMemfd0, kReadWrite, type | kMapFixed),
              known ? Outcome::ok(kArena) : fails(Errno::kEINVAL))
        << type;
  }
}

TEST(MmapChecks, AnOffsetBeyondWhatTheFileCanHaveIsEoverflow) {
  Process process;
  const auto call = [](FileId file, std::uint64_t offset, std::uint64_t type) {
    return Mmap{kArena, kPageSize, kRead, type | kMapFixed, file, offset};
  };
  constexpr std::uint64_t kSigned = 0x8000000000000000;
  EXPECT_EQ(process(call(kMemfd0, kSigned - 2 * kPageSize, kMapPrivate)), Outcome::ok(kArena));
  EXPECT_EQ(process(call(kMemfd0, kSigned - kPageSize, kMapPrivate)), fails(Errno::kEOVERFLOW));
  EXPECT_EQ(process(call(kZero0, kSigned, kMapPrivate)), Outcome::ok(kArena));
  EXPECT_EQ(process(call(kZero0, ~kPageSize + 1, kMapPrivate)), fails(Errno::kEOVERFLOW));
  EXPECT_EQ(process(call(kMemfd0, kSigned, 0xf)), fails(Errno::kEOVERFLOW));  // before the type
}

TEST(MmapChecks, SharedValidateRefusesTheFlagsThatCameAfterItAndSharedIgnoresThem) {
  Process process;
  const auto shared = kMapShared | kMapFixedNoreplace;
  EXPECT_EQ(process(with_file(kMemfd0, kRead, kMapSharedValidate | kMapFixedNoreplace)),
            fails(Errno::kEOPNOTSUPP));
  EXPECT_EQ(process(with_file(kMemfd0, kRead, shared)), Outcome::ok(kArena));
  EXPECT_EQ(process(with_file(kMemfd0, kRead, kMapSharedValidate | kMapFixed | kMapSync)),
            fails(Errno::kEOPNOTSUPP));
  EXPECT_EQ(process.ruler(2), "A.");  // refused before anything was unmapped
  EXPECT_EQ(process(with_file(kMemfd0, kRead, kSharedFixed | kMapSync)), Outcome::ok(kArena));
  EXPECT_EQ(process.flags(0), "rd sh mr mw me ms sf");
}

TEST(MmapChecks, ASharedWritableMappingOfAReadOnlyFileIsEacces) {
  Process process;
  EXPECT_EQ(process(with_file(kFileRo0, kReadWrite, kSharedFixed)), fails(Errno::kEACCES));
  EXPECT_EQ(process(with_file(kFileRo0, kReadWrite, kPrivateFixed)), Outcome::ok(kArena));
  EXPECT_EQ(process(with_file(kFileRo0, kRead, kSharedFixed)), Outcome::ok(kArena));
  EXPECT_EQ(process.flags(0), "rd mr me ms");  // neither VM_SHARED nor VM_MAYWRITE
}

TEST(MmapChecks, ExecOfANoexecFileIsEpermBeforeTheHooksAreAsked) {
  spec::Setup setup = spec::Setup::standard();
  setup.zero_noexec = true;
  setup.file_noexec = true;
  Process process(kDefaultProfileName, setup);
  const FileId null{FileClass::kUnmappable, 0};
  EXPECT_EQ(process(with_file(kFile0, kProtExec, kPrivateFixed)), fails(Errno::kEPERM));
  EXPECT_EQ(process(with_file(null, kProtExec, kPrivateFixed)), fails(Errno::kEPERM));
  EXPECT_EQ(process(with_file(kZero0, kRead, kPrivateFixed)), Outcome::ok(kArena));
  EXPECT_EQ(process.flags(0), "rd mr mw");  // no VM_MAYEXEC
  EXPECT_EQ(process(with_file(kMemfd0, kProtExec, kPrivateFixed)), Outcome::ok(kArena));
}

TEST(MmapChecks, AFileNeedsExactlyOneHook) {
  const FileId unmappable{FileClass::kUnmappable, 0};
  const FileId two_hooks{FileClass::kTwoHooks, 0};
  for (const KernelProfile& profile : profiles()) {
    Process process(profile.name);
    EXPECT_EQ(process(with_file(unmappable, kRead, kPrivateFixed)), fails(Errno::kENODEV));
    EXPECT_EQ(
        process(with_file(two_hooks, kRead, kPrivateFixed)),
        profile.mmap_prepare == MmapPrepare::kPresent ? fails(Errno::kENODEV) : Outcome::ok(kArena))
        << profile.name;
  }
}

TEST(MmapChecks, Above4GIsAFlagThatIsNotKnownWhereItIsAbsent) {
  for (const auto above : {MapAbove4G::kAbsent, MapAbove4G::kPresent}) {
    spec::Setup setup = spec::Setup::standard();
    setup.mmap_base = 0x100001000;
    Process process(with(&KernelProfile::map_above_4g, above), setup);
    const bool is_present = above == MapAbove4G::kPresent;
    EXPECT_EQ(process(with_file(kMemfd0, kRead, kMapSharedValidate | kMapFixed | kMapAbove4G)),
              is_present ? Outcome::ok(kArena) : fails(Errno::kEOPNOTSUPP));
    EXPECT_EQ(process(with_file(kMemfd0, kRead, kMapShared | kMapFixed | kMapAbove4G)),
              Outcome::ok(kArena));
    constexpr std::uint64_t kFlags = kMapPrivate | kMapAnonymous | kMapAbove4G;
    // Two pages are not free between 4 GiB and mmap_base.
    EXPECT_EQ(process(anonymous(0, 2 * kPageSize, kFlags)).value() < 0x100000000, !is_present);
  }
}

}  // namespace
}  // namespace vmadiff::model
