// tests/properties: model and implementation are the same kernel, for every profile.
#include "../suite.h"

namespace vmadiff::properties {
namespace {

constexpr int kEquivalenceCases = 1500;

TEST(Equivalence, ModelAndImplementationAgreeUnderLinux612) {
  claims_hold("model and implementation agree at every step under linux-6.12", "linux-6.12",
              "equivalence", {"model", "impl"}, kEquivalenceCases);
}

TEST(Equivalence, ModelAndImplementationAgreeUnderThePatch) {
  claims_hold("model and implementation agree at every step under patch-v2", "patch-v2",
              "equivalence", {"model", "impl"}, kEquivalenceCases);
}

TEST(Equivalence, ModelAndImplementationAgreeUnderTheReviewersPredicate) {
  claims_hold("model and implementation agree at every step under patch-v2-review",
              "patch-v2-review", "equivalence", {"model", "impl"}, kEquivalenceCases);
}

TEST(Equivalence, ModelAndImplementationAgreeUnderLinux618) {
  claims_hold("model and implementation agree at every step under linux-6.18", "linux-6.18",
              "equivalence", {"model", "impl"}, kEquivalenceCases);
}

}  // namespace
}  // namespace vmadiff::properties
