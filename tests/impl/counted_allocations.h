// tests/impl: how often memory was asked for. Linked with it, an executable counts every call of
// its allocating operators.
#pragma once

#include <cstdint>

namespace vmadiff {

/// Since the program began.
[[nodiscard]] std::uint64_t allocations();

}  // namespace vmadiff
