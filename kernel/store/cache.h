// kernel: the directory where what took time to get is kept.
#pragma once

#include <expected>
#include <filesystem>

#include "spec/system.h"

namespace vmadiff::kernel {

/// $XDG_CACHE_HOME/vmadiff, or ~/.cache/vmadiff; it need not be there.
[[nodiscard]] std::filesystem::path cache_path();
/// The same, made where it was not there.
[[nodiscard]] std::expected<std::filesystem::path, spec::ToolFault> cache_directory();

}  // namespace vmadiff::kernel
