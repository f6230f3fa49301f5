// tests of cli: the profile is what the real kernel is found to be. The real kernels are models
// that show no more than one does, and do some things as nothing does: so the tests are the same on
// every machine. Budgets are in sequences.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "../cli/command_run.h"
#include "cli/check.h"
#include "cli/replay.h"
#include "pretended.h"
#include "spec/profile_text.h"
#include "systems/systems.h"

namespace vmadiff::compare {
namespace {

using tests::contents;
using tests::Scratch;

struct Ran {
  process::ExitStatus status;
  std::string out;
  std::map<std::string, std::string> files;

  [[nodiscard]] bool says(std::string_view text) const {
    return out.find(text) != std::string::npos;
  }
  /// Explanations are broken into lines.
  [[nodiscard]] std::string in_one_line() const {
    std::string line;
    for (const char c : out) {
      const bool is_blank = c == ' ' || c == '\n';
      if (!is_blank || (!line.empty() && line.back() != ' ')) line += is_blank ? ' ' : c;
    }
    return line;
  }
  [[nodiscard]] std::size_t count(std::string_view text) const {
    std::size_t found = 0;
    for (auto at = out.find(text); at != std::string::npos; at = out.find(text, at + 1)) ++found;
    return found;
  }
};

/// A campaign of the model with a kernel of that profile and oddity. Each needs a name of its own.
Ran campaign(const std::string& kernel, std::string_view is, const Oddity& oddity = {},
             const std::function<void(cli::CheckOptions&)>& change = {}) {
  const auto name = "guest:" + kernel;
  const auto profile = spec::read_profile_text(is).value();
  systems::pretend(name, [=] { return std::make_unique<Pretended>(name, profile, oddity); });
  const Scratch scratch;
  cli::CheckOptions options;
  options.systems = "model," + name;
  options.properties = "equivalence";
  options.sequences = 400;
  options.seed = 1;
  options.max_findings = 50;
  options.out = (scratch.path() / "findings").string();
  if (change) change(options);
  testing::internal::CaptureStdout();
  const auto status = cli::check(options);
  return {status, testing::internal::GetCapturedStdout(), contents(scratch.path())};
}

/// The traces among the files of a run.
std::vector<std::string> traces_of(const Ran& ran) {
  std::vector<std::string> traces;
  for (const auto& [name, text] : ran.files) {
    if (name.ends_with(".trace")) traces.push_back(text);
  }
  return traces;
}

std::optional<spec::Outcome> refuses_mseal(const spec::Syscall& call) {
  if (!std::holds_alternative<spec::Mseal>(call)) return std::nullopt;
  return spec::Outcome::fail(spec::Errno::kEOPNOTSUPP);
}

/// As no kernel does.
std::optional<spec::Outcome> refuses_default_policy(const spec::Syscall& call) {
  const auto* mbind = std::get_if<spec::Mbind>(&call);
  if (mbind == nullptr || mbind->mode != spec::kMpolDefault) return std::nullopt;
  return spec::Outcome::fail(spec::Errno::kEIO);
}

/// Nothing asks about that beforehand, and every layout behind it is another.
std::optional<spec::Outcome> ignores_dontdump(const spec::Syscall& call) {
  const auto* madvise = std::get_if<spec::Madvise>(&call);
  if (madvise == nullptr || madvise->advice != spec::kMadvDontdump) return std::nullopt;
  return spec::Outcome::ok();
}

TEST(AutoProfile, AKernelThatIsKnownIsHeldToWhatItIs) {
  const auto ran = campaign("old", "linux-6.12");
  EXPECT_EQ(ran.status, process::ExitStatus::kHeld) << ran.out;
  EXPECT_TRUE(ran.says("  profile linux-6.12 as identified  systems model,guest:old ")) << ran.out;
}

TEST(AutoProfile, OneThatIsNearAProfileIsThatWithItsDifferences) {
  constexpr std::string_view kIs =
      "linux-6.18 hugetlb_placement=own-search dontunmap_source=cut-out";
  const auto ran = campaign("near", kIs);
  EXPECT_EQ(ran.status, process::ExitStatus::kHeld) << ran.out;
  const auto text = spec::profile_text(spec::read_profile_text(kIs).value());
  EXPECT_TRUE(ran.says("  profile " + text + " as identified  ")) << ran.out;

  const auto json = campaign("near", kIs, {}, [](cli::CheckOptions& o) { o.json = true; });
  const auto head = nlohmann::json::parse(json.out.substr(0, json.out.find('\n')));
  EXPECT_EQ(head.at("profile"), text);
  EXPECT_EQ(head.at("identified").at("nearest"), "linux-6.18");
  EXPECT_EQ(head.at("identified").at("exact"), false);
  EXPECT_EQ(head.at("identified").at("differences").size(), 2U);
  EXPECT_EQ(head.at("identified").at("differences").at("dontunmap_source"), "cut-out");
}

TEST(AutoProfile, ABehaviourThatHidesAnotherIsNoMystery) {
  // Without KSM for processes, nothing shows when the flag is set.
  const auto ran = campaign("without-ksm", "linux-6.18 process_ksm=absent");
  EXPECT_EQ(ran.status, process::ExitStatus::kHeld) << ran.out;
  EXPECT_TRUE(ran.says("  profile linux-6.18 process_ksm=absent as identified  ")) << ran.out;
  EXPECT_FALSE(ran.says("as no profile")) << ran.out;
}

TEST(AutoProfile, AValueThatNobodyKnowsIsReportedOnceAndTheCampaignGoesOn) {
  const auto ran = campaign("unsealing", "linux-6.18", refuses_mseal);
  EXPECT_EQ(ran.status, process::ExitStatus::kFinding);
  EXPECT_TRUE(ran.says("  profile linux-6.18 as identified  ")) << ran.out;
  EXPECT_TRUE(ran.says(": mseal gives EOPNOTSUPP, not ok; left out: mseal()")) << ran.out;
  EXPECT_EQ(ran.count("\nFINDING: "), 1U) << ran.out;
  EXPECT_TRUE(ran.says("This kernel does as no known one, asked about ")) << ran.out;
  EXPECT_TRUE(ran.says("sequences            400\n")) << ran.out;
  const auto traces = traces_of(ran);
  ASSERT_EQ(traces.size(), 1U);
  EXPECT_NE(traces.front().find("\nmseal("), std::string::npos) << traces.front();
  EXPECT_NE(traces.front().find("\n# profile: linux-6.18\n"), std::string::npos);
}

TEST(AutoProfile, SoIsWhatAllProfilesHaveInCommon) {
  const auto ran = campaign("no-default", "linux-6.18", refuses_default_policy);
  EXPECT_EQ(ran.status, process::ExitStatus::kFinding);
  EXPECT_TRUE(
      ran.says("as no profile: mbind: mbind gives EIO, not ok; left out: mbind(MPOL_DEFAULT)"))
      << ran.out;
  EXPECT_EQ(ran.count("\nFINDING: "), 1U) << ran.out;
}

TEST(AutoProfile, TwoUnknownThingsOfOneCallAreTwoFindings) {
  // Both are mmaps that say they are done and map nothing.
  const auto ran = campaign("odd-maps", "linux-6.18", [](const spec::Syscall& call) {
    const auto* mmap = std::get_if<spec::Mmap>(&call);
    const bool is_odd = mmap != nullptr && ((mmap->flags & spec::kMapStack) != 0 ||
                                            (mmap->flags & spec::kMapType) == spec::kMapDroppable);
    return is_odd ? std::optional{spec::Outcome::ok(mmap->addr)} : std::nullopt;
  });
  EXPECT_EQ(ran.status, process::ExitStatus::kFinding);
  EXPECT_EQ(ran.count("This kernel does as no known one, asked about "), 2U) << ran.out;
  EXPECT_TRUE(ran.says("sequences            400\n")) << ran.out;
}

TEST(AutoProfile, WhatIsMetInTheCampaignIsReportedOnceToo) {
  const auto ran = campaign("dumping", "linux-6.18", ignores_dontdump);
  EXPECT_EQ(ran.status, process::ExitStatus::kFinding);
  EXPECT_EQ(ran.count("\nFINDING: "), 1U) << ran.out;
  EXPECT_TRUE(
      ran.says("not reported again    others with the cause of one above\n"
               "  madvise(MADV_DONTDUMP) "))
      << ran.out;
}

TEST(AutoProfile, ANamedProfileIsHeldStrictlyAndItsDifferencesAreNamed) {
  const auto ran = campaign("newer", "linux-6.18", {}, [](cli::CheckOptions& o) {
    o.profile = "linux-6.18 dontunmap_source=cut-out hugetlb_placement=own-search";
  });
  EXPECT_EQ(ran.status, process::ExitStatus::kFinding);
  EXPECT_FALSE(ran.says("as identified")) << ran.out;
  EXPECT_EQ(ran.count("\nFINDING: "), 2U) << ran.out;
  for (const auto* cause :
       {"as with dontunmap_source=whole (so do linux-6.17, linux-6.18.15, linux-6.18, linux-6.19, "
        "linux-7.0, linux-7.1; the profile has cut-out).",
        "as with hugetlb_placement=common-search (so do patch-v2, patch-v2-review, linux-6.16, "
        "linux-6.17, linux-6.18.15, linux-6.18, linux-6.19, linux-7.0, linux-7.1, linux-7.2, "
        "linux-7.3; the profile has own-search)."}) {
    EXPECT_NE(ran.in_one_line().find(cause), std::string::npos) << cause << ran.out;
  }
}

TEST(AutoProfile, ATraceCarriesItsProfileSoThatItReplays) {
  // It is found under a profile with differences; the trace says which.
  const auto ran = campaign("odd-and-near", "linux-6.18 dontunmap_source=cut-out", refuses_mseal);
  const auto traces = traces_of(ran);
  ASSERT_EQ(traces.size(), 1U) << ran.out;
  EXPECT_NE(traces.front().find("\n# profile: linux-6.18 dontunmap_source=cut-out\n"),
            std::string::npos)
      << traces.front();
  const Scratch scratch;
  const auto file = scratch.file("found.trace", traces.front());
  const auto replayed = [&](const std::string& systems) {
    testing::internal::CaptureStdout();
    cli::ReplayOptions options;
    options.paths = {file};
    options.systems = systems;
    const auto status = cli::replay(options);
    const auto out = testing::internal::GetCapturedStdout();
    EXPECT_NE(out.find("(linux-6.18 dontunmap_source=cut-out; "), std::string::npos) << out;
    return status;
  };
  EXPECT_EQ(replayed("model,guest:odd-and-near"), process::ExitStatus::kFinding);
}

}  // namespace
}  // namespace vmadiff::compare
