// tests of reports: JSON has stable keys, and addresses as text.
#include "reports/json.h"

#include <gtest/gtest.h>

#include "sample_finding.h"

namespace vmadiff::tests {
namespace {

TEST(Json, AFindingHasItsKeysInOrder) {
  const auto json = reports::to_json(left_unmerged());
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys,
            (std::vector<std::string>{"type", "claim", "explanation", "fingerprint", "profile",
                                      "systems", "run_seed", "sequence_seed", "shrinks",
                                      "reproducible", "sequence", "step", "views"}));
  EXPECT_EQ(json["sequence"][2]["call"],
            "mmap(0x100000002000, 0x2000, PROT_READ|PROT_WRITE, "
            "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)");
  EXPECT_EQ(json["sequence"][0]["result"], "0");
  EXPECT_EQ(json["views"][1]["vmas"].back()["start"], "0x100000002000");
  EXPECT_EQ(json["views"][1]["counters"]["map_count"], 5);
  EXPECT_FALSE(json["views"][1]["vmas"].back().contains("anon_vma")) << "the host does not see it";
  EXPECT_TRUE(json["views"][0]["vmas"].back().contains("anon_vma"));
}

TEST(Json, TheSameFindingIsTheSameText) {
  EXPECT_EQ(reports::to_json(left_unmerged()).dump(), reports::to_json(left_unmerged()).dump());
}

}  // namespace
}  // namespace vmadiff::tests
