// cli: check is a campaign: generate, run, compare, shrink, report, until the budget ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "process/exit_status.h"
#include "properties/generate/generator.h"
#include "systems/systems.h"

namespace vmadiff::cli {

struct CheckOptions {
  std::string systems;     ///< empty: the default
  std::string profile;     ///< empty: the default
  std::string properties;  ///< empty: all
  std::string time;        ///< "60s"; empty with `operations` or `sequences`, or for the default
  std::optional<std::uint64_t> operations;
  std::optional<std::uint64_t> sequences;
  std::optional<std::uint64_t> seed;
  properties::Swarming swarming = properties::Swarming::kCalls;
  std::size_t jobs = 1;
  std::size_t max_findings = 5;
  std::string out = "findings";
  std::string html;  ///< where a page of the campaign goes; empty: none is made
  /// Directory for what was seen and is not settled yet; traces that are there are taken up first.
  std::string sights;
  // How it is said; text where neither is set.
  bool json = false;  ///< one object a line
  bool ktap = false;  ///< each claim a test
  std::string junit;  ///< besides: the file where JUnit XML goes, or empty
  bool coverage = false;
  bool bare_time = false;  ///< of the real kernels' calls: a line on stderr
  /// The booted kernel that is asked about what a tree's code shows: "guest:debian-7.3"; or empty.
  std::string confirm;
  bool faults = false;  ///< make allocations fail: the claims about that, besides those named
  systems::KernelChoice chosen;
};

[[nodiscard]] process::ExitStatus check(const CheckOptions& options);

}  // namespace vmadiff::cli
