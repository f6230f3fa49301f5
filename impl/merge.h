// impl: what happens, fast? This file: when neighbouring VMAs become one.
//
// A merge is described by one struct, VmaMergeStruct, that names the range and its neighbours:
//
//       prev        middle        next            PPPP****NNNN
//   |----------|--------------|----------|        * is the range [start, end)
//
// `middle` is the VMA whose attributes change in the range (mprotect, madvise), null for a range
// that is new (mmap, brk). The functions fill in what they decided and why.
#pragma once

#include <cstdint>

#include "impl/mm.h"

namespace vmadiff::impl {

/// Whether the range can merge with one neighbour, or the first reason why not, in the kernel's
/// order of checks.
enum class MergeAnswer : std::uint8_t {
  kNotAsked,     ///< brk does not ask for the right; an existing range inside its VMA for neither
  kYes,          ///< it can
  kSpecial,      ///< the range is VM_SPECIAL
  kNoNeighbour,  ///< nothing is mapped on that side
  kNotAdjacent,  ///< there is a hole between
  kPolicy,       ///< memory policies differ
  kFlags,        ///< vm_flags differ
  kFile,         ///< files differ
  kUffdCtx,      ///< userfaultfds differ
  kCloseHook,    ///< a VMA with a close hook would go
  kAnonVma,      ///< range and neighbour have anon_vmas that may not merge
  kName,         ///< names of anonymous memory differ
  kPgoff,        ///< page offsets, of the file or of anonymous pages, are not contiguous
  kNeighboursAnonVma,  ///< each neighbour suits the range, but their anon_vmas differ
};

/// enum vma_merge_state.
enum class MergeState : std::uint8_t { kStart, kNoMerge, kErrorNomem, kSuccess };

/// struct vma_merge_struct.
struct VmaMergeStruct {
  // Given by the caller. next is found by vma_merge_existing_range itself.
  VmArea* prev = nullptr;    ///< the VMA before the range, adjacent or not; middle itself where the
                             ///< range begins inside it
  VmArea* middle = nullptr;  ///< the VMA that contains the range, or null
  VmArea* next = nullptr;    ///< the VMA behind the range, adjacent or not
  spec::Address start = 0;   ///< bytes; [start, end). After success: the merged range, except where
  spec::Address end = 0;     ///< a merge with next only shrinks middle
  spec::VmFlags vm_flags = 0;
  std::uint64_t pgoff = 0;       ///< pages
  std::uint64_t anon_pgoff = 0;  ///< pages; as of a VMA
  spec::FileId file;
  spec::AnonVmaId anon_vma = spec::kNoAnonVma;
  spec::MemPolicy policy;
  spec::VmaName anon_name;
  UffdCtxId uffd_ctx = kNoUffdCtx;
  bool just_expand = false;             ///< only towards prev (brk)
  bool next_first = false;              ///< prev only as next is, where the range merges with that
  const VmArea* copied_from = nullptr;  ///< the VMA whose memory the range takes over (mremap)

  // Decided.
  MergeState state = MergeState::kStart;
  MergeAnswer left = MergeAnswer::kNotAsked;
  MergeAnswer right = MergeAnswer::kNotAsked;
  VmArea* target = nullptr;  ///< the VMA that grows
  bool remove_middle = false;
  bool remove_next = false;
  bool adjust_middle_start = false;  ///< prev grows into middle, which keeps its end
  bool adjust_next_start = false;    ///< next grows into middle, which keeps its start
};

/// Whether the range can merge with prev.
[[nodiscard]] MergeAnswer can_vma_merge_left(const MmStruct& mm, const VmaMergeStruct& vmg);
/// Whether it can merge with next; `with_left`: besides with prev.
[[nodiscard]] MergeAnswer can_vma_merge_right(const MmStruct& mm, const VmaMergeStruct& vmg,
                                              bool with_left);

/// For a range in which nothing is mapped, or what is mapped is about to go. Returns the VMA that
/// now includes the range, or null; out of memory counts as no merge and changes nothing.
VmArea* vma_merge_new_range(MmStruct& mm, VmaMergeStruct& vmg);

/// vma_merge_copied_range: the same for a range that is to hold what `source` does. The VMA that it
/// becomes a part of gets the anon_vma of the source's pages, if it has none.
VmArea* vma_merge_copied_range(MmStruct& mm, VmaMergeStruct& vmg, const VmArea& source);

/// vma_merge_extend: grows `vma` by `delta` bytes, in which nothing is mapped, and joins it with
/// the VMA behind them where it can. Returns the VMA, or null: VM_SPECIAL, out of memory.
[[nodiscard]] VmArea* vma_merge_extend(MmStruct& mm, VmArea& vma, spec::Address delta);

/// For a range of vmg.middle that is about to have other vm_flags, another policy or name. Returns
/// the VMA that now includes the range (and has them already), or null with nothing changed;
/// vmg.state tells out of memory from no merge.
VmArea* vma_merge_existing_range(MmStruct& mm, VmaMergeStruct& vmg);

}  // namespace vmadiff::impl
