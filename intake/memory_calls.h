// intake: strace's memory calls as calls of a trace, with the program's own addresses.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "intake/strace_call.h"
#include "spec/outcome.h"
#include "spec/syscall.h"

namespace vmadiff::intake {

/// What a call became. One of the three; none of them: it changes nothing (prctl's other options,
/// prlimit64 that asks only).
struct MemoryCall {
  std::optional<spec::Syscall> call;         ///< with descriptors left out
  std::optional<DescriptorWord> descriptor;  ///< of an mmap of a file
  std::optional<std::string> not_kept;       ///< why a trace cannot say it
};

/// The error says which argument could not be read, and what was expected.
[[nodiscard]] std::expected<MemoryCall, std::string> memory_call(const StraceCall& call);

/// The result as a trace asserts it; nothing for one that a trace does not know.
[[nodiscard]] std::optional<spec::Outcome> outcome_of(const StraceResult& result);

/// What a call of CallKind::kNotKept did to memory, as a loss; nothing if nothing.
[[nodiscard]] std::optional<std::string> other_change(const StraceCall& call);

}  // namespace vmadiff::intake
