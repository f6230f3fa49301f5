// fuzz: can bytes find a counterexample? This file: the maple tree against its oracle.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace vmadiff::fuzz {

/// What is wrong, as text for people, or nothing.
[[nodiscard]] std::optional<std::string> run_maple_tree(std::span<const std::uint8_t> bytes);

}  // namespace vmadiff::fuzz
