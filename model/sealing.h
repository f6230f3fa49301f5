// model: what a seal (mseal) forbids. A sealed VMA is never unmapped, moved, resized or given other
// permissions; it can still be joined with sealed neighbours, and there is no way to unseal it.
#pragma once

#include <cstdint>

#include "model/address_space.h"
#include "spec/flags.h"
#include "spec/snapshot.h"

namespace vmadiff::model {

[[nodiscard]] constexpr bool is_sealed(const spec::Vma& vma) {
  return (vma.flags & spec::kVmSealed) != 0;
}

/// Whether the VMA is sealed against this advice: one that discards the pages, in memory whose
/// owner could not write to it either, for its permissions or for its protection key.
[[nodiscard]] bool is_sealed_against(const spec::Vma& vma, std::int32_t advice,
                                     const AddressSpace& space);

}  // namespace vmadiff::model
