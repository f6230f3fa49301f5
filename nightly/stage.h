// nightly: what does a night do, and what is left of it? This file: a stage, one thing that a night
// does in child processes. Knows no system: whoever makes the plan says which words ask it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vmadiff::nightly {

enum class Kind : std::uint8_t {
  kReplay,   ///< `vmadiff replay` of traces that hold
  kKnown,    ///< `vmadiff replay` of what earlier nights found: does it still show?
  kCheck,    ///< `vmadiff check`
  kSuites,   ///< the RapidCheck suites
  kFuzz,     ///< a libFuzzer executable, with its kept corpus
  kMerge,    ///< the kept corpus of one, made as small as its coverage allows
  kDistill,  ///< the kept traces, made as few as the behaviours that they meet allow
};

struct Stage {
  std::string name;  ///< lower case, unique: "random", "fuzz_trace"
  std::string asks;  ///< what, in a few words
  Kind kind = Kind::kCheck;
  double share = 1;                ///< of the budget, in proportion to the others; 0: what it takes
  std::vector<std::string> words;  ///< program and arguments, without budget, seed and places
  std::string lacks = {};          ///< why it cannot be asked here; empty where it can
  std::string fuzzer = {};         ///< whose corpus it is about (kFuzz, kMerge)
};

}  // namespace vmadiff::nightly
