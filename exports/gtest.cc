// exports: a trace as a test of vmadiff's own suite.
#include <fmt/format.h>

#include "exports/exports.h"
#include "spec/sequence.h"
#include "spec/trace_text.h"

namespace vmadiff::exports {
namespace {

/// In one piece, since they are not this room's.
constexpr std::string_view kGtestIncludes =
    "#include \"impl/implementation.h\"\n"
    "#include \"model/model.h\"\n"
    "#include \"spec/profile_text.h\"\n"
    "#include \"spec/setup_text.h\"\n"
    "#include \"spec/trace_text.h\"\n";

std::string identifier(std::string_view name) {
  std::string out;
  bool capital = true;
  for (const char c : name) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (!is_letter && (c < '0' || c > '9')) {
      capital = true;
      continue;
    }
    out += capital && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    capital = false;
  }
  return out.empty() ? "Trace" : out;
}

}  // namespace

Written gtest(const reports::Reproduction& r) {
  std::string trace;
  for (const auto& step : r.steps)
    trace += spec::text(spec::Step{step.process, step.call, step.expected}) + "\n";
  std::string layout;
  for (const auto& end : r.ends) {
    if (end.process != 0) continue;
    for (const spec::Vma& vma : r.layouts[end.layout]) layout += spec::text(vma) + "\n";
  }
  const auto setup =
      r.own_setup.empty()
          ? std::string{}
          : fmt::format("  ASSERT_TRUE(vmadiff::spec::read_setup_text(\"{}\", setup));\n",
                        r.own_setup);
  return fmt::format(
      R"code(// tests: {name}, under {profile}, on model and implementation.
#include <gtest/gtest.h>

#include <string>

{includes}
TEST(Traces, {identifier}) {{
  const auto parsed = vmadiff::spec::parse_trace(R"trace({trace})trace");
  ASSERT_TRUE(parsed.errors.empty());
  const auto profile = vmadiff::spec::read_profile_text("{profile}").value();
  auto setup = vmadiff::spec::Setup::standard();
{setup}  const auto model = vmadiff::model::make_model(profile);
  const auto impl = vmadiff::impl::make_implementation(profile);
  for (vmadiff::spec::System* system : {{model.get(), impl.get()}}) {{
    ASSERT_TRUE(system->start(setup));
    for (const auto& step : parsed.trace.sequence) {{
      EXPECT_EQ(system->apply(step.process, step.call), *step.expected)
          << system->name() << ": " << text(step);
    }}
    vmadiff::spec::Snapshot end;
    ASSERT_TRUE(system->snapshot(0, end));
    std::string layout;
    for (const auto& vma : end.vmas) {{
      if (vma.file.cls != vmadiff::spec::FileClass::kOther) layout += text(vma) + "\n";
    }}
    EXPECT_EQ(layout, R"layout({layout})layout") << system->name();
  }}
}}
)code",
      fmt::arg("name", r.name), fmt::arg("includes", kGtestIncludes),
      fmt::arg("profile", r.profile), fmt::arg("identifier", identifier(r.name)),
      fmt::arg("trace", trace), fmt::arg("setup", setup), fmt::arg("layout", layout));
}

}  // namespace vmadiff::exports
