// properties: userfaultfds that are closed because they cannot bring a page (spec::UffdRegister).
#pragma once

#include <optional>

#include "spec/snapshot.h"

namespace vmadiff::properties {

/// `before`, with all that a call has let go by `after` let go already; VMAs stay cut as they were.
/// Nothing where the call has met no memory that no page can be brought to.
[[nodiscard]] std::optional<spec::Snapshot> without_given_up(const spec::Snapshot& before,
                                                             const spec::Snapshot& after);

}  // namespace vmadiff::properties
