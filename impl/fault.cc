// impl: touch: the page faults that accesses give, as far as they leave a trace in VMAs.
#include "impl/fault.h"

#include "impl/anon_vma.h"
#include "impl/calls.h"
#include "impl/expand_stack.h"
#include "impl/file_operations.h"
#include "impl/hugetlb.h"
#include "impl/userfaultfd.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// Whether the VMA lets the access through (access_error on x86): a read needs any of read, write,
/// execute; and its protection key.
bool is_allowed(const MmStruct& mm, const VmArea& vma, Access access) {
  const bool write = access == Access::kWrite;
  return (vma.vm_flags & (write ? kVmWrite : kVmAccessFlags)) != 0 &&
         mm.pkeys.permits(vma.vm_flags, write);
}

/// do_anonymous_page: a read maps the zero page instead, unless mm_forbids_zeropage. Of a file, a
/// read maps the file's page (do_read_fault).
bool needs_anon_folio(const MmStruct& mm, const VmArea& vma, Access access) {
  if ((vma.vm_flags & kVmShared) != 0) return false;
  const bool mm_forbids_zeropage = !mm.setup->zero_page;
  return access == Access::kWrite || (mm_forbids_zeropage && vma.is_anonymous());
}

/// mfill_file_over_size: /dev/zero, whose private mappings are anonymous and have a file of size 0.
bool is_beyond_uffd(const VmArea& vma) {
  return (vma.vm_flags & kVmUffdMissing) != 0 && vma.vm_file.cls == FileClass::kZero;
}

}  // namespace

Failure handle_mm_fault(MmStruct& mm, VmArea& vma, Address addr, Access access, FaultRetry retry) {
  if (is_file_hugepages(vma.vm_file)) return hugetlb_fault(mm, vma, addr, access);
  // handle_pte_marker: the VMA's handler is never asked.
  if (mm.guards.first(addr, addr + kPageSize) == addr) return Errno::kSIGSEGV;
  if (is_beyond_uffd(vma) && retry == FaultRetry::kNotAllowed)
    return anon_vma_prepare(mm, vma) ? Errno::kSIGBUS : Errno::kENOMEM;
  if (is_beyond_uffd(vma)) {
    userfault_read(mm, vma);
    give_up_userfaultfd(mm, vma);
    return handle_mm_fault(mm, *mm.find_vma(addr), addr, access);
  }
  // A private page of its own; the anon_vma comes before the file is looked at (do_cow_fault), so
  // a write behind the end of the file leaves one too.
  if (needs_anon_folio(mm, vma, access) && !anon_vma_prepare(mm, vma)) return Errno::kENOMEM;
  const std::uint64_t page = vma.vm_pgoff + ((addr - vma.vm_start) >> kPageShift);
  if (page >= file_size_pages(mm, vma.vm_file)) return Errno::kSIGBUS;
  if (access == Access::kRead) userfault_read(mm, vma);
  return std::nullopt;
}

Outcome touch(MmStruct& mm, const Touch& call) {
  if (call.length == 0) return Outcome::ok();
  const Address end = call.addr + call.length;
  if (call.length > kTouchBytesMax || end < call.addr || end > mm.setup->task_size) {
    return Outcome::fail(Errno::kSIGSEGV);
  }
  VmArea* vma = nullptr;
  for (Address page = page_down(call.addr); page < end; page += kPageSize) {
    if (vma == nullptr || page >= vma->vm_end) vma = find_vma_or_expand(mm, page);
    if (vma == nullptr || !is_allowed(mm, *vma, call.access)) {
      return Outcome::fail(Errno::kSIGSEGV);
    }
    const bool is_armed = vma->uffd_ctx != kNoUffdCtx;
    Failure failed = handle_mm_fault(mm, *vma, page, call.access);
    if (is_armed) vma = mm.find_vma(page);
    // pagefault_out_of_memory: the instruction is simply run again.
    while (failed == Errno::kENOMEM) failed = handle_mm_fault(mm, *vma, page, call.access);
    if (failed) return Outcome::fail(*failed);
  }
  return Outcome::ok();
}

}  // namespace vmadiff::impl
