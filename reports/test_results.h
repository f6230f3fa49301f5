// reports: how is a finding shown? This file: what was asked and what came of it, in the two forms
// that test machinery reads: KTAP (the kernel's, Documentation/dev-tools/ktap.rst) and JUnit XML.
// Knows nothing of what was tested.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vmadiff::reports {

enum class TestOutcome : std::uint8_t {
  kPassed,
  kFailed,
  kSkipped,  ///< it could not be asked here
  kBroken,   ///< who asks has failed, not what was asked about
};

struct TestResult {
  std::string name;
  TestOutcome outcome = TestOutcome::kPassed;
  std::string reason;                ///< of all but kPassed, one line
  std::vector<std::string> details;  ///< each may have several lines
  std::optional<double> seconds;     ///< for JUnit
};

struct TestSuite {
  std::string name;
  std::vector<TestResult> results;
};

/// "KTAP version 1" and the plan. Between it and its lines nothing else may be printed.
[[nodiscard]] std::string ktap_head(std::size_t count);
/// The result line of the test of that number, from 1, with its details before it.
[[nodiscard]] std::string ktap_line(std::size_t number, const TestResult& result);
/// One suite, flat.
[[nodiscard]] std::string ktap_text(const TestSuite& suite);
/// Each suite one test, with its own as subtests. A suite without results is a test alone that
/// passed.
[[nodiscard]] std::string ktap_text(std::span<const TestSuite> suites);

[[nodiscard]] std::string junit_xml(std::span<const TestSuite> suites);

}  // namespace vmadiff::reports
