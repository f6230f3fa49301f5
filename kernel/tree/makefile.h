// kernel/tree: what depends on what in the build of a tree. It is make's business, and the compiler
// says which headers were read.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "kernel/tree/parts.h"

namespace vmadiff::kernel {

/// Where the glue is, below the build's directory as in the project.
inline constexpr std::string_view kGlueFolder = "kernel/tree/glue";

/// A kernel in which all that the calls ask for is there, and as little as can be besides: what
/// KCONFIG_ALLCONFIG reads.
[[nodiscard]] std::string_view tree_configuration();

struct MakefileOptions {
  std::string sanitize;  ///< of -fsanitize; or empty
  bool coverage = false;
  bool tells_blocks = false;
};

/// Makes first.so, in which names may be missing, and tree.so, which has missing.c besides.
[[nodiscard]] std::string tree_makefile(const std::filesystem::path& tree,
                                        std::span<const TreePart> parts,
                                        const MakefileOptions& options);

}  // namespace vmadiff::kernel
