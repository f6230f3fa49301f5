// properties: the named exemptions. Each is a rule of the real kernel that excuses one kind of
// breach of a claim; it is data, it has a reason, and every use of it is counted. An exemption is
// added because a real kernel needs it, never to quiet a finding.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace vmadiff::properties {

/// One per row of the table in exemptions.cc, in its order.
enum class Exemption : std::uint8_t {
  kLegacyMmapHookUnderKsm,
  kNothingChanged,
  kMprotectStopsMidway,
  kMadviseGoesOnOverHoles,
  kMmapHookFailsAfterUnmapping,
  kSplitsRemain,
  kTouchKeepsTheEarlierPages,
  kCompatibleNeighboursWereApart,
  kSpecialVmasStaySplit,
  kAccountingStays,
  kBorrowedAnonVmaStays,
  kNoWayBack,
  kHugePagesCannotBeSplit,
  kMadviseStopsMidway,
  kMlockStopsMidway,
  kMsealStopsMidway,
  kMremapStopsMidway,
  kLockedVmDriftsAfterDontunmap,
  kTheLockIsTakenBack,
  kPopulationComesAfter,
  kDontunmapKeepsItsSource,
  kTheSourceLosesItsAnonVma,
  kTheMovedLosesItsAnonVma,
  kPopulationComesBetween,
  kUserfaultfdStopsMidway,
  kMbindStopsMidway,
  kUserfaultfdLosesWhatMoves,
  kFailureDoesNotMatter,
  kMergeIsGivenUp,
  kSourceStaysMapped,
  kMlockallGoesOn,
  kGuardsNeedAnAnonVma,
  kEmptiedMemoryLosesItsCharge,
  kPopulationIsGivenUp,
  kSealedMemoryIsSteppedOver,
  kShrinkingMoveKeepsItsCharge,
  kFailedHookKeepsTheCharge,
  kEmptiedSourceLosesItsCharge,
  kUnchargedStacksGrowCharged,
  kUserfaultfdAsksByTheWrongOffset,
  kChargeComesAfterUnmapping,
  kRoomIsAskedForTwice,
  kMoveForgetsReservations,
  kCloseHooksStopMerges,
  kAttachmentsStaySplit,
  kAttachmentsAreNotHalved,
  kExecuteOnlyForgetsTheKey,
  kShmdtSaysNothing,
  kUserfaultfdIsGivenUp,
};
inline constexpr std::size_t kExemptionCount = 49;

struct ExemptionRule {
  std::string_view name;    ///< as the tally and reports show it
  std::string_view claim;   ///< the property that it restricts
  std::string_view reason;  ///< why the real kernel needs it
};

[[nodiscard]] std::span<const ExemptionRule> exemption_rules();

/// How often each exemption excused something. Flat, since it is counted on the hot path.
class ExemptionCounts {
 public:
  void count(Exemption exemption) { ++counts_[static_cast<std::size_t>(exemption)]; }
  /// Adds those that were used to `out`, by name.
  void add_to(std::map<std::string, std::uint64_t, std::less<>>& out) const;

 private:
  std::array<std::uint64_t, kExemptionCount> counts_{};
};

}  // namespace vmadiff::properties
