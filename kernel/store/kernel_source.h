// kernel: kernel sources by name. "linux-7.3" stands for Debian's package of that source, of which
// what a build of the memory calls needs is unpacked into the cache.
#pragma once

#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/store/apt_state.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// Whether it is "linux-X.Y".
[[nodiscard]] bool is_source_name(std::string_view name);

/// The package that the name means, the newest where there are several. The error lists those that
/// there are.
[[nodiscard]] std::expected<OfferedPackage, std::string> choose_source(
    std::span<const OfferedPackage> packages, std::string_view name);

/// The directory that `tree` means: its path, or a name of which it is in the cache. The error is
/// one line that tells how to get it.
[[nodiscard]] std::expected<std::filesystem::path, std::string> find_source(
    const std::string& tree);

/// Whether the directory is one of those in the cache.
[[nodiscard]] bool is_fetched_source(const std::filesystem::path& tree);

/// The names under which sources are in the cache, sorted.
[[nodiscard]] std::vector<std::string> stored_sources();

/// Brings it under the name. What was there under it is replaced, once the new one is whole; where
/// it is the same one already, nothing is done.
[[nodiscard]] std::expected<std::filesystem::path, spec::ToolFault> fetch_source(
    const AptState& apt, const OfferedPackage& package, const std::string& name);

}  // namespace vmadiff::kernel
