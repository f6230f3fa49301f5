// properties: FailedCallsChangeNothing.
//
// A call that fails (and a brk that answers with another break than was asked for) leaves the
// state as it was. Source: mmap(2), mprotect(2), madvise(2), brk(2), and the kernel's error paths.
// What it does not cover: the calls that are documented to stop midway. Each of these is an
// exemption, and even then only the pages that the call names may have changed.
#pragma once

#include <optional>
#include <string>

#include "properties/claims/exemptions.h"
#include "spec/kernel_profile.h"
#include "spec/outcome.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

/// Says what changed although the call failed, or nothing.
[[nodiscard]] std::optional<std::string> change_by_failed_call(
    const spec::Syscall& call, const spec::Outcome& outcome, const spec::Snapshot& before,
    const spec::Snapshot& after, const spec::Observes& seen, const spec::KernelProfile& profile,
    ExemptionCounts& exemptions);

}  // namespace vmadiff::properties
