// kernel/tree: what a tree is like where the glue has to know: asked of its text, never of its
// version.
#pragma once

#include <expected>
#include <string>

#include "kernel/tree/source.h"

namespace vmadiff::kernel {

/// The text of a header that says it to the glue.
[[nodiscard]] std::expected<std::string, spec::ToolFault> probe(const TreeSource& source);

/// Whether a file's driver can have the hook .mmap_prepare.
[[nodiscard]] bool knows_mmap_prepare(const TreeSource& source);

}  // namespace vmadiff::kernel
