// kernel/tree: from a source tree to an object: the tree is asked what it is like, configured
// outside itself, and compiled with the glue into the cache. Built by make, so that a second time
// only what was changed is compiled.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/tree/traits.h"
#include "spec/system.h"

namespace vmadiff::kernel {

struct TreeOptions {
  std::string sanitize;   ///< "address,undefined", or one of them; else empty
  bool coverage = false;  ///< with gcov's counters
  /// It tells which of its blocks are run (make_tree's `blocks`).
  bool tells_blocks = false;
  std::function<void(std::string_view what)> on_step;  ///< what begins now, in a line; or none
};

struct BuiltTree {
  std::filesystem::path object;
  std::string version;  ///< as the tree's Makefile says: "7.3.4"
  TreeTraits traits;
};

/// `tree` is a directory with a kernel's source. A fault names what was looked for and where, or
/// what does not compile.
[[nodiscard]] std::expected<BuiltTree, spec::ToolFault> build_tree(
    const std::filesystem::path& tree, const TreeOptions& options = {});

}  // namespace vmadiff::kernel
