// tests/reports: the draft of a test holds what the finding is, and is a file of its own.
#include "reports/draft_test.h"

#include <gtest/gtest.h>

#include <string>

#include "sample_finding.h"

namespace vmadiff::tests {
namespace {

TEST(DraftTest, HoldsTraceClaimProfileAndSystems) {
  const auto draft = reports::draft_regression_test(left_unmerged());
  ASSERT_TRUE(draft);
  for (const auto* part :
       {"#include \"model/model.h\"\n", "#include \"kernel/host/host.h\"\n", "TEST(Regressions, ",
        "mmap(0x100000000000", "read_profile_text(\"linux-6.18\")", "{model.get(), host.get()}"}) {
    EXPECT_NE(draft->find(part), std::string::npos) << part << '\n' << *draft;
  }
}

TEST(DraftTest, AGuestsKernelIsNoPartOfTheTests) {
  auto finding = left_unmerged();
  finding.views.back().system = "guest:debian-6.12";
  EXPECT_FALSE(reports::draft_regression_test(finding));
}

}  // namespace
}  // namespace vmadiff::tests
