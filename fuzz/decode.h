// fuzz: can bytes find a counterexample? This file: a fuzzer's input as a trace that people read
// and `replay` runs.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "fuzz/codec.h"

namespace vmadiff::fuzz {

/// `input` without the calls that may touch memory reserved by the standard set-up: what
/// fuzz_differential runs. Generators keep away from that memory too, because systems need not
/// agree on the insides of the program that runs the calls.
[[nodiscard]] Input runnable(Input input);

/// Canonical trace text of what fuzz_differential makes of `bytes` (a crash file, say): a
/// `# profile: NAME` line, then the calls. Total, as decode() is.
[[nodiscard]] std::string trace_from_bytes(std::span<const std::uint8_t> bytes);
[[nodiscard]] std::string trace_of(const Input& input);

}  // namespace vmadiff::fuzz
