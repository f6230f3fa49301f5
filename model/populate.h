// model: populating: the faults that a call makes on behalf of its caller.
#pragma once

#include "model/address_space.h"
#include "model/result.h"
#include "spec/syscall.h"
#include "spec/units.h"

namespace vmadiff::model {

/// Faults in what is mapped in `range`, as locked memory wants it: writable private memory as if
/// written, so that it gets its anon_vma (populate_vma_page_range). Memory that is locked on fault
/// is left alone, and so are device mappings. Holes are passed over.
/// EFAULT: a page that cannot be accessed, or lies behind the end of its file; what comes behind it
/// is not populated.
[[nodiscard]] Result populate(AddressSpace& space, spec::Range range);

/// The same where nobody hears of errors: after one it goes on with the next VMA (mm_populate).
void populate_quietly(AddressSpace& space, spec::Range range);

/// The same of one VMA that mprotect has changed, under a lock that it does not let go, so that no
/// userfaultfd is told (populate_vma_page_range without `locked`; measured on 6.18.44).
void populate_at_once(AddressSpace& space, spec::Range range);

/// MADV_POPULATE_READ and _WRITE: as if each page were read or written.
/// ENOMEM: a hole, at which it ends, unless the kernel passes over it. EINVAL: not allowed, or a
/// device mapping. EFAULT: behind the end of a file.
[[nodiscard]] Result populate_for(AddressSpace& space, spec::Range range, spec::Access access);

}  // namespace vmadiff::model
