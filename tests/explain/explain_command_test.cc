// tests of explain: the command, and whole stories as they are printed, word by word. After a
// change that is meant: vmadiff explain TRACE > tests/explain/golden/NAME.txt, from the source's
// directory.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "command_run.h"

namespace vmadiff::tests {
namespace {

const std::filesystem::path kSource = VMADIFF_SOURCE_DIR;

struct Golden {
  const char* name;
  const char* trace;
  const char* profile;  ///< empty: the trace's own
};

class Stories : public testing::TestWithParam<Golden> {};

TEST_P(Stories, AreTheSameWordByWord) {
  const auto& [name, trace, profile] = GetParam();
  std::vector<std::string> words{"explain", trace};
  if (*profile != '\0') words.insert(words.end(), {"--profile", profile});
  const auto told = run_vmadiff(words, {.directory = kSource});
  EXPECT_EQ(told.status, 0) << told.err;
  EXPECT_EQ(told.out, content(kSource / "tests/explain/golden" / (std::string{name} + ".txt")));
}

INSTANTIATE_TEST_SUITE_P(
    Golden, Stories,
    testing::Values(Golden{"merge", "corpus/seeds/anon-merge-both.trace", ""},
                    Golden{"flags", "corpus/seeds/anon-no-merge-flags.trace", ""},
                    Golden{"offset", "corpus/seeds/file-no-merge-offset.trace", ""},
                    Golden{"anon_vma", "corpus/seeds/anon-no-merge-anon-vma.trace", ""},
                    Golden{"policy", "corpus/seeds/mbind-splits-and-joins.trace", ""},
                    Golden{"userfaultfd", "corpus/seeds/userfaultfd-splits-and-joins.trace", ""},
                    Golden{"ksm_early", "corpus/seeds/ksm-anon-merge-both.trace", "linux-6.18"},
                    Golden{"ksm_late", "corpus/seeds/ksm-anon-merge-both.trace", "linux-6.12"},
                    Golden{"ksm_hook", "corpus/seeds/ksm-zero-no-merge.trace", ""},
                    Golden{"move", "corpus/seeds/mremap-move-touched-stays-apart.trace", ""},
                    Golden{"fork", "corpus/seeds/fork-two-links-no-merge.trace", ""},
                    Golden{"refused", "corpus/seeds/mprotect-errors.trace", ""}),
    [](const auto& info) { return std::string{info.param.name}; });

TEST(ExplainCommand, PrintsAnObjectAStepAsJson) {
  const auto told = run_vmadiff({"explain", "--json", "corpus/seeds/anon-merge-both.trace"},
                                {.directory = kSource});
  ASSERT_EQ(told.status, 0) << told.err;
  std::istringstream lines{told.out};
  std::size_t steps = 0;
  std::size_t joined = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto step = nlohmann::json::parse(line);
    EXPECT_EQ(step.at("step"), ++steps);
    EXPECT_FALSE(step.at("sentences").empty());
    for (const auto& boundary : step.at("boundaries")) {
      joined += boundary.at("fate") == "joined" ? 1U : 0U;
    }
  }
  EXPECT_EQ(steps, 3U);
  EXPECT_EQ(joined, 2U);
}

TEST(ExplainCommand, RefusesWhatItCannotRead) {
  EXPECT_EQ(run_vmadiff({"explain", "/nowhere.trace"}).status, 2);
  EXPECT_EQ(run_vmadiff({"explain", "corpus/seeds/anon-merge-both.trace", "--profile", "linux-9"},
                        {.directory = kSource})
                .status,
            2);
}

}  // namespace
}  // namespace vmadiff::tests
