// impl: what happens, fast? This file: huge pages from hugetlbfs: reservations, faults, copies, and
// what gives pages back (mm/hugetlb.c, fs/hugetlbfs/inode.c).
#pragma once

#include <span>

#include "impl/file_operations.h"
#include "impl/mm.h"
#include "spec/syscall.h"

namespace vmadiff::impl {

/// hugetlb_file_setup: a new file of `length` bytes, in which nothing is reserved.
[[nodiscard]] spec::FileId hugetlb_file_setup(MmStruct& mm, spec::Address length);
/// hugetlbfs_file_mmap, of a mapping at a multiple of a huge page: ENOMEM where the pool has too
/// few pages for it.
[[nodiscard]] Failure hugetlb_reserve_pages(MmStruct& mm, HookState& state);

/// The VMA, which may be any, is one more of what it was copied from (hugetlb_vm_op_open).
void hugetlb_open(MmStruct& mm, const VmArea& vma);
/// hugetlb_dup_vma_private: of a child's VMA, whose reservations are its parent's.
void hugetlb_dup_vma_private(VmArea& vma);
/// copy_hugetlb_page_range, where dup_mmap would call it; the VMA may be any.
void copy_hugetlb_page_range(MmStruct& dst, const MmStruct& src, const VmArea& dst_vma);

/// hugetlb_fault: one access to the huge page at `addr`. SIGBUS. A userfaultfd that is told of a
/// missing page is closed.
[[nodiscard]] Failure hugetlb_fault(MmStruct& mm, VmArea& vma, spec::Address addr,
                                    spec::Access access);

/// unmap_hugepage_range; the ends are those of huge pages.
void unmap_hugepage_range(MmStruct& mm, VmArea& vma, spec::Address start, spec::Address end);
/// The VMAs, of which some may be of huge pages, go: their pages first, then their reservations
/// (unmap_vmas, hugetlb_vm_op_close).
void hugetlb_unmap_vmas(MmStruct& mm, std::span<VmArea* const> vmas);
/// exit_mmap, as far as huge pages go.
void hugetlb_exit_mmap(MmStruct& mm);
/// hugetlbfs_punch_hole, bytes.
void hugetlbfs_punch_hole(Hstate& h, spec::FileId file, std::uint64_t offset, spec::Address length);

/// move_hugetlb_page_tables, and fixup_hugetlb_reservations: all of the source VMA loses its
/// reservation map, whatever part of it moves.
void move_hugetlb_page_tables(MmStruct& mm, VmArea& vma, spec::Address from, spec::Address to,
                              spec::Address length);

/// The files that a call has put last are evicted before it returns (hugetlbfs_evict_inode).
void hugetlb_evict_unused(Hstate& h);
/// At the end of all processes the other files go, too.
void hugetlb_evict_all(Hstate& h);

}  // namespace vmadiff::impl
