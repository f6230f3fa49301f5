// fuzz_trace: canaries. A parser or printer that is wrong in one way is caught.
#include "fuzz/fuzz_trace.h"

#include <gtest/gtest.h>

#include <string>

#include "support.h"

namespace vmadiff::fuzz {
namespace {

using spec::parse_trace;
using spec::ParseResult;
using spec::print_trace;
using spec::Trace;

constexpr std::string_view kText =
    "# a comment\n"
    "mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE, file:0, 0) = -1 ENOMEM\n"
    "what is this?\n"
    "touch(0x1000, 0x1000, WRITE)\n";

std::string failure_of(const TraceText& trace_text) {
  return trace_failure(bytes_of(kText), trace_text).value_or("none");
}

std::string print_sound(const Trace& trace) { return print_trace(trace); }

TEST(FuzzTraceCanary, sound_text_has_no_failure) {
  EXPECT_EQ(failure_of({parse_trace, print_sound}), "none");
  EXPECT_EQ(run_trace(bytes_of(kText)), std::nullopt);
}

TEST(FuzzTraceCanary, column_outside_the_line_is_caught) {
  const auto parse = [](std::string_view text) {
    ParseResult result = parse_trace(text);
    for (auto& error : result.errors) error.column += 100;
    return result;
  };
  EXPECT_NE(failure_of({parse, print_sound}).find("an error in column 101"), std::string::npos);
}

TEST(FuzzTraceCanary, line_that_does_not_exist_is_caught) {
  const auto parse = [](std::string_view text) {
    ParseResult result = parse_trace(text);
    for (auto& error : result.errors) error.line += 100;
    return result;
  };
  EXPECT_NE(failure_of({parse, print_sound}).find("an error on line 103"), std::string::npos);
}

TEST(FuzzTraceCanary, printed_text_that_does_not_parse_is_caught) {
  const auto print = [](const Trace& trace) { return print_trace(trace) + "and so on\n"; };
  EXPECT_NE(failure_of({parse_trace, print}).find("does not read back"), std::string::npos);
}

TEST(FuzzTraceCanary, printer_that_loses_a_result_is_caught) {
  const auto print = [](const Trace& trace) {
    Trace without = trace;
    for (auto& step : without.sequence) step.expected.reset();
    return print_trace(without);
  };
  EXPECT_NE(failure_of({parse_trace, print}).find("reads back as other calls"), std::string::npos);
}

TEST(FuzzTraceCanary, printer_that_loses_a_comment_is_caught) {
  const auto print = [](const Trace& trace) { return print_trace(trace.sequence); };
  EXPECT_NE(failure_of({parse_trace, print}).find("other comments"), std::string::npos);
}

TEST(FuzzTraceCanary, calls_behind_the_binary_form_are_printed_too) {
  const auto print = [](const Trace& trace) {
    std::string text = print_trace(trace);
    const auto brk = text.find("brk(");
    return brk == std::string::npos ? text : text.replace(brk, 4, "sbrk(");
  };
  Input input;
  input.sequence.push_back({.process = 0, .call = spec::Brk{0x1000}, .expected = {}});
  EXPECT_NE(trace_failure(encode(input), {parse_trace, print}), std::nullopt);
  EXPECT_EQ(trace_failure(encode(input), {parse_trace, print_sound}), std::nullopt);
}

}  // namespace
}  // namespace vmadiff::fuzz
