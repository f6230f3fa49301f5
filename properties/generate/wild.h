// properties: wild arguments. What a hostile or mistaken caller passes: unaligned, empty, wrapping,
// out of range, unknown. The generator puts them into about one call in ten.
#pragma once

#include "properties/generate/random.h"
#include "spec/setup.h"
#include "spec/syscall.h"

namespace vmadiff::properties {

/// Spoils one argument of `call`. Stays within what this version models.
void make_wild(spec::Syscall& call, Random& random, const spec::Setup& setup);

/// Takes away what would make a real kernel fill more than kTouchBytesMax of memory in one call;
/// what is locked is bounded by RLIMIT_MEMLOCK anyway. Keeps mappings of drivers' files to their
/// first `driver_pages` pages, unless that is 0, and what mremap makes below the size at which KSM
/// takes seconds to let go of it.
void tame(spec::Syscall& call, std::uint64_t driver_pages);

/// Whether a mapping of a driver's file stays within its first `driver_pages` pages; so does what
/// maps no such file.
[[nodiscard]] bool fits_driver(const spec::Mmap& call, std::uint64_t driver_pages);

}  // namespace vmadiff::properties
