// kernel/tree: the list of what is compiled from a tree. All that decides about VMAs is the tree's
// own; what is left to the glue stands in docs/tree.md.
#include "kernel/tree/parts.h"

#include <array>

namespace vmadiff::kernel {

std::span<const TreePart> tree_parts() {
  static constexpr std::array kParts{
      // The longest first: they are compiled beside each other.
      TreePart{.file = "mm/hugetlb.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/huge_memory.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "kernel/fork.c", .wrapper = "fork.c", .flags = {}},
      // Faults are the glue's.
      TreePart{.file = "mm/memory.c",
               .wrapper = {},
               .flags = "-Dhandle_mm_fault=vmadiff_tree_handle_mm_fault"},
      TreePart{.file = "mm/shmem.c", .wrapper = "shmem.c", .flags = {}},
      TreePart{.file = "mm/khugepaged.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/ksm.c", .wrapper = "ksm.c", .flags = {}},
      TreePart{.file = "mm/mempolicy.c", .wrapper = "mempolicy.c", .flags = {}},
      TreePart{.file = "mm/gup.c", .wrapper = "gup.c", .flags = {}},
      TreePart{.file = "mm/rmap.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/madvise.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/vma.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/vma_init.c", .wrapper = {}, .flags = {}, .may_be_absent = true},
      TreePart{.file = "mm/vma_exec.c", .wrapper = {}, .flags = {}, .may_be_absent = true},
      TreePart{.file = "mm/mmap.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/mmap_lock.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/mremap.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/mprotect.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/mlock.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/mseal.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/msync.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/util.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/pgtable-generic.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/pagewalk.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/interval_tree.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/memfd.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/mmu_gather.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/init-mm.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "mm/userfaultfd.c",
               .wrapper = {},
               .flags = {},
               .may_be_absent = true,
               .beside = "fs/userfaultfd.c"},
      TreePart{.file = "fs/hugetlbfs/inode.c", .wrapper = "hugetlbfs.c", .flags = {}},
      TreePart{.file = "kernel/sys.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "kernel/locking/rwsem.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "lib/maple_tree.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "lib/rbtree.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "lib/percpu_counter.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "lib/xarray.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "lib/iov_iter.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "lib/bitmap.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "lib/find_bit.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "arch/x86/kernel/sys_x86_64.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "arch/x86/mm/pgtable.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "arch/x86/mm/pgprot.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "arch/x86/mm/hugetlbpage.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "arch/x86/mm/mmap.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "arch/x86/mm/pkeys.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "security/commoncap.c", .wrapper = {}, .flags = {}},
      TreePart{.file = "drivers/char/mem.c", .wrapper = "mem.c", .flags = {}},
  };
  return kParts;
}

}  // namespace vmadiff::kernel
