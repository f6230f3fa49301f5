// properties: userfaultfds that are closed because they cannot bring a page (spec::UffdRegister).
#pragma once

#include <optional>

#include "spec/snapshot.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

/// `before`, with all that the call has let go by `after` let go already; VMAs stay cut as they
/// were. Nothing where it is no call that accesses memory that is there, or has met none that no
/// page can be brought to.
[[nodiscard]] std::optional<spec::Snapshot> without_given_up(const spec::Syscall& call,
                                                             const spec::Snapshot& before,
                                                             const spec::Snapshot& after);

}  // namespace vmadiff::properties
