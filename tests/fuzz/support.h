// What the fuzz tests share: fixed pseudo-random inputs, and trace text as bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "fuzz/codec.h"
#include "fuzz/random.h"
#include "spec/trace_text.h"

namespace vmadiff::fuzz {

using Bytes = std::vector<std::uint8_t>;

/// Up to `size_max` bytes that depend on `seed` alone.
[[nodiscard]] inline Bytes random_bytes(std::uint64_t seed, std::size_t size_max) {
  Random random{seed};
  Bytes bytes(random.below(size_max + 1));
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
  return bytes;
}

/// The same, but read as binary by the codec.
[[nodiscard]] inline Bytes random_binary(std::uint64_t seed, std::size_t size_max) {
  Bytes bytes = random_bytes(seed, size_max);
  if (!bytes.empty()) bytes.front() = kCodecVersion;
  return bytes;
}

[[nodiscard]] inline Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

[[nodiscard]] inline Input input_of(std::string_view trace_text) {
  return decode(bytes_of(trace_text));
}

}  // namespace vmadiff::fuzz
