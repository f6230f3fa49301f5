// impl: the mm's counters, and overcommit.
#include "impl/accounting.h"

namespace vmadiff::impl {

using namespace spec;

void count_pages(PageCounts& counts, VmFlags flags, std::uint64_t pages) {
  counts.total += pages;
  if ((flags & kVmLocked) != 0) counts.locked += pages;
  // is_exec_mapping, is_stack_mapping, is_data_mapping; VM_STACK is VM_GROWSDOWN on x86.
  if ((flags & (kVmExec | kVmWrite | kVmGrowsdown)) == kVmExec) {
    counts.exec += pages;
  } else if ((flags & kVmGrowsdown) != 0) {
    counts.stack += pages;
  } else if ((flags & (kVmWrite | kVmShared)) == kVmWrite) {
    counts.data += pages;
  }
}

void vm_stat_account(MmStruct& mm, VmFlags flags, std::uint64_t pages) {
  PageCounts counts;
  count_pages(counts, flags, pages);
  mm.counters.total_vm += counts.total;
  mm.counters.data_vm += counts.data;
  mm.counters.stack_vm += counts.stack;
  mm.counters.exec_vm += counts.exec;
}

void vm_stat_unaccount(MmStruct& mm, VmFlags flags, std::uint64_t pages) {
  vm_stat_account(mm, flags, -pages);
}

bool accountable_mapping(FileId file, VmFlags flags) {
  if (is_file_hugepages(file)) return false;
  return (flags & (kVmNoreserve | kVmShared | kVmWrite)) == kVmWrite;
}

bool vm_enough_memory(const MmStruct& mm, std::uint64_t pages) {
  return pages <= mm.setup->overcommit_pages;
}

}  // namespace vmadiff::impl
