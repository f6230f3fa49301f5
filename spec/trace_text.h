// spec: traces as text, both ways. The syntax is strace's; docs/traces.md is its description.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "spec/sequence.h"

namespace vmadiff::spec {

/// A trace as a file holds it: the calls, and the comments that stand around them.
struct Trace {
  Sequence sequence;
  /// comments[i] are the lines (comments with their `#`, or empty) right before sequence[i];
  /// comments[sequence.size()] those at the end. Always sequence.size() + 1 entries.
  std::vector<std::vector<std::string>> comments{1};
  /// lines[i] is the 1-based line of sequence[i]; empty for a trace that was not parsed.
  std::vector<std::size_t> lines;
};

struct ParseError {
  std::size_t line = 0;    ///< 1-based
  std::size_t column = 0;  ///< 1-based, bytes
  std::string message;     ///< what was found and what was expected
};

struct ParseResult {
  Trace trace;  ///< the lines without an error
  std::vector<ParseError> errors;
};

/// Reads every line; a bad one becomes an error and the rest is still read. Never throws on input.
[[nodiscard]] ParseResult parse_trace(std::string_view text);
/// Canonical text: print(parse(print(t))) == print(t), and parse(print(t)) has t's sequence.
[[nodiscard]] std::string print_trace(const Trace& trace);
[[nodiscard]] std::string print_trace(const Sequence& sequence);
/// "mmap(NULL, 0x1000, …)" without a result.
[[nodiscard]] std::string text(const Syscall& call);
/// "[pid 1] mmap(…) = 0x…", the pid left out for process 0, the result where one is asserted.
[[nodiscard]] std::string text(const Step& step);
/// "FILE:LINE:COLUMN: error: MESSAGE".
[[nodiscard]] std::string text(std::string_view file, const ParseError& error);

}  // namespace vmadiff::spec
