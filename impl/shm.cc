// impl: System V shared memory: do_shmat and ksys_shmdt. The segments are there for ever; what
// counts is the VMAs.
#include "impl/calls.h"
#include "impl/mmap.h"
#include "impl/munmap.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// Whether the VMA is a part, at its own place, of a segment attached at `addr`.
bool is_fragment_of(const VmArea& vma, Address addr) {
  return vma.vm_file.cls == FileClass::kSysv && (vma.vm_start - addr) / kPageSize == vma.vm_pgoff;
}

}  // namespace

Outcome sys_shmat(MmStruct& mm, const Shmat& call) {
  const bool remap = (call.flags & kShmRemap) != 0;
  const bool read_only = (call.flags & kShmRdonly) != 0;
  Address addr = call.addr;
  Mmap attach{0, 0, kProtRead, kMapShared, {}, 0};
  if (addr != 0) {
    if (!is_page_aligned(addr)) {
      if ((call.flags & kShmRnd) == 0) return Outcome::fail(Errno::kEINVAL);
      addr = page_down(addr);
      if (addr == 0 && remap) return Outcome::fail(Errno::kEINVAL);
    }
    attach.flags |= kMapFixed;
  } else if (remap) {
    return Outcome::fail(Errno::kEINVAL);
  }
  if (!read_only) attach.prot |= kProtWrite;
  if ((call.flags & kShmExec) != 0) attach.prot |= kProtExec;
  // shm_obtain_object_check.
  if (call.segment >= kSegmentBytes.size()) return Outcome::fail(Errno::kEINVAL);
  // shm_file_data, and the file.
  if (mm.should_fail()) return Outcome::fail(Errno::kENOMEM);
  attach.addr = addr;
  attach.length = kSegmentBytes[call.segment];
  attach.file = attachment(static_cast<std::uint32_t>(call.segment), read_only, ++mm.attachments);
  if (addr != 0 && !remap) {
    const Address end = addr + attach.length;
    if (end < addr) return Outcome::fail(Errno::kEINVAL);
    if (mm.find_vma_intersection(addr, end) != nullptr) return Outcome::fail(Errno::kEINVAL);
  }
  const auto mapped = do_mmap(mm, attach, attach.file, attach.length, 0);
  return mapped ? Outcome::ok(*mapped) : Outcome::fail(mapped.error());
}

Outcome sys_shmdt(MmStruct& mm, const Shmdt& call) {
  const Address addr = call.addr;
  if (!is_page_aligned(addr)) return Outcome::fail(Errno::kEINVAL);
  // The first fragment, wherever it is above, says which file it is and how far to look.
  VmArea* vma = mm.find_vma(addr);
  while (vma != nullptr && !is_fragment_of(*vma, addr)) vma = mm.find_vma(vma->vm_end);
  if (vma == nullptr) return Outcome::fail(Errno::kEINVAL);
  const FileId file = vma->vm_file;
  const Address size = size_pages(file) << kPageShift;
  do {
    const Address start = vma->vm_start;
    const Address end = vma->vm_end;
    // Errors are of no interest to it: a sealed fragment stays.
    if (vma->vm_file == file && is_fragment_of(*vma, addr)) {
      static_cast<void>(do_vmi_align_munmap(mm, start, end));
    }
    vma = mm.find_vma(end);
  } while (vma != nullptr && vma->vm_end - addr <= size);
  return Outcome::ok();
}

}  // namespace vmadiff::impl
