// kernel/tree: code that was built with a sanitizer needs its runtime in the process before all
// else.
#pragma once

#include <expected>
#include <string_view>

#include "spec/system.h"

namespace vmadiff::kernel {

/// Whether it is a list of "address" and "undefined".
[[nodiscard]] bool is_sanitizer(std::string_view words);

/// Begins the whole program anew with AddressSanitizer's runtime, where `words` ask for it and it
/// is not there. Returns where there is nothing to do. A fault where the compiler has none.
[[nodiscard]] std::expected<void, spec::ToolFault> begin_with_runtime(std::string_view words);

}  // namespace vmadiff::kernel
