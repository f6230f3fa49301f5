// kernel: kernels that were built here, by name: "built-linux-7.3". They are kept beside those that
// were fetched, and look like them.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/store/kernel_store.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// Whether it is "built-" and letters that make a file's name.
[[nodiscard]] bool is_built_name(std::string_view kernel);

/// The name of what is built of a tree: of its directory, and what is added.
[[nodiscard]] std::string built_name_of(const std::filesystem::path& tree, std::string_view suffix);

/// The tree that the kernel of that name was built of; empty where there is none.
[[nodiscard]] std::filesystem::path tree_of_built(const std::string& name);

/// Sorted by name.
[[nodiscard]] std::vector<StoredKernel> built_kernels();

/// Keeps a copy of the image under the name, instead of what was there.
[[nodiscard]] std::expected<StoredKernel, spec::ToolFault> keep_built_kernel(
    const std::filesystem::path& image, const std::string& name, const std::filesystem::path& tree);

}  // namespace vmadiff::kernel
