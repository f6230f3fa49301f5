// impl: what happens, fast? This file: mapping a range whose address and flags are settled.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// What is to be mapped.
struct MmapRequest {
  spec::FileId file;         ///< none for anonymous memory
  spec::Address addr = 0;    ///< bytes; page-aligned, inside the address space
  spec::Address length = 0;  ///< bytes; page-aligned, not 0
  spec::VmFlags vm_flags = 0;
  std::uint64_t pgoff = 0;  ///< pages
};

/// mmap_region: maps it, over whatever is there. ENOMEM, EINVAL, and what the file's hook answers.
///
/// An error leaves everything as it was, with two exceptions that the kernel has too (measured on
/// 6.18). Where a VMA was cut at an end of the range before the error, it stays in two. Where the
/// error comes after the old pages were given up (from a hook, or from a new shmem object), the
/// range is left unmapped.
[[nodiscard]] Failure mmap_region(MmStruct& mm, const MmapRequest& request);

}  // namespace vmadiff::impl
