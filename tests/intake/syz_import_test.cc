// tests of intake: programs of syzkaller's.
#include "intake/syz_import.h"

#include <gtest/gtest.h>

#include <string>

namespace vmadiff::intake {
namespace {

/// The steps behind what the executor maps.
std::string syz_steps(std::string_view program) {
  const auto imported = import_syz("a.syz", program);
  if (!imported) return "error: " + imported.error();
  const auto& sequence = imported->trace.sequence;
  return spec::print_trace(spec::Sequence(sequence.begin() + 3, sequence.end()));
}

TEST(SyzImport, MemoryCallsAreTaken) {
  EXPECT_EQ(
      syz_steps("# a program\n"
                "mmap(&(0x7f0000000000/0x3000)=nil, 0x3000, 0x3, 0x32, 0xffffffffffffffff, 0x0)\n"
                "mremap(&(0x7f0000000000/0x1000)=nil, 0x1000, 0x2000, 0x3, "
                "&(0x7f0000005000/0x2000)=nil) (fail_nth: 3)\n"
                "madvise(&(0x7f0000001000/0x1000)=nil, 0x1000, 0xc)\n"
                "getpid()\n"
                "prctl$PR_SET_MEMORY_MERGE(0x43, 0x1, 0x0, 0x0, 0x0)\n"
                "prctl$PR_SET_VMA(0x53564d41, 0x0, &(0x7f0000000000/0x1000)=nil, 0x1000, "
                "&(0x7f0000ffc000)='a b\\x00')\n"
                "mlock(&(0x7f0000001000/0x1000)=nil, 0x1000)\n"),
      "mmap(0x7f0000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, "
      "-1, 0)\n"
      "mremap(0x7f0000000000, 0x1000, 0x2000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x7f0000005000)\n"
      "madvise(0x7f0000001000, 0x1000, MADV_MERGEABLE)\n"
      "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)\n"
      "prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x7f0000000000, 0x1000, \"a b\")\n"
      "mlock(0x7f0000001000, 0x1000)\n");
}

TEST(SyzImport, FilesAreFollowed) {
  EXPECT_EQ(
      syz_steps(
          "r0 = memfd_create(&(0x7f0000000000)='a,b(\\x00', 0x0)\n"
          "r1 = openat$zero(0xffffffffffffff9c, &(0x7f0000000040)='/dev/zero\\x00', 0x2, 0x0)\n"
          "r2 = dup(r0)\n"
          "mmap(&(0x7f0000000000/0x1000)=nil, 0x1000, 0x3, 0x12, r2, 0x0)\n"
          "mmap(&(0x7f0000001000/0x1000)=nil, 0x1000, 0x3, 0x12, r1, 0x0)\n"),
      "mmap(0x7f0000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, memfd:0, 0)\n"
      "mmap(0x7f0000001000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, zero:0, 0)\n");
}

TEST(SyzImport, WhatCannotBeKeptIsSaid) {
  const auto imported =
      import_syz("a.syz",
                 "r0 = mmap$perf(&(0x7f0000000000/0x1000)=nil, 0x1000, 0x3, 0x12, r9, 0x0)\n"
                 "munmap(r0, 0x1000)\n"
                 "munmap(&(0x7f0000000000/0x1000)=nil, 0x1000)\n");
  ASSERT_TRUE(imported) << imported.error();
  ASSERT_EQ(imported->losses.size(), 2U);
  EXPECT_EQ(imported->losses[0].what, "mappings of a descriptor that is no file: left out");
  EXPECT_EQ(imported->losses[1].what, "munmap of what an earlier call gave: left out");
}

TEST(SyzImport, BadInputIsOneMessageWithItsPlace) {
  EXPECT_EQ(syz_steps("munmap(&(0x7f0000000000/0x1000)=nil, 0x1000\n"),
            "error: a.syz:1: munmap: the arguments have no end: expected ')'");
  EXPECT_EQ(syz_steps("# x\nhello\n"), "error: a.syz:2: 'hello': expected 'CALL(ARGUMENTS)'");
  EXPECT_EQ(
      syz_steps("mmap(&(0x7f0000000000/0x1000)=nil, 0x1000, odd, 0x32, 0xffffffffffffffff, 0x0)\n"),
      "error: a.syz:1: mmap: the protection is 'odd': expected names of flags or a number");
  EXPECT_TRUE(
      syz_steps("getpid()\n").starts_with("error: a.syz:1: no memory call in the whole program"));
}

}  // namespace
}  // namespace vmadiff::intake
