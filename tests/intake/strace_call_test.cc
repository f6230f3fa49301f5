// tests of intake: a whole call taken apart.
#include "intake/strace_call.h"

#include <gtest/gtest.h>

#include "spec/trace_names.h"

namespace vmadiff::intake {
namespace {

std::vector<std::string> arguments(std::string_view text) {
  const auto call = read_strace_call(text);
  return call ? call->arguments : std::vector<std::string>{"error: " + call.error()};
}

using Arguments = std::vector<std::string>;

TEST(StraceCall, CommasAndParenthesesInsideOthersDoNotCount) {
  EXPECT_EQ(arguments("munmap(0x7f0000000000, 4096) = 0"), (Arguments{"0x7f0000000000", "4096"}));
  EXPECT_EQ(arguments("fork()  = 7"), Arguments{});
  EXPECT_EQ(arguments(R"(execve("/bin/a,b)\"c", ["x", "y"], 0x7ffd /* 37 vars */) = 0)"),
            (Arguments{R"("/bin/a,b)\"c")", R"(["x", "y"])", "0x7ffd"}));
  EXPECT_EQ(
      arguments("mmap(NULL, 4096, 0x1, 0x1, 4</memfd:name, with (signs)>(deleted), 0) = 0x7f00"),
      (Arguments{"NULL", "4096", "0x1", "0x1", "4</memfd:name, with (signs)>(deleted)", "0"}));
  EXPECT_EQ(arguments("close(3<TCP:[127.0.0.1:1->127.0.0.1:2]>) = 0"),
            (Arguments{"3<TCP:[127.0.0.1:1->127.0.0.1:2]>"}));
  EXPECT_EQ(arguments("close(3<UNIX-STREAM:[123->456, \"/a\"]>) = 0"),
            (Arguments{"3<UNIX-STREAM:[123->456, \"/a\"]>"}));
  EXPECT_EQ(arguments("ioctl(1</dev/pts/0<char 136:0>>, TCGETS, {c_iflag=1, ...}) = 0"),
            (Arguments{"1</dev/pts/0<char 136:0>>", "TCGETS", "{c_iflag=1, ...}"}));
  EXPECT_EQ(
      arguments("mmap(NULL, 2097152, PROT_READ, MAP_SHARED|21<<MAP_HUGE_SHIFT, -1, 0) = 0x7f00"),
      (Arguments{"NULL", "2097152", "PROT_READ", "MAP_SHARED|21<<MAP_HUGE_SHIFT", "-1", "0"}));
  EXPECT_EQ(
      arguments(
          "clone(child_stack=NULL, flags=0x1200000 /* CLONE_X|CLONE_Y */|17 /* SIGCHLD */) = 9"),
      (Arguments{"child_stack=NULL", "flags=0x1200000|17"}));
}

TEST(StraceCall, Results) {
  const auto result = [](std::string_view text) { return read_strace_call(text).value().result; };
  EXPECT_EQ(result("brk(NULL) = 0x5598e90ea000").value, 0x5598e90ea000);
  EXPECT_EQ(result("brk(NULL) = 0x5598e90ea000 <0.000011>").value, 0x5598e90ea000);
  EXPECT_EQ(result("munmap(NULL, 0) = -1 EINVAL (Invalid argument)").error, "EINVAL");
  EXPECT_EQ(result("munmap(NULL, 0) = -1 EINVAL (Invalid argument) <0.000007>").error, "EINVAL");
  EXPECT_EQ(result("exit_group(0) = ?").kind, StraceResult::Kind::kUnknown);
  EXPECT_EQ(result("openat(AT_FDCWD, \"x\", O_RDONLY) = 3</etc/a b>").path, "/etc/a b");
  EXPECT_EQ(result("openat(AT_FDCWD, \"x\", O_RDONLY) = 3</etc/a b>").value, 3U);
}

TEST(StraceCall, WhatIsNotWholeIsAnErrorThatSaysWhatWouldBe) {
  EXPECT_EQ(read_strace_call("munmap(0x7f0000000000, 4096").error(),
            "munmap: the arguments have no end: expected ')'");
  EXPECT_EQ(read_strace_call("munmap(0x7f0000000000, 4096)").error(),
            "munmap: expected '= RESULT' behind the arguments");
  EXPECT_EQ(read_strace_call("munmap(0x7f0000000000, 4096) = x").error(),
            "munmap: expected a number, '-1 ERRNO' or '?' behind '='");
}

TEST(StraceCall, Values) {
  EXPECT_EQ(number_of("NULL"), 0U);
  EXPECT_EQ(number_of("8192*1024"), 8192U * 1024U);
  EXPECT_EQ(number_of("21<<MAP_HUGE_SHIFT"), 21ULL << 26);
  EXPECT_EQ(number_of("-1"), ~0ULL);
  EXPECT_EQ(number_of("0x"), std::nullopt);
  EXPECT_EQ(number_of("4k"), std::nullopt);
  EXPECT_EQ(bits_of("PROT_READ|PROT_WRITE", {spec::prot_names()}), 3U);
  EXPECT_EQ(bits_of("PROT_READ|0x2", {spec::prot_names()}), 3U);
  EXPECT_EQ(bits_of("PROT_READ|PROT_ODD", {spec::prot_names()}), std::nullopt);
  EXPECT_EQ(descriptor_of("4294967295")->number, -1);
  EXPECT_EQ(descriptor_of("4</a/b>(deleted)")->path, "/a/b");
  EXPECT_FALSE(descriptor_of("x"));
  EXPECT_EQ(field_of("{flags=CLONE_VM|CLONE_FS, child_tid=0x7f}", "flags"), "CLONE_VM|CLONE_FS");
  EXPECT_EQ(field_of("flags=SIGCHLD", "flags"), "SIGCHLD");
  EXPECT_EQ(field_of("{rlim_cur=8192*1024, rlim_max=1}", "rlim_cur"), "8192*1024");
}

}  // namespace
}  // namespace vmadiff::intake
