// nightly: reading and writing what belongs to a state. What is written is whole or not there.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "spec/system.h"

namespace vmadiff::nightly {

using Result = std::expected<void, spec::ToolFault>;

/// All of a file; empty where it cannot be read.
[[nodiscard]] std::string text_of(const std::filesystem::path& file);
/// The file as JSON; null where it is not there. The error says where it is no JSON.
[[nodiscard]] std::expected<nlohmann::ordered_json, spec::ToolFault> read_json(
    const std::filesystem::path& file);
[[nodiscard]] Result write_json(const std::filesystem::path& file,
                                const nlohmann::ordered_json& object);
[[nodiscard]] Result make_directory(const std::filesystem::path& directory);
/// Copies the file whole or not at all.
[[nodiscard]] Result copy_whole(const std::filesystem::path& from, const std::filesystem::path& to);
/// The regular files in a directory, sorted; none where it is not there.
[[nodiscard]] std::vector<std::filesystem::path> files_in(const std::filesystem::path& directory,
                                                          std::string_view suffix = "");
/// Of all regular files below, bytes.
[[nodiscard]] std::uint64_t size_of(const std::filesystem::path& directory);
/// `fresh` takes the place of `place` at one moment; what was there is removed afterwards. Where
/// nothing is at `place`, it is renamed.
[[nodiscard]] Result replace_directory(const std::filesystem::path& place,
                                       const std::filesystem::path& fresh);
/// Both ends of a text that is longer, with a line in place of the rest.
[[nodiscard]] std::string ends_of(std::string_view text, std::size_t bytes_max);

}  // namespace vmadiff::nightly
