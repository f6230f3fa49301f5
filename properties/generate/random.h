// properties: a small fast random source. Not for anything but test data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vmadiff::properties {

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a bijection that mixes all bits.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// SplitMix64. Equal seeds give equal numbers on every machine.
class Random {
 public:
  explicit constexpr Random(std::uint64_t seed) : state_(seed) {}

  constexpr std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15ULL); }

  /// A number in [0, n). Requires 0 < n < 2^32. The bias is below 2^-32 * n.
  constexpr std::uint64_t below(std::uint64_t n) { return ((next() >> 32) * n) >> 32; }

  /// True in `percent` of 100 cases.
  constexpr bool percent(std::uint64_t percent) { return below(100) < percent; }

  template <typename T>
  constexpr const T& of(std::span<const T> choices) {
    return choices[below(choices.size())];
  }
  template <typename T, std::size_t N>
  constexpr const T& of(const std::array<T, N>& choices) {
    return choices[below(N)];
  }

 private:
  std::uint64_t state_;
};

}  // namespace vmadiff::properties
