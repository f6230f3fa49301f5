// kernel/tree: code that was built with AddressSanitizer needs its runtime in the process before
// all else; and what it says is heard. (UndefinedBehaviorSanitizer's is the glue's own.)
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "spec/system.h"

namespace vmadiff::kernel {

/// Whether it is a list of "address" and "undefined".
[[nodiscard]] bool is_sanitizer(std::string_view words);

/// Begins the whole program anew with AddressSanitizer's runtime, where `words` ask for it and it
/// is not there. Returns where there is nothing to do: from there on its reports are heard, and not
/// printed. A fault where the compiler has none.
[[nodiscard]] std::expected<void, spec::ToolFault> begin_with_runtime(std::string_view words);

/// Whether reports are heard.
[[nodiscard]] bool hears_reports();

/// What AddressSanitizer has said, several lines, of what this thread has done since it was last
/// asked: of several things the first.
[[nodiscard]] std::optional<std::string> take_report();

/// "AddressSanitizer: heap-use-after-free mm/vma.c:812 in vma_merge": a report in a line.
[[nodiscard]] std::string summary_of_report(std::string_view report);

}  // namespace vmadiff::kernel
