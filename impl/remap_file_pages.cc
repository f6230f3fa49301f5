// impl: remap_file_pages(2): since 4.0 a mapping of another part of the file over a shared one.
#include "impl/calls.h"
#include "impl/mmap.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// Whether [start, end), which begins in `vma`, lies in VMAs without a hole between them that have
/// its file and its flags.
bool is_covered_alike(const MmStruct& mm, const VmArea& vma, Address end) {
  const VmArea* part = &vma;
  while (part->vm_end < end) {
    part = mm.vma_lookup(part->vm_end);
    if (part == nullptr || part->vm_file != vma.vm_file || part->vm_flags != vma.vm_flags) {
      return false;
    }
  }
  return true;
}

}  // namespace

Outcome sys_remap_file_pages(MmStruct& mm, const RemapFilePages& call) {
  const Address start = page_down(call.addr);
  const Address length = page_down(call.length);
  const Address end = start + length;
  if (call.prot != 0 || end <= start) return Outcome::fail(Errno::kEINVAL);
  if (call.pgoff + (length >> kPageShift) < call.pgoff) return Outcome::fail(Errno::kEINVAL);
  const VmArea* vma = mm.vma_lookup(start);
  if (vma == nullptr || (vma->vm_flags & kVmShared) == 0 || !is_covered_alike(mm, *vma, end)) {
    return Outcome::fail(Errno::kEINVAL);
  }
  // Of the old mapping, the new one keeps file, access, and lock alone.
  Mmap again{start, length, vma->vm_flags & kVmAccessFlags, 0, vma->vm_file, 0};
  again.flags = (call.flags & kMapNonblock) | kMapShared | kMapFixed | kMapPopulate;
  if ((vma->vm_flags & kVmLocked) != 0) again.flags |= kMapLocked;
  const auto addr = do_mmap(mm, again, again.file, length, call.pgoff);
  return addr ? Outcome::ok() : Outcome::fail(addr.error());
}

}  // namespace vmadiff::impl
