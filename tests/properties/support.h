// tests/properties: systems, sequences and checkers, made in one line each.
#pragma once

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "properties/checker.h"
#include "properties/generate/generator.h"
#include "properties/generate/sketch.h"
#include "spec/trace_text.h"

namespace vmadiff::spec {

// How failed assertions print the values.
inline void PrintTo(const Outcome& outcome, std::ostream* out) { *out << text(outcome); }
inline void PrintTo(const Vma& vma, std::ostream* out) { *out << text(vma); }

}  // namespace vmadiff::spec

namespace vmadiff::properties {

/// The address of a page of the arena.
constexpr spec::Address page(std::uint64_t number) { return kArena + number * spec::kPageSize; }

/// The sequence of a trace that is known to be well-formed.
inline spec::Sequence sequence_of(std::string_view trace) {
  return spec::parse_trace(trace).trace.sequence;
}

inline GeneratorOptions generator_options() {
  GeneratorOptions options;
  options.setup = spec::Setup::standard();
  const auto classes = spec::mappable_file_classes();
  options.file_classes.assign(classes.begin(), classes.end());
  return options;
}

inline CheckerOptions checker_options(std::string_view profile, std::string_view properties) {
  CheckerOptions options;
  options.profile = spec::profile_named(profile).value();
  options.setup = spec::Setup::standard();
  options.properties = PropertySet::parse(properties).value();
  return options;
}

/// The first finding among the first `sequences` generated ones, or nothing.
inline std::optional<Finding> first_finding(Checker& checker, std::uint64_t sequences,
                                            Observation observation = Observation::kEveryStep) {
  const GeneratorOptions options = generator_options();
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < sequences; ++i) {
    generate(sequence_seed(1, i), options, sequence);
    auto found = checker.check(sequence, observation);
    if (found && *found) return **found;
  }
  return std::nullopt;
}

}  // namespace vmadiff::properties
