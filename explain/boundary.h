// explain: what became of each place where a call tried to merge: both ends of its range, and the
// boundaries inside it. Where these are is properties/claims/merge_due.h's to say; which of the
// kernel's conditions held there, criteria.h's. Made from the states before and after the call.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "explain/criteria.h"
#include "properties/claims/past.h"
#include "spec/kernel_profile.h"
#include "spec/outcome.h"
#include "spec/setup.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"

namespace vmadiff::explain {

/// One call, with the process's state before and after it.
struct Moment {
  const spec::Syscall& call;
  const spec::Outcome& outcome;
  const spec::Snapshot& before;
  const spec::Snapshot& after;
  const spec::Setup& setup;
  const spec::KernelProfile& profile;
  const properties::Past& past;
};

struct Boundary {
  enum class Side : std::uint8_t { kBelow, kAbove, kInside };
  enum class Fate : std::uint8_t {
    kNothingThere,  ///< nothing adjoins
    kJoined,        ///< the two are one VMA now
    kCut,           ///< they were one, and are two
    kApart          ///< they were two, and are
  };
  spec::Address at = 0;  ///< bytes
  Side side{};           ///< of the call's range
  Fate fate{};
  std::string neighbour{};        ///< its line; empty where there is none
  std::vector<Answer> answers{};  ///< none where nothing is there
  /// What else is to be said: why the two are apart though all conditions hold, or one though not
  /// all do. Empty where the answers say it.
  std::string note{};
};

/// The VMA that has the byte at `a`; null where none has.
[[nodiscard]] const spec::Vma* vma_at(const spec::Snapshot& s, spec::Address a);

/// In ascending order. None where the call owes no merge, or failed.
[[nodiscard]] std::vector<Boundary> boundaries_of(const Moment& moment);

}  // namespace vmadiff::explain
