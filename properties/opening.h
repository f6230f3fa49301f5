// properties: how some sequences begin: with so many mappings that the tree has several levels, or
// with so little room left that placement must look everywhere for it.
#pragma once

#include <cstddef>

#include "properties/sketch.h"
#include "spec/sequence.h"
#include "spec/setup.h"

namespace vmadiff::properties {

/// The opening of the sequence of that seed; most have none.
class Opening {
 public:
  Opening(std::uint64_t seed, const spec::Setup& setup);
  /// None.
  explicit Opening(const spec::Setup& setup) : setup_(setup) {}

  /// How many calls it has.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Its call of that index, which is noted in the sketch. Requires index < size().
  [[nodiscard]] spec::Mmap call(std::size_t index, Sketch& sketch) const;
  /// Whether a call of it is in the way of what the program has for itself.
  [[nodiscard]] bool touches_reserved() const;
  /// Whether it leaves next to no room.
  [[nodiscard]] bool is_crowded() const { return kind_ == Kind::kCrowd; }

 private:
  enum class Kind : std::uint8_t { kNone, kComb, kCrowd };
  [[nodiscard]] spec::Mmap plain_call(std::size_t index) const;
  [[nodiscard]] spec::Mmap tooth(std::size_t index) const;
  [[nodiscard]] spec::Mmap filling(std::size_t index) const;

  const spec::Setup& setup_;
  Kind kind_ = Kind::kNone;
  std::uint64_t variant_ = 0;  ///< chooses among openings of a kind
  std::size_t size_ = 0;
};

}  // namespace vmadiff::properties
