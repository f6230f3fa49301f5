// tests/spec: names, and how trace text and maps write them.
#include "spec/vma_name.h"

#include <gtest/gtest.h>

#include "spec/snapshot.h"
#include "spec/trace_text.h"

namespace vmadiff::spec {
namespace {

TEST(VmaName, EqualTextsAreOneName) {
  EXPECT_EQ(VmaName::of("heap"), VmaName::of(std::string{"heap"}));
  EXPECT_NE(VmaName::of("heap"), VmaName::of("Heap"));
  EXPECT_NE(VmaName::of(""), VmaName{});
  EXPECT_TRUE(VmaName{}.is_none());
  EXPECT_EQ(VmaName::of("").text(), "");
  EXPECT_NE(VmaName::unreadable(), VmaName::unseen());
  EXPECT_TRUE(may_be_same(VmaName::unseen(), {}));
  EXPECT_FALSE(may_be_same(VmaName::of("a"), {}));
}

TEST(VmaName, IsWrittenAsItIsRead) {
  for (const std::string_view text :
       {"NULL", "\"\"", "\"Go: heap\"", R"("a\\b\"c")", R"("\001\377")", "0xffffffffffffffff"}) {
    const auto line =
        fmt::format("prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x1000, 0x2000, {})", text);
    const auto parsed = parse_trace(line + " = -1 EINVAL\n");
    ASSERT_TRUE(parsed.errors.empty()) << spec::text("t", parsed.errors.front());
    EXPECT_EQ(spec::text(parsed.trace.sequence[0].call), line);
  }
}

TEST(VmaName, ReadsTheEscapesOfStrace) {
  const auto name = name_of_literal(R"(\a\b\t\n\v\f\r\0011\x41\101)");
  ASSERT_TRUE(name) << name.error();
  EXPECT_EQ(name->text(),
            "\a\b\t\n\v\f\r\001"
            "1AA");
}

TEST(VmaName, SaysWhatIsWrongWithALine) {
  const auto error = [](std::string_view name) {
    const auto parsed = parse_trace(
        fmt::format("prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x1000, 0x2000, {})\n", name));
    return parsed.errors.empty() ? "" : text("t", parsed.errors.front());
  };
  EXPECT_EQ(error("\"a"),
            "t:1:57: error: expected a name in quotes, NULL, or "
            "0xffffffffffffffff, found '\"'");
  EXPECT_EQ(error("7"),
            "t:1:57: error: expected a name in quotes, NULL, or "
            "0xffffffffffffffff, found '7'");
  EXPECT_EQ(error("\"\\000\""), "t:1:57: error: a name ends at its first zero byte");
  EXPECT_EQ(error("\"\\q\""),
            "t:1:57: error: a backslash stands before what it cannot stand before");
  EXPECT_EQ(error('"' + std::string(128, 'a') + '"'),
            "t:1:57: error: a name of 128 bytes: at most 127 are kept");
}

TEST(VmaName, StandsBehindALineAsMapsWritesIt) {
  Vma vma;
  vma.start = 0x1000;
  vma.end = 0x2000;
  vma.flags = kVmRead;
  vma.name = VmaName::of("Go: heap");
  EXPECT_EQ(text(vma), "00001000-00002000 r--p 00000000 anon [rd] [anon:Go: heap]");
  vma.file = {FileClass::kAnonShared, 0};
  EXPECT_EQ(text(vma), "00001000-00002000 r--p 00000000 anon-shared [rd] [anon_shmem:Go: heap]");
  vma.name = VmaName::unseen();
  EXPECT_EQ(text(vma), "00001000-00002000 r--p 00000000 anon-shared [rd]");
}

}  // namespace
}  // namespace vmadiff::spec
