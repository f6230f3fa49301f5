// fuzz: can bytes find a counterexample? This file: the single mutations of a sequence, two tables.
#pragma once

#include <span>
#include <string_view>

#include "fuzz/codec.h"
#include "fuzz/random.h"

namespace vmadiff::fuzz {

struct Mutation {
  std::string_view name;
  unsigned weight;  ///< how often it is chosen, relative to the others
  /// Changes `input` if it can; it may also find nothing to change.
  void (*apply)(Input& input, Random& random);
};

[[nodiscard]] std::span<const Mutation> call_mutations();      ///< of whole calls
[[nodiscard]] std::span<const Mutation> argument_mutations();  ///< of one argument

}  // namespace vmadiff::fuzz
