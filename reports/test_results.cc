// reports: KTAP and JUnit.
#include "reports/test_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "reports/quoting.h"

namespace vmadiff::reports {
namespace {

/// A description ends where a directive begins.
std::string ktap_words(std::string_view text) {
  auto line = printable_line(text);
  std::ranges::replace(line, '#', '_');
  return line;
}

bool is_good(TestOutcome outcome) {
  return outcome == TestOutcome::kPassed || outcome == TestOutcome::kSkipped;
}

/// `text` as lines, each behind `prefix`.
void append_lines(std::string& out, std::string_view prefix, std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    out += fmt::format("{}{}\n", prefix, printable_line(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

std::string indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    out += fmt::format("  {}\n", text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

/// What a suite as a whole came to: the worst of its results, and skipped where all were.
TestResult whole(const TestSuite& suite) {
  TestResult out{.name = suite.name, .reason = {}, .details = {}, .seconds = {}};
  const auto count = [&](TestOutcome outcome) {
    return std::ranges::count(suite.results, outcome, &TestResult::outcome);
  };
  const auto all = static_cast<std::ptrdiff_t>(suite.results.size());
  if (const auto failed = count(TestOutcome::kFailed); failed != 0) {
    out.outcome = TestOutcome::kFailed;
  } else if (count(TestOutcome::kBroken) != 0) {
    out.outcome = TestOutcome::kBroken;
  } else if (all != 0 && count(TestOutcome::kSkipped) == all) {
    out.outcome = TestOutcome::kSkipped;
    out.reason = suite.results.front().reason;
  }
  return out;
}

// What XML cannot hold at all is shown as a terminal would show it.
std::string xml(std::string_view text) { return markup_text(printable(text)); }
std::string xml_line(std::string_view text) { return xml(printable_line(text)); }

std::string time_attribute(std::optional<double> seconds) {
  return seconds ? fmt::format(" time=\"{:.3f}\"", *seconds) : std::string{};
}

std::string junit_case(const TestSuite& suite, const TestResult& result) {
  auto out = fmt::format("    <testcase classname=\"{}\" name=\"{}\"{}", xml_line(suite.name),
                         xml_line(result.name), time_attribute(result.seconds));
  std::string details;
  for (const auto& detail : result.details) append_lines(details, "", detail);
  const auto element = [&](std::string_view name) {
    return details.empty() ? fmt::format("<{} message=\"{}\"/>", name, xml_line(result.reason))
                           : fmt::format("<{0} message=\"{1}\">{2}</{0}>", name,
                                         xml_line(result.reason), xml(details));
  };
  switch (result.outcome) {
    case TestOutcome::kPassed:
      if (details.empty()) return out + "/>\n";
      return out + fmt::format("><system-out>{}</system-out></testcase>\n", xml(details));
    case TestOutcome::kFailed:
      return out + fmt::format(">{}</testcase>\n", element("failure"));
    case TestOutcome::kBroken:
      return out + fmt::format(">{}</testcase>\n", element("error"));
    case TestOutcome::kSkipped:
      details.clear();
      return out + fmt::format(">{}</testcase>\n", element("skipped"));
  }
  std::unreachable();
}

std::string counts(std::span<const TestSuite> suites) {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  double seconds = 0;
  for (const TestSuite& suite : suites) {
    for (const TestResult& result : suite.results) {
      ++tests;
      failures += result.outcome == TestOutcome::kFailed ? 1 : 0;
      errors += result.outcome == TestOutcome::kBroken ? 1 : 0;
      skipped += result.outcome == TestOutcome::kSkipped ? 1 : 0;
      seconds += result.seconds.value_or(0);
    }
  }
  return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"",
                     tests, failures, errors, skipped, seconds);
}

}  // namespace

std::string ktap_head(std::size_t count) { return fmt::format("KTAP version 1\n1..{}\n", count); }

std::string ktap_line(std::size_t number, const TestResult& result) {
  std::string out;
  if (!is_good(result.outcome)) append_lines(out, "# ", result.reason);
  for (const auto& detail : result.details) append_lines(out, "# ", detail);
  out += fmt::format("{} {} {}", is_good(result.outcome) ? "ok" : "not ok", number,
                     ktap_words(result.name));
  if (result.outcome == TestOutcome::kSkipped)
    out += fmt::format(" # SKIP {}", printable_line(result.reason));
  return out + '\n';
}

std::string ktap_text(const TestSuite& suite) {
  auto out = ktap_head(suite.results.size());
  std::size_t number = 0;
  for (const TestResult& result : suite.results) out += ktap_line(++number, result);
  return out;
}

std::string ktap_text(std::span<const TestSuite> suites) {
  auto out = ktap_head(suites.size());
  std::size_t number = 0;
  for (const TestSuite& suite : suites) {
    if (!suite.results.empty()) out += indented(ktap_text(suite));
    out += ktap_line(++number, whole(suite));
  }
  return out;
}

std::string junit_xml(std::span<const TestSuite> suites) {
  auto out =
      fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"vmadiff\" {}>\n",
                  counts(suites));
  for (const TestSuite& suite : suites) {
    out += fmt::format("  <testsuite name=\"{}\" {}>\n", xml_line(suite.name),
                       counts(std::span{&suite, 1}));
    for (const TestResult& result : suite.results) out += junit_case(suite, result);
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace vmadiff::reports
