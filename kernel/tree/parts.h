// kernel/tree: which files of a tree are compiled, and which of the glue.
#pragma once

#include <span>
#include <string_view>

namespace vmadiff::kernel {

struct TreePart {
  std::string_view file;     ///< of the tree
  std::string_view wrapper;  ///< the file of the glue that includes it; empty: it stands alone
  std::string_view flags;    ///< of the compiler, more than all have
  /// Not every release has it: what it had before is in another file then.
  bool may_be_absent = false;
  /// Compiled by itself only where this file is there too; else the glue includes it.
  std::string_view beside{};
};
[[nodiscard]] std::span<const TreePart> tree_parts();

/// A file of the glue as the program carries it.
struct GlueFile {
  std::string_view name;
  std::string_view text;
};
[[nodiscard]] std::span<const GlueFile> glue_files();

}  // namespace vmadiff::kernel
