// kernel/build: a tree that somebody has built in, as if nobody had. A kernel is not built
// elsewhere while objects lie in its source: make would take those for its own.
#pragma once

#include <expected>
#include <filesystem>

#include "spec/system.h"

namespace vmadiff::kernel {

/// Whether somebody has configured or built in it.
[[nodiscard]] bool was_built_in(const std::filesystem::path& tree);

/// Makes `view` a directory with a link for each file of the tree that git does not ignore, and
/// nothing else. Links that are right already stay.
[[nodiscard]] std::expected<void, spec::ToolFault> link_sources(const std::filesystem::path& tree,
                                                                const std::filesystem::path& view);

}  // namespace vmadiff::kernel
