// kernel/tree: what the tree's code names and neither it nor the glue has.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "spec/system.h"

namespace vmadiff::kernel {

/// The text of a C file that gives each such name of a linked object something that cannot be used
/// unseen (glue/missing.h): a function that is called, or memory that is looked at.
[[nodiscard]] std::expected<std::string, spec::ToolFault> what_is_missing(
    const std::filesystem::path& object);

}  // namespace vmadiff::kernel
