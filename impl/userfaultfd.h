// impl: what happens, fast? This file: what a userfaultfd does while others do their work.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// dup_userfaultfd: the copy of a parent's VMA keeps its userfaultfd, as one of the child's own,
/// where that asked for fork events. False where memory is exhausted.
[[nodiscard]] bool dup_userfaultfd(MmStruct& mm, const MmStruct& oldmm, VmArea& vma);

/// The reader of its userfaultfd, which cannot resolve a fault, closes it.
void give_up_userfaultfd(MmStruct& mm, const VmArea& vma);

/// A read that finds no page: where the VMA's userfaultfd is told of it (handle_userfault), its
/// reader's UFFDIO_ZEROPAGE or UFFDIO_CONTINUE gives private memory an anon_vma before anything
/// else, and is repeated until there is memory for it. Whoever has an anon_vma already, or is not
/// told, is none the wiser. Requires a page that its file has.
void userfault_read(MmStruct& mm, VmArea& vma);

/// Whether it loses its userfaultfd when it is moved.
[[nodiscard]] bool vma_has_uffd_without_event_remap(const MmStruct& mm, const VmArea& vma);

/// For the VMA that moved memory is in now. One whose userfaultfd asked for no remap events loses
/// it, all of it.
void mremap_userfaultfd_prep(const MmStruct& mm, VmArea& vma);

}  // namespace vmadiff::impl
