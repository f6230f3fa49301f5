// tests/properties: the relations between two runs, on the model (short and right) and on the
// implementation.
#include "../suite.h"

namespace vmadiff::properties {
namespace {

constexpr int kRelationCases = 700;

TEST(Relations, EnablingKsmChangesNoLayoutSinceThePatch) {
  for (const std::string system : {"model", "impl"}) {
    claims_hold("enabling KSM changes no layout under linux-6.18", "linux-6.18",
                "EnablingKsmChangesNoLayout", {system}, kRelationCases);
    claims_hold("enabling KSM changes no layout under patch-v2", "patch-v2",
                "EnablingKsmChangesNoLayout", {system}, kRelationCases);
  }
}

TEST(Relations, FailedCallsChangeNothing) {
  for (const auto& profile : spec::profiles()) {
    claims_hold("failed calls change nothing", profile.name, "FailedCallsChangeNothing", {"impl"},
                kRelationCases);
  }
}

TEST(Relations, MprotectThereAndBackIsIdentity) {
  for (const auto& profile : spec::profiles()) {
    claims_hold("mprotect there and back is the identity", profile.name,
                "MprotectThereAndBackIsIdentity", {"impl"}, kRelationCases);
  }
}

TEST(Relations, SplittingACallEqualsTheWhole) {
  for (const auto& profile : spec::profiles()) {
    claims_hold("splitting a call equals the whole", profile.name, "SplittingACallEqualsTheWhole",
                {"impl"}, kRelationCases);
  }
}

TEST(Relations, RenumberingAddressesMovesTheLayout) {
  for (const auto& profile : spec::profiles()) {
    claims_hold("renumbering addresses moves the layout", profile.name,
                "RenumberingAddressesMovesTheLayout", {"impl"}, kRelationCases);
  }
}

TEST(Relations, TheReviewersPredicateIsIndistinguishableFromThePatchs) {
  for (const std::string system : {"model", "impl"}) {
    claims_hold("the reviewer's predicate is indistinguishable from the patch's", "patch-v2",
                "ReviewPredicateIsIndistinguishable", {system}, kRelationCases);
    claims_hold("the patch's predicate is indistinguishable from the reviewer's", "patch-v2-review",
                "ReviewPredicateIsIndistinguishable", {system}, kRelationCases);
  }
}

}  // namespace
}  // namespace vmadiff::properties
