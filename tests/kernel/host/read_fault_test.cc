// tests of kernel: whether a read fault maps the zero page is measured, whatever it is here: what
// smaps said to the probe, and what a later merge says, must be the same.
#include "host_fixture.h"
#include "kernel/host/proc_text.h"

namespace vmadiff::kernel {
namespace {

/// Memory that was read, moved behind memory that was written: one VMA only where the read left no
/// anon_vma (unfaulted memory takes the offset of its new place).
constexpr std::string_view kReadThenMoved = R"(
mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
touch(0x100000000000, 0x1000, WRITE)
mmap(0x100000005000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
touch(0x100000005000, 0x1000, READ)
mremap(0x100000005000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000001000)
)";

TEST_F(HostTest, AReadFaultIsWhatTheProbeSaw) {
  (void)run(kReadThenMoved);
  std::size_t vmas = 0;
  for (const auto& vma : snapshot().vmas) vmas += vma.file.is_none() ? 1 : 0;
  EXPECT_EQ(vmas, setup_.zero_page ? 1U : 2U) << layout();
}

SmapsEntry first_entry(std::string_view text) {
  SmapsEntry entry;
  EXPECT_TRUE(take_smaps_entry(text, entry));
  return entry;
}

TEST(AnonymousBytes, AreReadFromTheirOwnLine) {
  constexpr std::string_view kOfOne =
      "1000-2000 rw-p 00000000 00:00 0 \n"
      "Rss:                   8 kB\nAnonymous:             4 kB\nAnonHugePages:         0 kB\n"
      "VmFlags: rd wr \n"
      "3000-4000 rw-p 00000000 00:00 0 \nAnonymous:            16 kB\nVmFlags: rd \n";
  EXPECT_EQ(anonymous_bytes(first_entry(kOfOne)), 4096U);
  EXPECT_EQ(anonymous_bytes(first_entry("1000-2000 rw-p 00000000 00:00 0 \nAnonymous:    0 kB\n"
                                        "VmFlags: rd \n")),
            0U);
}

TEST(AnonymousBytes, AreNoneWhereThereIsNoSuchLine) {
  EXPECT_EQ(anonymous_bytes(first_entry("1000-2000 rw-p 00000000 00:00 0 \nRss:  4 kB\n"
                                        "VmFlags: rd \n3000-4000 rw-p 00000000 00:00 0 \n"
                                        "Anonymous:  4 kB\nVmFlags: rd \n")),
            std::nullopt);
  EXPECT_EQ(anonymous_bytes(first_entry("1000-2000 rw-p 00000000 00:00 0 \nAnonymous:   x kB\n"
                                        "VmFlags: rd \n")),
            std::nullopt);
}

}  // namespace
}  // namespace vmadiff::kernel
