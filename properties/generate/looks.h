// properties: which protections, map flags and files the generator gives to mappings.
#pragma once

#include <array>

#include "properties/generate/generator.h"
#include "properties/generate/random.h"
#include "properties/generate/sketch.h"

namespace vmadiff::properties {

/// A few looks that a sequence keeps coming back to, so that neighbours are often alike.
class Looks {
 public:
  Looks(Random& random, const GeneratorOptions& options);
  /// One of the sequence's own looks, or now and then a new one.
  [[nodiscard]] Look any(Random& random) const;
  [[nodiscard]] std::uint64_t any_prot(Random& random) const;

 private:
  [[nodiscard]] Look fresh(Random& random) const;

  const GeneratorOptions& options_;
  std::array<Look, 3> looks_;
};

}  // namespace vmadiff::properties
