// compare: two real kernels run the same sequences; their differences are found, made small, and
// grouped by what causes them. It prints nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compare/difference_cause.h"
#include "compare/recording.h"
#include "process/budget.h"
#include "process/progress.h"
#include "properties/generate/generator.h"
#include "spec/sequence.h"
#include "spec/system.h"

namespace vmadiff::compare {

/// One of the two: the kernel, and what the model has to be to do as it does.
struct ComparedKernel {
  spec::System* system = nullptr;
  ModelledKernel model;
};

/// Differences with one cause.
struct DifferenceGroup {
  std::string name;            ///< the cause's; of what the models do not explain "unexplained …"
  std::optional<Cause> cause;  ///< nothing where the models do not explain it
  spec::Sequence sequence;     ///< the smallest found
  Recording a;                 ///< of that sequence, after every step
  Recording b;
  std::size_t step = 0;  ///< at which they differ
};

struct ComparisonOptions {
  properties::GeneratorOptions generator;
  std::uint64_t seed = 0;
  process::Budget budget;
};

struct ComparisonResult {
  std::map<std::string, std::uint64_t> sequences;  ///< by group: how many showed it
  std::uint64_t operations = 0;
  std::uint64_t sequence_count = 0;
  std::optional<spec::ToolFault> fault;  ///< what ended the run before its time
};

struct ComparisonListener {
  /// A group, by its first sequence made small. Not of what the machines cause, nor of several
  /// behaviours that other groups show alone: these are counted only.
  std::function<void(const DifferenceGroup&)> on_group;
  std::function<void()> on_tick;
};

[[nodiscard]] ComparisonResult compare(const ComparedKernel& a, const ComparedKernel& b,
                                       const ComparisonOptions& options,
                                       process::Progress& progress,
                                       const ComparisonListener& listener);

}  // namespace vmadiff::compare
