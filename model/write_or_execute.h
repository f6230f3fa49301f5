// model: PR_SET_MDWE, memory that is either written or executed.
#pragma once

#include "model/address_space.h"

namespace vmadiff::model {

/// Whether memory with the flags `before` must not get `after`: nothing becomes executable that is
/// writable then, or was not executable. New memory had its own flags before.
[[nodiscard]] constexpr bool denies_write_or_execute(const AddressSpace& space,
                                                     spec::VmFlags before, spec::VmFlags after) {
  if (space.mdwe == 0 || (after & spec::kVmExec) == 0) return false;
  return (after & spec::kVmWrite) != 0 || (before & spec::kVmExec) == 0;
}

}  // namespace vmadiff::model
