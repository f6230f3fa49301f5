// properties: which protection is plainer than which, for shrinking.
#pragma once

#include <cstdint>
#include <vector>

#include "spec/flags.h"

namespace vmadiff::properties {

/// Protections that are plainer than `prot`, the plainest first: read-write, read-only, none, and
/// for all others the same with a bit less.
[[nodiscard]] std::vector<std::uint64_t> plainer_prots(std::uint64_t prot);

/// The map flags that say where a mapping lies, not what it is.
inline constexpr std::uint64_t kPlacement = spec::kMapFixed | spec::kMapFixedNoreplace;

}  // namespace vmadiff::properties
