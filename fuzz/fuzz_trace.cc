// fuzz_trace: does trace text survive being read and printed, whatever the text?
//
// Strategy
//   The bytes are read as a trace file. trace.dict knows the syntax's words. The same bytes are
//   also decoded as a sequence (codec.h) and printed, so that every call and every argument value
//   gets printed, not only those that a byte mutator spells.
//
// Invariants
//   - Reading any bytes ends, with every error inside the text: a line that exists, a column of it
//     or right behind it; errors and read lines ascend, and no line is both.
//   - There is a list of comments for each call and one for the end; every call is modelled.
//   - What was read is printed as text that reads back without an error as the same calls and the
//     same comments, and prints the same again.
#include "fuzz/fuzz_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "fuzz/codec.h"

namespace vmadiff::fuzz {
namespace {

using spec::ParseResult;
using spec::Trace;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    lines.push_back(text.substr(0, newline));
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
  }
  return lines;
}

std::optional<std::string> places_failure(const ParseResult& read, std::string_view text) {
  const auto lines = lines_of(text);
  std::size_t last = 0;
  for (const spec::ParseError& error : read.errors) {
    if (error.line <= last || error.line > lines.size()) {
      return fmt::format("an error on line {}, behind one on line {}, of {} lines", error.line,
                         last, lines.size());
    }
    last = error.line;
    if (error.column == 0 || error.column > lines[error.line - 1].size() + 1) {
      return fmt::format("an error in column {} of line {}, which has {} bytes", error.column,
                         error.line, lines[error.line - 1].size());
    }
    if (error.message.empty()) return fmt::format("an error without a message, line {}", last);
    if (std::ranges::binary_search(read.trace.lines, error.line)) {
      return fmt::format("line {} is an error and a call", error.line);
    }
  }
  return std::nullopt;
}

std::optional<std::string> shape_failure(const Trace& trace) {
  if (trace.comments.size() != trace.sequence.size() + 1) {
    return fmt::format("{} lists of comments for {} calls", trace.comments.size(),
                       trace.sequence.size());
  }
  if (trace.lines.size() != trace.sequence.size() || !std::ranges::is_sorted(trace.lines)) {
    return std::string{"the lines of the calls do not ascend, or are not one each"};
  }
  for (const spec::Step& step : trace.sequence) {
    if (const auto reason = spec::unmodelled_reason(step.call)) {
      return fmt::format("a call was read that is not modelled: {}", *reason);
    }
  }
  return std::nullopt;
}

std::optional<std::string> print_failure(const Trace& trace, const TraceText& trace_text) {
  const std::string printed = trace_text.print(trace);
  const ParseResult again = trace_text.parse(printed);
  if (!again.errors.empty()) {
    return fmt::format("printed text does not read back: {}\n{}",
                       spec::text("printed", again.errors.front()), printed);
  }
  if (again.trace.sequence != trace.sequence) {
    return fmt::format("printed text reads back as other calls:\n{}", printed);
  }
  if (again.trace.comments != trace.comments) {
    return fmt::format("printed text reads back with other comments:\n{}", printed);
  }
  if (const std::string twice = trace_text.print(again.trace); twice != printed) {
    return fmt::format("printing again gives other text:\n{}---\n{}", printed, twice);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> trace_failure(std::span<const std::uint8_t> bytes,
                                         const TraceText& trace_text) {
  const std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  const ParseResult read = trace_text.parse(text);
  if (auto failure = places_failure(read, text)) return failure;
  if (auto failure = shape_failure(read.trace)) return failure;
  if (auto failure = print_failure(read.trace, trace_text)) return failure;

  Trace decoded;
  decoded.sequence = decode(bytes).sequence;
  decoded.comments.resize(decoded.sequence.size() + 1);
  return print_failure(decoded, trace_text);
}

std::optional<std::string> run_trace(std::span<const std::uint8_t> bytes) {
  return trace_failure(bytes, {.parse = spec::parse_trace, .print = spec::print_trace});
}

}  // namespace vmadiff::fuzz
