// fuzz: can bytes find a counterexample? This file: the structure-aware mutator. Knows calls and
// their arguments, no system.
//
// Bytes are decoded, the sequence is changed as a sequence, and encoded again: a mutation is "map
// something right behind this mapping" or "protect half of it", not a bit that moves every call
// behind it. Everything is a function of (bytes, size_max, seed) alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "fuzz/codec.h"

namespace vmadiff::fuzz {

/// Changes data[0, size) in place, to at most `size_max` bytes, and returns the new size:
/// LLVMFuzzerMutate, where there is a libFuzzer.
using ByteMutator =
    std::function<std::size_t(std::uint8_t* data, std::size_t size, std::size_t size_max)>;

/// A changed input, in binary form, of 1 to `size_max` bytes (size_max > 0). It decodes to another
/// input than `bytes` does wherever size_max leaves room for one call (64 bytes always do). Once in
/// a while `byte_mutator`, if given, changes the encoded calls instead.
[[nodiscard]] std::vector<std::uint8_t> mutate(std::span<const std::uint8_t> bytes,
                                               std::size_t size_max, std::uint32_t seed,
                                               const ByteMutator& byte_mutator = nullptr);

/// A child of two inputs, in binary form, of 1 to `size_max` bytes: the head of one and the tail of
/// the other, or a stretch of the second inside the first, or both interleaved.
[[nodiscard]] std::vector<std::uint8_t> cross_over(std::span<const std::uint8_t> first,
                                                   std::span<const std::uint8_t> second,
                                                   std::size_t size_max, std::uint32_t seed);

}  // namespace vmadiff::fuzz
