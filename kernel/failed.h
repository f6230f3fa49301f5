// kernel: the fault of a tool that says what it was about, and why.
#pragma once

#include <fmt/format.h>

#include <expected>
#include <filesystem>
#include <string_view>

#include "spec/system.h"

namespace vmadiff::kernel {

/// "WHAT: WHY", of a file or of anything else that has a name.
[[nodiscard]] inline std::unexpected<spec::ToolFault> failed(const std::filesystem::path& what,
                                                             std::string_view why) {
  return std::unexpected(spec::ToolFault{fmt::format("{}: {}", what.string(), why)});
}

}  // namespace vmadiff::kernel
