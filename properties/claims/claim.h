// properties: the claims as small numbers, so that the checker can ask for one without a string.
// The order is that of the table in property.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vmadiff::properties {

enum class Claim : std::uint8_t {
  kSystemSurvives,
  kVmasAreSortedAndDisjoint,
  kVmasLieInTheAddressSpace,
  kCountersMatchTheVmas,
  kOnlyEligibleVmasAreMergeable,
  kOnlyPrivateVmasHaveAnAnonVma,
  kNoCompatibleNeighboursLeftUnmerged,
  kDataStructuresAreWellFormed,
  kNothingStaysCommitted,
  kNothingStaysAllocated,
  kNothingStaysReserved,
  kSystemsAgreeOnOutcomes,
  kSystemsAgreeOnLayout,
  kFailedCallsChangeNothing,
  kEnablingKsmChangesNoLayout,
  kMprotectThereAndBackIsIdentity,
  kSplittingACallEqualsTheWhole,
  kRenumberingAddressesMovesTheLayout,
  kReviewPredicateIsIndistinguishable,
  kFailedAllocationsAreSurvived,
};
inline constexpr std::size_t kClaimCount = 20;

[[nodiscard]] std::string_view name(Claim claim);

class PropertySet;

/// Which claims a run checks, flat.
class Selection {
 public:
  explicit Selection(const PropertySet& properties);
  [[nodiscard]] bool has(Claim claim) const { return selected_[static_cast<std::size_t>(claim)]; }

 private:
  std::array<bool, kClaimCount> selected_{};
};

}  // namespace vmadiff::properties
