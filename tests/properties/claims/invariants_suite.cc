// tests/properties: what every state of the implementation must be. Under linux-6.12 and patch-v2
// some claims are broken, and must be: that is what the profiles are for.
#include "../suite.h"

namespace vmadiff::properties {
namespace {

constexpr int kInvariantCases = 1500;
constexpr std::string_view kPlainInvariants =
    "SystemSurvives,VmasAreSortedAndDisjoint,VmasLieInTheAddressSpace,CountersMatchTheVmas,"
    "OnlyPrivateVmasHaveAnAnonVma,DataStructuresAreWellFormed";

TEST(Invariants, EveryStateOfLinux618IsSound) {
  claims_hold("every state of the implementation is sound under linux-6.18", "linux-6.18",
              "invariants", {"impl"}, kInvariantCases);
}

TEST(Invariants, EveryStateOfTheModelIsSound) {
  claims_hold("every state of the model is sound under linux-6.18", "linux-6.18", "invariants",
              {"model"}, kInvariantCases);
}

TEST(Invariants, ThePatchLeavesNoCompatibleNeighboursApart) {
  claims_hold("no compatible neighbours are left unmerged under patch-v2", "patch-v2",
              "NoCompatibleNeighboursLeftUnmerged", {"impl"}, kInvariantCases);
}

TEST(Invariants, Linux612MarksOnlyEligibleVmas) {
  claims_hold("VM_MERGEABLE stands only on eligible VMAs under linux-6.12", "linux-6.12",
              "OnlyEligibleVmasAreMergeable", {"impl"}, kInvariantCases);
}

TEST(Invariants, CountersAndTreesAreSoundUnderEveryProfile) {
  for (const auto& profile : spec::profiles()) {
    claims_hold("counters, order and trees are sound", profile.name, kPlainInvariants, {"impl"},
                kInvariantCases / 3);
  }
}

}  // namespace
}  // namespace vmadiff::properties
