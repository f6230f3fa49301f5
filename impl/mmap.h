// impl: what happens, fast? This file: mmap's way, for those who come from another call.
#pragma once

#include "impl/mm.h"
#include "spec/syscall.h"

namespace vmadiff::impl {

/// do_mmap: maps `length` bytes (for hugetlb already rounded up to a huge page) of `file` from page
/// `pgoff` on, else as `call` says. All errnos of mmap but those of its descriptor and alignment.
[[nodiscard]] AddressOrErrno do_mmap(MmStruct& mm, const spec::Mmap& call, spec::FileId file,
                                     spec::Address length, std::uint64_t pgoff);

}  // namespace vmadiff::impl
