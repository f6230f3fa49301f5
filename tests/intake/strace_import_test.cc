// tests of intake: what becomes of a program's calls in a trace.
#include "intake/strace_import.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace vmadiff::intake {
namespace {

/// The steps of the trace, one a line, without the comments.
std::string steps(const std::string& log, const Looks& looks = {}) {
  const auto imported = import_strace({{"a.strace", log}}, looks);
  return imported ? spec::print_trace(imported->trace.sequence) : "error: " + imported.error();
}

/// What was not kept: "LINE: WHAT xCOUNT".
std::vector<std::string> losses(const std::string& log) {
  const auto imported = import_strace({{"a.strace", log}});
  if (!imported) return {"error: " + imported.error()};
  std::vector<std::string> out;
  for (const Loss& loss : imported->losses) {
    out.push_back(std::to_string(loss.first.line) + ": " + loss.what + " x" +
                  std::to_string(loss.count));
  }
  return out;
}

const std::string kBegin = "7 execve(\"/bin/x\", [\"x\"], 0x7ffd /* 1 var */) = 0\n";
const std::string kAnon = ", PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = ";

using Words = std::vector<std::string>;

TEST(StraceImport, WhereTheKernelPlacedSomethingTheTraceSaysSo) {
  EXPECT_EQ(steps(kBegin + "7 mmap(NULL, 8192" + kAnon + "0x7f1200003000\n" + "7 mmap(NULL, 4096" +
                  kAnon + "0x7f1200002000\n" + "7 munmap(0x7f1200004000, 4096) = 0\n" +
                  "7 mremap(0x7f1200003000, 4096, 8192, MREMAP_MAYMOVE) = 0x7f1200000000\n"),
            "mmap(0x100000003000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|"
            "MAP_FIXED_NOREPLACE, -1, 0) = 0x100000003000\n"
            "mmap(0x100000002000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|"
            "MAP_FIXED_NOREPLACE, -1, 0) = 0x100000002000\n"
            "munmap(0x100000004000, 0x1000) = 0\n"
            "mremap(0x100000003000, 0x1000, 0x2000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000000000) = "
            "0x100000000000\n");
}

TEST(StraceImport, TheBreakIsRelativeToTheProgramsOwn) {
  EXPECT_EQ(
      steps(kBegin + "7 brk(NULL) = 0x5598e90ea000\n7 brk(0x5598e910b000) = 0x5598e910b000\n" +
            "7 mprotect(0x5598e90eb000, 4096, PROT_READ) = 0\n"),
      "brk(NULL) = 0x20020000\nbrk(0x20041000) = 0x20041000\n"
      "mprotect(0x20021000, 0x1000, PROT_READ) = 0\n");
}

TEST(StraceImport, DescriptorsAreFollowed) {
  const std::string mapped = ", 4096, PROT_READ, MAP_PRIVATE, ";
  const auto text = steps(kBegin +                                                       //
                          "7 openat(AT_FDCWD, \"/lib/a.so\", O_RDONLY|O_CLOEXEC) = 3\n"  //
                          "7 mmap(NULL" +
                          mapped +
                          "3, 0) = 0x7f1200000000\n"                                     //
                          "7 dup(3) = 4\n7 close(3) = 0\n"                               //
                          "7 openat(AT_FDCWD, \"/lib/a.so\", O_RDONLY|O_CLOEXEC) = 3\n"  //
                          "7 mmap(NULL" +
                          mapped +
                          "3, 0x1000) = 0x7f1200001000\n"  // another open: another file
                          "7 mmap(NULL" +
                          mapped +
                          "4, 0x1000) = 0x7f1200002000\n"             // the first
                          "7 memfd_create(\"x\", MFD_CLOEXEC) = 5\n"  //
                          "7 mmap(NULL" +
                          mapped +
                          "5, 0) = 0x7f1200003000\n"                         //
                          "7 openat(AT_FDCWD, \"/dev/zero\", O_RDWR) = 6\n"  //
                          "7 mmap(NULL" +
                          mapped +
                          "6, 0) = 0x7f1200004000\n"                                  //
                          "7 openat(AT_FDCWD, \"data\", O_RDWR|O_CREAT, 0644) = 8\n"  //
                          "7 mmap(NULL" +
                          mapped + "8, 0) = 0x7f1200005000\n");
  std::vector<std::string> files;
  for (std::size_t at = 0; (at = text.find("NOREPLACE, ", at)) != std::string::npos;) {
    at += 11;
    files.push_back(text.substr(at, text.find(')', at) - at));
  }
  EXPECT_EQ(files, (Words{"file-ro:0, 0", "file-ro:1, 0x1000", "file-ro:0, 0x1000", "memfd:0, 0",
                          "zero:0, 0", "file:0, 0"}))
      << text;
}

TEST(StraceImport, AClosedDescriptorIsNoFileAnyMore) {
  const std::string open = "7 openat(AT_FDCWD, \"/dev/zero\", O_RDONLY) = 3\n";
  const std::string map = "7 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f1200000000\n";
  EXPECT_NE(steps(kBegin + open + map).find("zero:0"), std::string::npos);
  EXPECT_NE(steps(kBegin + open + "7 close(3) = 0\n" + map).find("file-ro:0"), std::string::npos);
}

TEST(StraceImport, ManyFilesShareFourAtOffsetsOfTheirOwn) {
  std::string log = kBegin;
  for (int i = 0; i < 9; ++i) {
    const auto n = std::to_string(i);
    log += "7 open(\"/lib/" + n +
           "\", O_RDONLY) = 3\n7 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0) = " + "0x7f120000" +
           n + "000\n7 close(3) = 0\n";
  }
  const auto imported = import_strace({{"a.strace", log}});
  ASSERT_TRUE(imported) << imported.error();
  std::set<std::pair<std::uint32_t, std::uint64_t>> places;
  for (const spec::Step& step : imported->trace.sequence) {
    const auto& mmap = std::get<spec::Mmap>(step.call);
    EXPECT_EQ(mmap.file.cls, spec::FileClass::kFileReadOnly);
    EXPECT_LT(mmap.file.number, spec::kFilesPerClass);
    // Neither can go on where another ends.
    EXPECT_EQ(mmap.offset % (2 * spec::kHugePageSize), 0U);
    places.emplace(mmap.file.number, mmap.offset);
  }
  EXPECT_EQ(places.size(), 9U);
}

TEST(StraceImport, TasksBecomeProcessesAndThreadsDoNot) {
  const auto text =
      steps(kBegin + "7 mmap(NULL, 4096" + kAnon +
            "0x7f1200000000\n"
            "7 clone3({flags=CLONE_VM|CLONE_FILES|CLONE_THREAD, stack=0x7f}, 88) = 8\n"
            "8 munmap(0x7f1200000000, 4096) = 0\n"
            "7 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 9\n"
            "9 mmap(NULL, 4096" +
            kAnon +
            "0x7f1200001000\n"
            "9 exit_group(0) = ?\n"
            "7 vfork() = 10\n"
            "10 execve(\"/bin/y\", [\"y\"], 0x7ffd /* 1 var */) = 0\n"
            "10 brk(NULL) = 0x555500000000\n"
            "10 exit_group(0) = ?\n");
  EXPECT_EQ(text,
            "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|"
            "MAP_FIXED_NOREPLACE, -1, 0) = 0x100000000000\n"
            "munmap(0x100000000000, 0x1000) = 0\n"
            "fork() = 1\n"
            "[pid 1] mmap(0x100000001000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|"
            "MAP_FIXED_NOREPLACE, -1, 0) = 0x100000001000\n"
            "[pid 1] exit()\n"
            "fork() = 2\n"
            "[pid 2] exec() = 0\n"
            "[pid 2] brk(NULL) = 0x20020000\n"
            "[pid 2] exit()\n");
}

TEST(StraceImport, NamesOfMemoryAreKept) {
  const std::string name = "7 prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x7f1200000000, 4096, ";
  EXPECT_EQ(steps(kBegin + "7 mmap(NULL, 8192" + kAnon + "0x7f1200000000\n" + name +
                  "\"Go: \\303\\244\\\"\") = 0\n" + name + "NULL) = 0\n" + name +
                  "\"a\") = -1 EINVAL (Invalid argument)\n"),
            "mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|"
            "MAP_FIXED_NOREPLACE, -1, 0) = 0x100000000000\n"
            "prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x100000000000, 0x1000, "
            "\"Go: \\303\\244\\\"\") = 0\n"
            "prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x100000000000, 0x1000, NULL) = 0\n");
}

TEST(StraceImport, SyncingAndMdweAreKept) {
  EXPECT_EQ(steps(kBegin + "7 mmap(NULL, 4096" + kAnon +
                  "0x7f1200000000\n"
                  "7 msync(0x7f1200000000, 4096, MS_INVALIDATE|MS_SYNC) = 0\n"
                  "7 prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) = 0\n"
                  "7 prctl(PR_GET_MDWE, 0, 0, 0, 0) = 0x1 (PR_MDWE_REFUSE_EXEC_GAIN)\n"),
            "mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|"
            "MAP_FIXED_NOREPLACE, -1, 0) = 0x100000000000\n"
            "msync(0x100000000000, 0x1000, MS_INVALIDATE|MS_SYNC) = 0\n"
            "prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) = 0\n"
            "prctl(PR_GET_MDWE, 0, 0, 0, 0) = 1\n");
}

TEST(StraceImport, WhatCannotBeKeptIsSaidOnceEachKind) {
  EXPECT_EQ(
      losses(kBegin +
             "7 mprotect(0x555500001000, 4096, PROT_READ) = 0\n"
             "7 mprotect(0x555500002000, 4096, PROT_READ) = 0\n"
             "7 prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x7f1200000000, 4096, \"x\"...) = 0\n"
             "7 prctl(PR_SET_NAME, \"x\") = 0\n"
             "7 shmat(3, NULL, 0) = 0x7f1200000000\n"
             "7 mmap(NULL, 4096, PROT_READ, MAP_SHARED, 9, 0) = -1 EBADF (Bad file descriptor)\n"
             "7 madvise(0x7f1200000000, 4096, 0x64 /* MADV_HWPOISON */) = 0\n"
             "7 mremap(0x555500001000, 4096, 8192, MREMAP_MAYMOVE) = 0x7f1200008000\n"
             "7 vfork() = 10\n"),
      (Words{"10: all that a task calls of which the log has no line (strace -f): left out x1",
             "2: calls on memory that no call of the log made (execve's own: binary, loader, "
             "stack): left out x3",
             "4: names of anonymous memory that strace has cut off (strace -s 80): left out x1",
             "6: shmat, which a trace cannot say: left out x1",
             "7: mappings of a descriptor that was not open (EBADF): left out x1",
             "8: madvise advice 100 is not modelled: left out x1"}));
}

TEST(StraceImport, ABadArgumentIsOneMessageWithItsPlace) {
  EXPECT_EQ(
      steps(kBegin + "7 mmap(NULL, 4096, PROT_ODD, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0\n"),
      "error: a.strace:2: mmap: the protection is 'PROT_ODD': expected names of flags or a number");
  EXPECT_EQ(steps(kBegin + "7 munmap(0x7f1200000000) = 0\n"),
            "error: a.strace:2: munmap: the length is '': expected a number");
}

TEST(StraceImport, ALogWithoutMemoryIsNoTrace) {
  EXPECT_EQ(
      steps("7 getpid() = 7\n7 +++ exited with 0 +++\n"),
      "error: a.strace:1: no call of memory, files or processes in the whole log: expected mmap, "
      "execve, …");
}

TEST(StraceImport, MoreProcessesThanATraceHasAreLeftOut) {
  std::string log = kBegin;
  for (int i = 100; i < 180; ++i) {
    const auto pid = std::to_string(i);
    log += "7 fork() = " + pid + "\n" + pid + " brk(NULL) = 0x555500000000\n" + pid +
           " exit_group(0) = ?\n";
  }
  // 63 beside the first; the next is the 64th of them.
  EXPECT_EQ(losses(log), (Words{"191: processes beyond 64: left out with all that they call x17"}));
  const auto imported = import_strace({{"a.strace", log}});
  ASSERT_TRUE(imported);
  for (const spec::Step& step : imported->trace.sequence) EXPECT_LT(step.process, 64);
}

TEST(StraceImport, WhatWasSeenIsExecvesMemoryAndTheFaults) {
  const auto maps = read_maps(
      "555500000000-555500002000 r-xp 00001000 fe:00 247134                     /bin/x\n"
      "Anonymous:             0 kB\n"
      "7f1200000000-7f1200001000 rw-p 00000000 00:00 0 \n"
      "Anonymous:             4 kB\n"
      "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]\n"
      "Anonymous:            12 kB\n"
      "7ffd00030000-7ffd00032000 r-xp 00000000 00:00 0                          [vdso]\n");
  ASSERT_EQ(maps.size(), 4U);
  const auto later = read_maps(
      "7f1200001000-7f1200002000 rw-p 00000000 00:00 0 \n"
      "Anonymous:             4 kB\n"
      "7ffcfff00000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]\n"
      "Anonymous:            12 kB\n");
  const Looks looks{{{7, 1}, maps}, {{7, 2}, later}};
  EXPECT_EQ(
      steps(kBegin + "7 mmap(NULL, 4096" + kAnon + "0x7f1200001000\n7 brk(NULL) = 0x555600000000\n",
            looks),
      "mmap(0x100000000000, 0x2000, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED, file-ro:0, 0x1000) "
      "= 0x100000000000\n"
      "mmap(0x100040200000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
      "0) = 0x100040200000\n"
      "mmap(0x100080600000, 0x21000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|"
      "MAP_GROWSDOWN, -1, 0) = 0x100080600000\n"
      "touch(0x100040200000, 0x1000, WRITE) = 0\n"
      "touch(0x100080600000, 0x1000, WRITE) = 0\n"
      "mmap(0x100040201000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|"
      "MAP_FIXED_NOREPLACE, -1, 0) = 0x100040201000\n"
      "touch(0x100040201000, 0x1000, WRITE) = 0\n"
      "touch(0x100080500000, 0x1000, WRITE) = 0\n"
      "brk(NULL) = 0x20020000\n");
}

TEST(StraceImport, AFaultIsNotBeforeTheMprotectThatAllowedIt) {
  // Task 8 sees what task 7's mprotect did before strace tells that it is done.
  const auto seen = read_maps(
      "7f1200000000-7f1200001000 rw-p 00000000 00:00 0 \n"
      "Anonymous:             4 kB\n");
  const Looks looks{{{8, 0}, seen}, {{8, 1}, seen}};
  const auto text = steps(
      kBegin +
          "7 mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f1200000000\n" +
          "7 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 8\n" +
          "7 mprotect(0x7f1200000000, 4096, PROT_READ|PROT_WRITE <unfinished ...>\n" +
          "8 brk(NULL) = 0x555500000000\n" + "7 <... mprotect resumed>) = 0\n" +
          "8 brk(NULL) = 0x555500000000\n",
      looks);
  EXPECT_EQ(text.substr(text.find("brk")),
            "brk(NULL) = 0x20020000\n"
            "mprotect(0x100000000000, 0x1000, PROT_READ|PROT_WRITE) = 0\n"
            "touch(0x100000000000, 0x1000, WRITE) = 0\n"
            "brk(NULL) = 0x20020000\n");
}

}  // namespace
}  // namespace vmadiff::intake
