// tests of reports: what came from elsewhere stands as text, wherever it stands.
#include "reports/quoting.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>

namespace vmadiff::reports {
namespace {

TEST(Quoting, ATerminalIsNotSteered) {
  EXPECT_EQ(printable("plain … text\n\tgoes on"), "plain … text\n\tgoes on");
  EXPECT_EQ(printable("\x1b[31m\r\a\x7f"), "\\x1b[31m\\x0d\\x07\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m")
      << "a control of eight bits";
  EXPECT_EQ(printable("\xff\xc3("), "\\xff\\xc3(") << "no UTF-8";
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "txt"),
            "\\xe2\\x80\\xaetxt")
      << "from right to left";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "half of a pair";
  EXPECT_EQ(printable_line("a\nb\tc"), "a\\nb\\tc");
}

TEST(Quoting, ACharacterCanComeInTwoParts) {
  EXPECT_EQ(unfinished_bytes("ab"), 0U);
  EXPECT_EQ(unfinished_bytes("ab\xe2"), 1U);
  EXPECT_EQ(unfinished_bytes("ab\xe2\x80"), 2U);
  EXPECT_EQ(unfinished_bytes("ab\xe2\x80\xa6"), 0U);
  EXPECT_EQ(unfinished_bytes("\xf0\x9f\x98"), 3U);
  EXPECT_EQ(unfinished_bytes("\x80\x80\x80\x80"), 0U);
  EXPECT_EQ(unfinished_bytes(""), 0U);
}

/// What a shell makes of the word.
std::string said_by_shell(const std::string& word) {
  const std::string command = "bash -c " + shell_word("printf %s " + word);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe{::popen(command.c_str(), "r"),
                                                             ::pclose};
  std::string out;
  std::array<char, 256> buffer;
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) {
    out.append(buffer.data(), got);
  }
  return out;
}

TEST(Quoting, AShellReadsTheWordBack) {
  EXPECT_EQ(shell_word("findings/0123.trace"), "findings/0123.trace");
  EXPECT_EQ(shell_word(""), "''");
  for (const std::string text :
       {"a b", "$(touch x)", "`id`", "it's", "a;b&c|d", "*?[", "~", "\x1b[31m", "a\nb", "\xff",
        "back\\slash\n'quote'", "#", "!x", "… and more"}) {
    EXPECT_EQ(said_by_shell(shell_word(text)), text);
    EXPECT_EQ(printable(shell_word(text)), shell_word(text)) << "as it is printed it can be pasted";
  }
  EXPECT_EQ(shell_path("-x/y"), "./-x/y");
}

TEST(Quoting, CCodeStaysText) {
  EXPECT_EQ(c_string("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(c_string("\n\x1b?"), R"("\012\033\?")");
  EXPECT_EQ(c_comment_line("x*/y/*z"), "x* /y/ *z");
  EXPECT_EQ(c_comment_line("x*\\\n/ code"), "x*\\\\n/ code");
  EXPECT_EQ(c_comment_line("**//"), "** //");
  EXPECT_EQ(c_comment_line("/*/"), "/ * /");
  EXPECT_EQ(c_comment_line("x*\\"), "x*\\.");
}

}  // namespace
}  // namespace vmadiff::reports
