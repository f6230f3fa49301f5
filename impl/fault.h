// impl: what happens, fast? This file: one page fault, as far as it leaves a trace in its VMA.
#pragma once

#include "impl/mm.h"
#include "spec/syscall.h"

namespace vmadiff::impl {

/// FAULT_FLAG_ALLOW_RETRY: who may not let the mm's lock go cannot wait for a userfaultfd either
/// (handle_userfault: a SIGBUS, without a message, behind vmf_anon_prepare).
enum class FaultRetry : std::uint8_t { kNotAllowed, kAllowed };

/// handle_mm_fault for an access, which the VMA allows, to its page at `addr` (bytes): SIGSEGV
/// for a guard, SIGBUS, or nothing. Guards and huge pages aside, it is the first page that leaves
/// all there is to see (an anon_vma), and if one of two pages is a SIGBUS, the higher one is. A VMA
/// with a userfaultfd may be gone afterwards: that is closed where its reader cannot go on.
[[nodiscard]] Failure handle_mm_fault(MmStruct& mm, VmArea& vma, spec::Address addr,
                                      spec::Access access, FaultRetry retry = FaultRetry::kAllowed);

}  // namespace vmadiff::impl
