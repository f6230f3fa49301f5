// impl: madvise(2), with MADV_MERGEABLE and MADV_UNMERGEABLE.
#include "impl/calls.h"
#include "impl/ksm.h"
#include "impl/split.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// madvise_vma_behavior for [start, end) of `vma`. Moves `prev` to the VMA that now includes it.
Failure madvise_vma(MmStruct& mm, VmArea& vma, VmArea*& prev, Address start, Address end,
                    std::int32_t advice) {
  const VmFlags flags = ksm_madvise(vma, advice);
  if (flags == vma.vm_flags) {
    prev = &vma;
    return std::nullopt;
  }
  const auto modified = vma_modify_flags(mm, prev, vma, start, end, flags);
  if (!modified) {
    // madvise answers EAGAIN where a resource of the kernel is short.
    return modified.error() == Errno::kENOMEM ? Errno::kEAGAIN : modified.error();
  }
  prev = *modified;
  prev->vm_flags = flags;
  return std::nullopt;
}

/// madvise_walk_vmas: goes on past holes and answers ENOMEM at the end.
Failure madvise_walk_vmas(MmStruct& mm, Address start, Address end, std::int32_t advice) {
  Failure unmapped;
  VmArea* vma = mm.find_vma(start);
  VmArea* prev = vma != nullptr && start > vma->vm_start ? vma : mm.vma_before(start);
  while (true) {
    if (vma == nullptr) return Errno::kENOMEM;
    if (start < vma->vm_start) {
      unmapped = Errno::kENOMEM;
      start = vma->vm_start;
      if (start >= end) return unmapped;
    }
    if (const Failure failed =
            madvise_vma(mm, *vma, prev, start, std::min(end, vma->vm_end), advice)) {
      return failed;
    }
    start = prev->vm_end;
    if (start >= end) return unmapped;
    vma = mm.find_vma(start);
  }
}

}  // namespace

Outcome sys_madvise(MmStruct& mm, const Madvise& call) {
  if (call.advice != kMadvMergeable && call.advice != kMadvUnmergeable) {
    return Outcome::fail(Errno::kEINVAL);
  }
  if (!is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  const Address length = page_up(call.length);
  if (call.length != 0 && length == 0) return Outcome::fail(Errno::kEINVAL);
  const Address end = call.addr + length;
  if (end < call.addr) return Outcome::fail(Errno::kEINVAL);
  if (length == 0) return Outcome::ok();
  const Failure failed = madvise_walk_vmas(mm, call.addr, end, call.advice);
  return failed ? Outcome::fail(*failed) : Outcome::ok();
}

}  // namespace vmadiff::impl
