// kernel: where what is built of a tree is kept, and links to a tree that stand there: it is
// never built in itself.
#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "kernel/descriptor.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// A directory in the user's cache, this program's alone for as long as it is held.
struct TreePlace {
  std::filesystem::path directory;
  Descriptor lock;
};

/// The tree's path as make is told it.
[[nodiscard]] std::expected<std::filesystem::path, spec::ToolFault> path_of_tree(
    const std::filesystem::path& tree);

/// One for each path of a tree, and for each `kind` of build, "-coverage": within it make knows
/// what has changed. Waits for who has it.
[[nodiscard]] std::expected<TreePlace, spec::ToolFault> take_place(
    const std::filesystem::path& tree, std::string_view kind);

/// In `to` a link for each entry of a directory but those that are left out.
[[nodiscard]] std::expected<void, spec::ToolFault> link_entries(
    const std::filesystem::path& from, const std::filesystem::path& to,
    const std::function<bool(std::string_view name)>& is_left_out);

/// The line of what a compiler or make said that tells what is wrong.
[[nodiscard]] std::string first_error(const std::string& text);

}  // namespace vmadiff::kernel
