// properties: how some sequences begin: with so many mappings that the tree has several levels, or
// with so little room left that placement must look everywhere for it.
#pragma once

#include <cstddef>

#include "properties/generate/random.h"
#include "properties/generate/sketch.h"
#include "spec/sequence.h"
#include "spec/setup.h"

namespace vmadiff::properties {

/// The opening of the sequence of that seed; most have none. Keeps no reference to the set-up.
class Opening {
 public:
  /// A comb has at most `teeth_max` mappings, 12 at the least.
  Opening(std::uint64_t seed, const spec::Setup& setup, std::size_t teeth_max);
  /// None.
  Opening() = default;

  /// How many calls it has.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Its call of that index, which is noted in the sketch. Requires index < size().
  [[nodiscard]] spec::Mmap call(std::size_t index, const spec::Setup& setup, Sketch& sketch) const;
  /// Whether a call of it is in the way of what the program has for itself.
  [[nodiscard]] bool touches_reserved(const spec::Setup& setup) const;
  /// Whether it leaves next to no room.
  [[nodiscard]] bool is_crowded() const { return kind_ == Kind::kCrowd; }
  /// Whether what comes after it is to look for room where the opening is.
  [[nodiscard]] bool is_where_room_is_sought() const { return is_crowded() || is_sought_; }
  /// Flags with which a mapping without an address does so, now and then.
  [[nodiscard]] std::uint64_t room_flags(Random& random) const;

 private:
  enum class Kind : std::uint8_t { kNone, kComb, kCrowd };
  void draw_comb(Random& random, const spec::Setup& setup, std::size_t teeth_max);
  [[nodiscard]] spec::Mmap plain_call(std::size_t index, const spec::Setup& setup) const;
  [[nodiscard]] spec::Mmap tooth(std::size_t index) const;
  [[nodiscard]] spec::Mmap filling(std::size_t index, const spec::Setup& setup) const;

  Kind kind_ = Kind::kNone;
  std::uint64_t variant_ = 0;  ///< chooses among openings of a kind
  std::size_t size_ = 0;
  spec::Address base_ = kArena;  ///< of a comb, bytes
  std::uint64_t step_ = 1;       ///< from tooth to tooth, pages
  bool jitters_ = false;         ///< the gaps are of different sizes
  bool is_sought_ = false;
};

}  // namespace vmadiff::properties
