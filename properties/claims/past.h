// properties: what a claim must know of a process's past, because its present state does not show
// it.
#pragma once

#include "spec/flags.h"
#include "spec/outcome.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

struct Past {
  /// A mapping was moved with MREMAP_DONTUNMAP: what it had locked may count for ever.
  bool locked_vm_drifts = false;
  /// mlockall(MCL_FUTURE) is in force.
  bool locks_future = false;
};

/// Takes note of a call that the process made.
inline void note(Past& past, const spec::Syscall& call, const spec::Outcome& outcome) {
  if (const auto* mremap = std::get_if<spec::Mremap>(&call)) {
    // Also where it fails: of several VMAs the first may have been moved.
    if ((mremap->flags & spec::kMremapDontunmap) != 0) past.locked_vm_drifts = true;
    return;
  }
  if (!outcome.is_ok()) return;
  if (const auto* mlockall = std::get_if<spec::Mlockall>(&call)) {
    past.locks_future = (mlockall->flags & spec::kMclFuture) != 0;
  } else if (std::holds_alternative<spec::Munlockall>(call)) {
    past.locks_future = false;
  } else if (std::holds_alternative<spec::Exec>(call)) {
    past = {};
  }
}

}  // namespace vmadiff::properties
