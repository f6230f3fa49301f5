// tests/cli: every seed under every profile, on model and implementation: the results that it
// asserts, and the number of VMAs that it says is left.
#include <gtest/gtest.h>

#include <string>

#include "cli/end_check.h"
#include "cli/trace_file.h"
#include "cli/verdict.h"
#include "compare/recording.h"
#include "spec/kernel_profile.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

const std::string kSeeds = std::string{VMADIFF_SOURCE_DIR} + "/corpus/seeds";

TEST(Seeds, LeaveTheVmasThatTheyAssertUnderEachProfile) {
  std::size_t asserted = 0;
  for (const std::string& path : cli::find_traces({kSeeds}).value()) {
    const auto file = cli::read_trace(path);
    ASSERT_TRUE(file) << file.error();
    for (const spec::KernelProfile& profile : spec::profiles()) {
      // The seeds that are for no profile are for all that know their calls.
      const auto& only = file->directives.profile;
      const bool knows_all = profile.process_ksm == spec::ProcessKsm::kPresent;
      if (only.empty() ? !knows_all : only != profile.name) continue;
      for (const char* name : {"model", "impl"}) {
        const auto system = systems::make_system(name, profile).value();
        const auto recording =
            compare::record(*system, cli::setup_of(*file, spec::Setup::standard()),
                            file->trace.sequence, compare::Snapshots::kEveryStep);
        ASSERT_TRUE(recording);
        const auto broken = cli::broken_vma_count(*file, *recording, profile.name);
        EXPECT_FALSE(broken) << *broken;
        for (const auto& end : cli::broken_ends(*file, *recording, profile.name)) {
          ADD_FAILURE() << end;
        }
        asserted += file->directives.vmas.size();
        for (std::size_t i = 0; i < recording->outcomes.size(); ++i) {
          const auto& expected = file->trace.sequence[i].expected;
          if (expected) {
            EXPECT_EQ(text(recording->outcomes[i]), text(*expected)) << path;
          }
        }
      }
    }
  }
  EXPECT_GT(asserted, 500U);
}

TEST(Seeds, AWrongNumberOfVmasIsSeen) {
  auto file = cli::read_trace(kSeeds + "/anon-merge-left.trace").value();
  file.directives.vmas = {{"linux-6.18", 7}};
  const auto profile = spec::profile_named("linux-6.18").value();
  const auto system = systems::make_system("model", profile).value();
  const auto recording = compare::record(*system, spec::Setup::standard(), file.trace.sequence,
                                         compare::Snapshots::kEveryStep)
                             .value();
  EXPECT_TRUE(broken_vma_count(file, recording, "linux-6.18"));
  EXPECT_FALSE(broken_vma_count(file, recording, "linux-6.12"));
}

}  // namespace
}  // namespace vmadiff::cli
