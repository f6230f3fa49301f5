// model: the seals of memfds, which all processes see, and what they forbid a mapping.
#pragma once

#include "model/address_space.h"
#include "model/machine.h"
#include "model/result.h"

namespace vmadiff::model {

/// What those write seals of its file that are looked at before anything is done make of a mapping:
/// one that is shared must not be writable (EPERM), and never becomes so.
[[nodiscard]] Result apply_write_seals(const AddressSpace& space, spec::Vma& mapping);
/// The same of those that the file's hook looks at.
[[nodiscard]] Result apply_seals_of_hook(const AddressSpace& space, spec::Vma& mapping);
/// Whether the file may be written to neither by new mappings nor by punching holes.
[[nodiscard]] bool is_write_sealed(const AddressSpace& space, spec::FileId file);

/// A sequence's first seals.
[[nodiscard]] Seals first_seals(const spec::KernelProfile& profile);

}  // namespace vmadiff::model
