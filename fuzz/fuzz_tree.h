// fuzz: can bytes find a counterexample? This file: a source tree's own code of the memory calls
// against the model.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "fuzz/codec.h"

namespace vmadiff::fuzz {

/// What is wrong, as text for people, or nothing; nothing too where there is no tree. Not
/// thread-safe. The first time it builds the tree.
[[nodiscard]] std::optional<std::string> run_tree(std::span<const std::uint8_t> bytes);

/// Why run_tree asks nothing; empty where it does.
[[nodiscard]] const std::string& why_no_tree();
/// Which tree it asks, and which profile it holds it to: a line.
[[nodiscard]] const std::string& which_tree();

/// What run_tree makes of an input: without the calls that a tree does not give, and without those
/// that bring in so many pages that all time goes there.
[[nodiscard]] Input for_a_tree(Input input);

/// The trace of the input that is run, for who dies in it.
[[nodiscard]] std::string present_trace();

}  // namespace vmadiff::fuzz
