// properties: which calls are about KSM, and so are not made where a machine has none.
#pragma once

#include <cstdint>

#include "spec/syscall.h"

namespace vmadiff::properties {

/// PR_SET_MEMORY_MERGE and what asks for it, MADV_MERGEABLE and MADV_UNMERGEABLE.
[[nodiscard]] inline bool is_of_ksm(const spec::Syscall& call) {
  const auto is_advice = [](std::int32_t advice) {
    return advice == spec::kMadvMergeable || advice == spec::kMadvUnmergeable;
  };
  if (const auto* prctl = std::get_if<spec::Prctl>(&call)) {
    return prctl->option == spec::kPrSetMemoryMerge || prctl->option == spec::kPrGetMemoryMerge;
  }
  if (const auto* self = std::get_if<spec::ProcessMadvise>(&call)) return is_advice(self->advice);
  const auto* madvise = std::get_if<spec::Madvise>(&call);
  return madvise != nullptr && is_advice(madvise->advice);
}

}  // namespace vmadiff::properties
