// reports: text that came from elsewhere (a path, a trace, a guest's console), as it may stand
// where it goes: on a terminal, in a shell command, in a C program, in JSON.
#pragma once

#include <string>
#include <string_view>

namespace vmadiff::reports {

/// For a terminal: bytes that steer it (controls but newline and tab, escape sequences, marks that
/// turn the direction of writing) and bytes that are no UTF-8 become `\xNN`.
[[nodiscard]] std::string printable(std::string_view text);
/// The same, on one line: newlines and tabs become `\n` and `\t`.
[[nodiscard]] std::string printable_line(std::string_view text);

/// How many bytes at the end of `text` begin a character whose rest may yet come: 0 to 3.
[[nodiscard]] std::size_t unfinished_bytes(std::string_view text);

/// One word of a shell's command line (POSIX, and $'…' where bytes cannot be shown otherwise).
[[nodiscard]] std::string shell_word(std::string_view text);
/// A file's path as such a word: one that begins with `-` is no option.
[[nodiscard]] std::string shell_path(std::string_view path);

/// In HTML or XML, between tags or in an attribute: what is markup there is written out.
[[nodiscard]] std::string markup_text(std::string_view text);

/// A C string literal.
[[nodiscard]] std::string c_string(std::string_view text);
/// A line inside a C comment, which it cannot end.
[[nodiscard]] std::string c_comment_line(std::string_view text);

}  // namespace vmadiff::reports
