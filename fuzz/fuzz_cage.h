// fuzz: can bytes find a counterexample? This file: the cage in which this machine's kernel is
// asked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace vmadiff::fuzz {

/// What is wrong, as text for people, or nothing; nothing too where the host cannot run here. Not
/// thread-safe.
[[nodiscard]] std::optional<std::string> run_cage(std::span<const std::uint8_t> bytes);

/// Why run_cage asks nothing on this machine; empty where it does.
[[nodiscard]] const std::string& why_no_cage();

}  // namespace vmadiff::fuzz
