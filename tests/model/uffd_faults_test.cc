// tests/model: what a userfaultfd's answers to faults leave: MISSING, MINOR, and marks on pages.
#include <gtest/gtest.h>

#include "process.h"

namespace vmadiff::model {
namespace {

Outcome watch_faults(Process& process, std::uint64_t first, std::uint64_t pages, std::uint64_t mode,
                     std::uint64_t number = 0) {
  return process(UffdRegister{page(first), pages * kPageSize, mode, number});
}
Outcome mark(Process& process, std::uint64_t first, std::uint64_t pages,
             std::uint64_t mode = kUffdProtect) {
  return process(UffdWriteprotect{page(first), pages * kPageSize, mode, 0});
}
bool has_anon_vma(Process& process, std::uint64_t index) {
  return process.vma(index).anon_vma != kNoAnonVma;
}

TEST(UffdMissing, AReadIsBroughtAPageOfItsOwn) {
  for (const std::uint64_t mode : {kUffdModeWp, kUffdModeMissing, kUffdModeMissing | kUffdModeWp}) {
    Process process;
    (void)process.map(0, 1);
    EXPECT_EQ(watch_faults(process, 0, 1, mode), kOk);
    EXPECT_EQ(process.read(0, 1), kOk);
    EXPECT_EQ(has_anon_vma(process, 0), mode != kUffdModeWp) << mode;
  }
}

TEST(UffdMissing, SharedMemoryHasNoAnonVmaAllTheSame) {
  Process process;
  (void)process.map(0, 1, kReadWrite, kSharedFixed | kMapAnonymous);
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMissing | kUffdModeMinor), kOk);
  EXPECT_EQ(process.read(0, 1), kOk);
  EXPECT_FALSE(has_anon_vma(process, 0));
}

TEST(UffdMissing, TheKernelsOwnFaultsAreAnsweredToo) {
  Process process;
  (void)process.map(0, 1, kRead);
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMissing), kOk);
  EXPECT_EQ(process(Mlock{page(0), kPageSize}), kOk);
  EXPECT_TRUE(has_anon_vma(process, 0));
}

TEST(UffdMissing, OfAMemfdNoPageIsMissing) {
  Process process;
  (void)process.map_file(0, 1, kMemfd0, kRead);
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMissing), kOk);
  EXPECT_EQ(process.read(0, 1), kOk);
  EXPECT_FALSE(has_anon_vma(process, 0));
}

TEST(UffdMinor, IsForPagesOfFiles) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map_file(2, 1, kMemfd0, kRead);
  (void)process.map_file(4, 1, kZero0);
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMinor), fails(Errno::kEINVAL));
  EXPECT_EQ(watch_faults(process, 4, 1, kUffdModeMinor), fails(Errno::kEINVAL));
  EXPECT_EQ(watch_faults(process, 2, 1, kUffdModeMinor), kOk);
  EXPECT_EQ(process.flags(2), "rd mr mw me ui");
  EXPECT_EQ(process.read(2, 1), kOk);
  EXPECT_TRUE(has_anon_vma(process, 2));
}

TEST(UffdMinor, BehindTheEndOfTheFileThereIsNothingToTellOf) {
  Process process;
  constexpr std::uint64_t kBehind = kFileSizePages;
  (void)process.map_file(kBehind, 1, kMemfd0, kRead);
  EXPECT_EQ(watch_faults(process, kBehind, 1, kUffdModeMinor), kOk);
  EXPECT_EQ(process.read(kBehind, 1), fails(Errno::kSIGBUS));
  EXPECT_FALSE(has_anon_vma(process, kBehind));
}

TEST(UffdMissing, WithoutAHugePageItIsClosed) {
  Process process;
  (void)process.map(0, 1);
  (void)process.map_file(kHugePages, 2 * kHugePages, kHugetlb0, kReadWrite,
                         kMapPrivate | kMapFixed | kMapNoreserve);
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeWp), kOk);
  EXPECT_EQ(watch_faults(process, kHugePages, 2 * kHugePages, kUffdModeMissing), kOk);
  EXPECT_EQ(process.read(kHugePages, 1), fails(Errno::kSIGBUS));
  EXPECT_EQ(process.flags(0), "rd wr mr mw me ac");
  EXPECT_EQ(process(UffdClose{0}), fails(Errno::kEBADF));
}

TEST(UffdMissing, HugePagesThatAreThereAreNotMissing) {
  spec::Setup setup = spec::Setup::standard();
  setup.nr_hugepages = 1;
  Process process(kDefaultProfileName, setup);
  (void)process.map_file(0, kHugePages, kHugetlb0, kReadWrite, kMapShared | kMapFixed);
  EXPECT_EQ(process.write(0, 1), kOk);
  EXPECT_EQ(watch_faults(process, 0, kHugePages, kUffdModeMissing), kOk);
  EXPECT_EQ(process.read(0, 1), kOk);
  EXPECT_EQ(process(UffdClose{0}), kOk);
}

TEST(UffdMissing, NoPageCanBeBroughtToPrivateDevZero) {
  Process process;
  (void)process.map_file(0, 2, kZero0);
  (void)process.map(4, 1);
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMissing), kOk);
  EXPECT_EQ(watch_faults(process, 4, 1, kUffdModeWp), kOk);
  EXPECT_EQ(process.read(0, 2), kOk);
  // It has its anon_vma before it is seen that nothing can be done; then it joins what follows.
  EXPECT_TRUE(has_anon_vma(process, 0));
  EXPECT_EQ(process.ruler(6), "AA..B.");
  EXPECT_EQ(process.flags(4), "rd wr mr mw me ac");
}

// Its lock is kept: what it finds missing stays so, and nobody hears of it. The anon_vma is there.
TEST(UffdMissing, IsNotToldOfWhatMprotectPopulates) {
  for (const bool is_zero : {false, true}) {
    Process process;
    (void)(!is_zero ? process.map(0, 1, kRead) : process.map_file(0, 1, kZero0, kRead));
    EXPECT_EQ(process(Mlock{page(0), kPageSize}), kOk);
    EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMissing), kOk);
    EXPECT_EQ(process.protect(0, 1, kReadWrite), kOk);
    EXPECT_EQ(process.flags(0), "rd wr mr mw me um lo ac");
    EXPECT_TRUE(has_anon_vma(process, 0));
    // The next access tells it.
    EXPECT_EQ(process.read(0, 1), kOk);
    EXPECT_EQ(process.flags(0), is_zero ? "rd wr mr mw me lo ac" : "rd wr mr mw me um lo ac");
  }
}

TEST(UffdMissing, BeginsWithMemoryThatIsEmpty) {
  Process process;
  (void)process.map(0, 1, kRead);
  EXPECT_EQ(process.seal(0, 1), kOk);
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMissing), fails(Errno::kEPERM));
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeWp), kOk);
}

TEST(UffdMissing, TakesTheKernelsOwnFaults) {
  spec::Setup setup = spec::Setup::standard();
  setup.uffd_kernel_faults = false;
  Process process(kDefaultProfileName, setup);
  (void)process.map(0, 1);
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMissing), fails(Errno::kEPERM));
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMinor), fails(Errno::kEPERM));
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeWp), kOk);
  EXPECT_EQ(mark(process, 0, 1), fails(Errno::kEPERM));
  EXPECT_EQ(process(UffdRwprotect{page(0), kPageSize, kUffdProtect, 0}), fails(Errno::kEPERM));
}

TEST(UffdRegister, WhoIsRegisteredForMarksMayOrMayNotGiveThemUp) {
  for (const auto rule : {UffdRemode::kReplaces, UffdRemode::kRefused}) {
    Process process(with(&KernelProfile::uffd_remode, rule));
    (void)process.map(0, 1);
    EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeWp), kOk);
    const bool replaces = rule == UffdRemode::kReplaces;
    EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMissing), replaces ? kOk : fails(Errno::kEBUSY));
    EXPECT_EQ(process.flags(0), replaces ? "rd wr mr mw me um ac" : "rd wr mr mw me uw ac");
    EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMissing | kUffdModeWp), kOk);
    // Less than it is registered for changes nothing, where it is not refused.
    EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeMissing), replaces ? kOk : fails(Errno::kEBUSY));
    EXPECT_EQ(process.flags(0), "rd wr mr mw me um uw ac");
  }
}

TEST(UffdWriteprotect, ChecksItsArguments) {
  Process process;
  (void)process.map(0, 2);
  EXPECT_EQ(mark(process, 0, 1), fails(Errno::kENOENT));
  EXPECT_EQ(mark(process, 8, 1), fails(Errno::kENOENT));
  EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeWp), kOk);
  EXPECT_EQ(mark(process, 0, 1), kOk);
  EXPECT_EQ(mark(process, 0, 1, 0), kOk);
  EXPECT_EQ(mark(process, 0, 1, kUffdDontwake), kOk);
  EXPECT_EQ(mark(process, 0, 1, kUffdDontwake | kUffdProtect), fails(Errno::kEINVAL));
  EXPECT_EQ(mark(process, 0, 1, 4), fails(Errno::kEINVAL));
  EXPECT_EQ(mark(process, 0, 0), fails(Errno::kEINVAL));
  EXPECT_EQ(mark(process, 0, 2), fails(Errno::kENOENT));
  EXPECT_EQ(process(UffdWriteprotect{page(0) + 1, kPageSize, kUffdProtect, 0}),
            fails(Errno::kEINVAL));
  EXPECT_EQ(process(UffdWriteprotect{page(0), kPageSize, kUffdProtect, kUserfaultfdCount}),
            fails(Errno::kEBADF));
}

TEST(UffdWriteprotect, IsOfOneVmaOrOfAllInTheRange) {
  for (const auto rule : {UffdMarks::kOneVma, UffdMarks::kManyVmas}) {
    Process process(with(&KernelProfile::uffd_marks, rule));
    (void)process.map(0, 1);
    (void)process.map(1, 1, kRead);
    (void)process.map(4, 1);
    EXPECT_EQ(watch_faults(process, 0, 5, kUffdModeWp), kOk);
    const Outcome many = rule == UffdMarks::kManyVmas ? kOk : fails(Errno::kENOENT);
    EXPECT_EQ(mark(process, 0, 1), kOk);
    EXPECT_EQ(mark(process, 0, 2), many);
    EXPECT_EQ(mark(process, 1, 4), many);
    EXPECT_EQ(mark(process, 3, 2), many);  // a hole first
  }
}

TEST(UffdWriteprotect, OfHugePagesIsWhole) {
  Process process;
  (void)process.map_file(0, kHugePages, kHugetlb0, kReadWrite,
                         kMapPrivate | kMapFixed | kMapNoreserve);
  EXPECT_EQ(watch_faults(process, 0, kHugePages, kUffdModeWp), kOk);
  EXPECT_EQ(mark(process, 0, 1), fails(Errno::kEINVAL));
  EXPECT_EQ(mark(process, 0, kHugePages), kOk);
}

TEST(UffdRwprotect, IsKnownFromItsKernelOn) {
  for (const auto features : {UffdFeatures::kWpAsync, UffdFeatures::kRwp}) {
    Process process(with(&KernelProfile::uffd_features, features));
    (void)process.map(0, 1);
    const bool is_known = features == UffdFeatures::kRwp;
    const UffdRwprotect call{page(0), kPageSize, kUffdProtect, 0};
    EXPECT_EQ(process(UffdOpen{0, is_known ? kUffdRwp : 0}), kOk);
    EXPECT_EQ(process(call), fails(is_known ? Errno::kENOENT : Errno::kEINVAL));
    if (!is_known) continue;
    EXPECT_EQ(watch_faults(process, 0, 1, kUffdModeRwp | kUffdModeMissing), kOk);
    EXPECT_EQ(process(call), kOk);
    EXPECT_EQ(mark(process, 0, 1), fails(Errno::kENOENT));  // those are others
  }
}

}  // namespace
}  // namespace vmadiff::model
