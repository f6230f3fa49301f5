// tests/spec: VMA flags and VMAs as text.
#include "spec/flags.h"

#include <gtest/gtest.h>

#include "spec/snapshot.h"

namespace vmadiff::spec {
namespace {

TEST(VmFlagsText, IsInSmapsOrderAndLeavesSoftDirtyOut) {
  EXPECT_EQ(vm_flags_text(kVmMergeable | kVmRead | kVmSoftdirty | kVmAccount | kVmMayread),
            "rd mr ac mg");
}

TEST(VmFlagsText, ReadsWhatItWrites) {
  for (const FlagName& code : vm_flag_codes()) {
    EXPECT_EQ(vm_flags_from_text(code.name), code.bits) << code.name;
  }
  std::string unknown;
  EXPECT_EQ(vm_flags_from_text("rd wr zz mg \n", &unknown), kVmRead | kVmWrite | kVmMergeable);
  EXPECT_EQ(unknown, "zz");
}

TEST(VmFlagsText, CodesAreInBitOrder) {
  VmFlags before = 0;
  for (const FlagName& code : vm_flag_codes()) {
    EXPECT_GT(code.bits, before) << code.name;
    before = code.bits;
  }
}

TEST(VmaText, ShowsWhatMapsShows) {
  Vma vma{.start = 0x1000,
          .end = 0x3000,
          .flags = kVmRead | kVmWrite | kVmMayread,
          .pgoff = 1,
          .file = {},
          .anon_vma = 0,
          .anon_vma_links = 0};
  EXPECT_EQ(text(vma), "00001000-00003000 rw-p 00000000 anon [rd wr mr]");
  vma.file = {FileClass::kMemfd, 2};
  vma.flags |= kVmShared | kVmMayshare;
  EXPECT_EQ(text(vma), "00001000-00003000 rw-s 00001000 memfd:2 [rd wr sh mr ms]");
}

}  // namespace
}  // namespace vmadiff::spec
