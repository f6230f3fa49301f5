// kernel: the order of Debian's package versions, as Debian's policy gives it.
#pragma once

#include <compare>
#include <string_view>

namespace vmadiff::kernel {

/// "6.12.9-1" < "6.12.10-1~bpo12+1" < "6.12.10-1": numbers count as numbers, and ~ stands before
/// everything, the end too.
[[nodiscard]] std::strong_ordering compare_debian_versions(std::string_view a, std::string_view b);

/// What stands before the revision, without an epoch: "6.12.10" of "6.12.10-1~bpo12+1".
[[nodiscard]] std::string_view upstream_of(std::string_view version);

}  // namespace vmadiff::kernel
