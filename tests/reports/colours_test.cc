// tests of reports and process: what a terminal is shown, and what is never sent to one.
#include "reports/colours.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <string>

#include "process/terminal.h"

namespace vmadiff::reports {
namespace {

TEST(Colours, AreOfWholeLinesThatBeginSo) {
  Colours colours;
  EXPECT_EQ(colours.coloured("FINDING: A\nplain\n! differs\n"),
            "\x1b[1;31mFINDING: A\x1b[0m\nplain\n\x1b[31m! differs\x1b[0m\n");
  EXPECT_EQ(colours.coloured("no FINDING: A\nokay\n"), "no FINDING: A\nokay\n");
}

TEST(Colours, ReachTheEndOfALineThatComesInPieces) {
  Colours colours;
  EXPECT_EQ(colours.coloured("FINDING: "), "\x1b[1;31mFINDING: \x1b[0m");
  EXPECT_EQ(colours.coloured("A\nB"), "\x1b[1;31mA\x1b[0m\nB");
  // A line that began otherwise does not begin again.
  EXPECT_EQ(colours.coloured("FINDING: C\n"), "FINDING: C\n");
  EXPECT_EQ(colours.coloured("FAIL"), "FAIL");
  EXPECT_EQ(colours.coloured("ED x\n"), "\x1b[31mED x\x1b[0m\n");
  EXPECT_EQ(colours.coloured("\n"), "\n");
}

/// Standard error is a terminal for as long as it lives.
class AScreen : public ::testing::Test {
 protected:
  void SetUp() override {
    terminal_ = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal_ < 0 || ::grantpt(terminal_) != 0 || ::unlockpt(terminal_) != 0)
      GTEST_SKIP() << "no terminals here: mount devpts";
    std::array<char, 64> name{};
    ASSERT_EQ(::ptsname_r(terminal_, name.data(), name.size()), 0);
    const int line = ::open(name.data(), O_RDWR | O_NOCTTY);
    ASSERT_GE(line, 0);
    before_ = ::dup(STDERR_FILENO);
    ::dup2(line, STDERR_FILENO);
    ::close(line);
    ::setenv("TERM", "xterm", 1);  // NOLINT(concurrency-mt-unsafe)
    ::unsetenv("NO_COLOR");        // NOLINT(concurrency-mt-unsafe)
  }
  void TearDown() override {
    if (before_ >= 0) ::dup2(before_, STDERR_FILENO);
    ::close(before_);
    ::close(terminal_);
  }
  /// What has been written to it; requires that something has.
  std::string shown() const {
    std::array<char, 512> buffer{};
    const auto count = ::read(terminal_, buffer.data(), buffer.size());
    return {buffer.data(), static_cast<std::size_t>(count < 0 ? 0 : count)};
  }

 private:
  int terminal_ = -1;
  int before_ = -1;
};

// The line had gone through what makes text printable, and came out with its own marks spelt out.
TEST_F(AScreen, LinesAreRewrittenAndCannotSteer) {
  ASSERT_TRUE(process::can_rewrite_lines());
  process::rewrite_line("12 operations \x1b[2J");
  EXPECT_EQ(shown(), "\r12 operations \\x1b[2J\x1b[K");
  process::clear_line();
  EXPECT_EQ(shown(), "\r\x1b[K");
}

TEST_F(AScreen, WhoWantsNoColoursHasNone) {
  EXPECT_TRUE(process::wants_colours(STDERR_FILENO));
  ::setenv("NO_COLOR", "", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_TRUE(process::wants_colours(STDERR_FILENO));
  ::setenv("NO_COLOR", "1", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_FALSE(process::wants_colours(STDERR_FILENO));
  ::unsetenv("NO_COLOR");       // NOLINT(concurrency-mt-unsafe)
  ::setenv("TERM", "dumb", 1);  // NOLINT(concurrency-mt-unsafe)
  EXPECT_FALSE(process::wants_colours(STDERR_FILENO));
  EXPECT_FALSE(process::can_rewrite_lines());
}

}  // namespace
}  // namespace vmadiff::reports
