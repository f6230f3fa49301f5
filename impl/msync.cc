// impl: msync(2), as far as it says anything: pages are not kept, so none is written back.
#include "impl/calls.h"
#include "impl/file_operations.h"

namespace vmadiff::impl {

using namespace spec;

Outcome sys_msync(MmStruct& mm, const Msync& call) {
  const auto flags = static_cast<std::uint32_t>(call.flags);
  if ((flags & ~(kMsAsync | kMsInvalidate | kMsSync)) != 0) return Outcome::fail(Errno::kEINVAL);
  if (!is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  if ((flags & kMsAsync) != 0 && (flags & kMsSync) != 0) return Outcome::fail(Errno::kEINVAL);
  Address start = call.addr;
  const Address end = start + page_up(call.length);
  if (end < start) return Outcome::fail(Errno::kENOMEM);
  bool has_hole = false;
  while (start < end) {
    const VmArea* vma = mm.find_vma(start);
    if (vma == nullptr) return Outcome::fail(Errno::kENOMEM);
    if (start < vma->vm_start) {
      has_hole = true;
      if (vma->vm_start >= end) break;
    }
    if ((flags & kMsInvalidate) != 0 && (vma->vm_flags & kVmLocked) != 0) {
      return Outcome::fail(Errno::kEBUSY);
    }
    const bool is_synced =
        (flags & kMsSync) != 0 && !vma->vm_file.is_none() && (vma->vm_flags & kVmShared) != 0;
    if (is_synced && !has_fsync(vma->vm_file)) return Outcome::fail(Errno::kEINVAL);
    start = vma->vm_end;
  }
  return has_hole ? Outcome::fail(Errno::kENOMEM) : Outcome::ok();
}

}  // namespace vmadiff::impl
