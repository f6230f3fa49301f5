// reports: a finding as a test of vmadiff's own suite.
#include "reports/draft_test.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/store.h"
#include "reports/trace.h"

namespace vmadiff::reports {

std::optional<std::string> draft_regression_test(const properties::Finding& finding) {
  const auto systems = systems_of(finding);
  const auto is_guest = [](const std::string& name) { return name.starts_with("guest"); };
  if (std::ranges::any_of(systems, is_guest)) return std::nullopt;
  std::string pointers;
  std::string makers;
  std::string includes;
  for (const std::string& system : systems) {
    if (system == "model") {
      includes += "#include \"model/model.h\"\n";
      makers += "  const auto model = vmadiff::model::make_model(profile);\n";
    } else if (system == "impl") {
      includes += "#include \"impl/implementation.h\"\n";
      makers += "  const auto impl = vmadiff::impl::make_implementation(profile);\n";
    } else {
      includes += "#include \"kernel/host/host.h\"\n";
      makers += fmt::format("  const auto {} = vmadiff::kernel::make_{}({{}}).value();\n", system,
                            system);
    }
    pointers += fmt::format("{}{}.get()", pointers.empty() ? "" : ", ", system);
  }
  const auto limits = setup_directive(finding);
  const auto setup_line =
      limits.empty()
          ? std::string{}
          : fmt::format("  vmadiff::spec::read_setup_text(\"{}\", setup).value();\n", limits);
  return fmt::format(
      R"draft(// tests: a regression: {claim}, under {profile}.
#include <gtest/gtest.h>

{includes}#include "properties/checker.h"
#include "spec/profile_text.h"
#include "spec/setup_text.h"
#include "spec/trace_text.h"

TEST(Regressions, {claim}_{stem}) {{
  const auto parsed = vmadiff::spec::parse_trace(R"trace({trace})trace");
  ASSERT_TRUE(parsed.errors.empty());
  const auto profile = vmadiff::spec::read_profile_text("{profile}").value();
  auto setup = vmadiff::spec::Setup::standard();
{setup}{makers}  vmadiff::properties::Checker checker{{
      {{{pointers}}},
      {{.profile = profile,
       .setup = setup,
       .properties = vmadiff::properties::PropertySet::parse("{claim}").value()}}}};
  const auto found =
      checker.check(parsed.trace.sequence, vmadiff::properties::Observation::kEveryStep);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_FALSE(found->has_value()) << (*found)->explanation;
}}
)draft",
      fmt::arg("includes", includes), fmt::arg("claim", finding.claim),
      fmt::arg("stem", file_stem(finding)), fmt::arg("trace", print_finding_trace(finding)),
      fmt::arg("profile", finding.profile), fmt::arg("makers", makers),
      fmt::arg("pointers", pointers), fmt::arg("setup", setup_line));
}

}  // namespace vmadiff::reports
