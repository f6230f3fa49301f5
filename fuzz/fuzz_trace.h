// fuzz: can bytes find a counterexample? This file: the trace parser and printer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "spec/trace_text.h"

namespace vmadiff::fuzz {

/// The two directions of trace text; a test puts a broken one in.
struct TraceText {
  spec::ParseResult (*parse)(std::string_view text);
  std::string (*print)(const spec::Trace& trace);
};

/// What is wrong, as text for people, or nothing.
[[nodiscard]] std::optional<std::string> run_trace(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::optional<std::string> trace_failure(std::span<const std::uint8_t> bytes,
                                                       const TraceText& trace_text);

}  // namespace vmadiff::fuzz
