// kernel/tree: what a tree is like where the glue has to know: asked of its text, never of its
// version.
#pragma once

#include <expected>
#include <string>

#include "kernel/tree/source.h"
#include "kernel/tree/traits.h"

namespace vmadiff::kernel {

/// The text of a header that says it to the glue.
[[nodiscard]] std::expected<std::string, spec::ToolFault> probe(const TreeSource& source);

[[nodiscard]] TreeTraits traits_of(const TreeSource& source);

}  // namespace vmadiff::kernel
