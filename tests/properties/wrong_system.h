// tests/properties: systems that are wrong on purpose. A canary is the model with one fault; the
// check that is made for it must catch it.
#pragma once

#include <memory>

#include "spec/kernel_profile.h"
#include "spec/system.h"

namespace vmadiff::properties {

enum class Fault {
  kNone,
  kDiesInMprotect,
  kShowsVmasOutOfOrder,
  kShowsAVmaBehindTheTaskSize,
  kMiscountsTotalVm,
  kMarksSharedVmasMergeable,
  kGivesSharedVmasAnAnonVma,
  kForgetsToMergeMmap,
  kForgetsToMergeMprotect,
  kForgetsToMergeMprotectOfOnePage,
  kBreaksItsTree,
  kReportsAnotherErrno,
  kLosesAPageOffset,
  kMovesTheBreakWhenMadviseFails,
  kUnmapsWhenMmapFails,
  kSplitsVmasUnderKsm,
  kMarksHighVmas,
  kKeepsAChargeWhenMadviseFails,
  kKeepsAnAllocationWhenMadviseFails,
  kKeepsAHugePageWhenMadviseFails,
};

/// A system named "wrong": the model of the profile with the fault. `remote` makes it say that it
/// is another process.
[[nodiscard]] std::unique_ptr<spec::System> make_wrong(const spec::KernelProfile& profile,
                                                       Fault fault, bool remote = false);

}  // namespace vmadiff::properties
