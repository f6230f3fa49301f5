// model: how a process begins: as a copy of another, or anew with the first program.
#pragma once

#include <optional>

#include "model/address_space.h"

namespace vmadiff::model {

/// The memory of a new process (dup_mmap), or nothing where there is not enough for it (ENOMEM).
[[nodiscard]] std::optional<AddressSpace> forked(const AddressSpace& parent);

/// What an exec of the first program leaves: its mappings, and what is inherited: the resource
/// limits, whether mappings become mergeable by themselves, and MDWE (mm_init, begin_new_exec).
void exec(AddressSpace& space);

}  // namespace vmadiff::model
