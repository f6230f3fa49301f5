// impl: what happens, fast? This file: what a class of files is to mmap: its mode, its limits, and
// what its hooks do.
#pragma once

#include "impl/mm.h"

namespace vmadiff::impl {

/// FMODE_WRITE. All mappable classes are open for reading.
[[nodiscard]] bool is_writable(spec::FileId file);
/// path_noexec: the file's mount forbids execution.
[[nodiscard]] bool path_noexec(const spec::Setup& setup, spec::FileId file);
/// FOP_MMAP_SYNC: the file system looks at MAP_SYNC (ext4, XFS, Btrfs), to refuse it without DAX.
[[nodiscard]] bool has_mmap_sync(spec::FileId file);
/// file_mmap_ok: whether `length` bytes at page `pgoff` can be addressed in such a file. A regular
/// file (memfd and hugetlbfs have those) ends at 2^63 bytes, any other at 2^64.
[[nodiscard]] bool file_mmap_ok(spec::FileId file, std::uint64_t pgoff, spec::Address length);
/// can_mmap_file: it has exactly one of the two hooks, as a shmem object has, though no mmap can
/// name it.
[[nodiscard]] bool can_mmap_file(const MmStruct& mm, spec::FileId file);
/// Pages that a fault finds; all there are for memory that is not limited by a size.
[[nodiscard]] std::uint64_t file_size_pages(const MmStruct& mm, spec::FileId file);

/// vfs_fallocate with FALLOC_FL_PUNCH_HOLE, bytes: whether the file, which is open for writing, has
/// room for such a hole, and no seal against it. Its size stays; of pages only huge ones are kept,
/// and go. EINVAL, ENODEV, EFBIG, EPERM.
[[nodiscard]] Failure punch_hole(MmStruct& mm, spec::FileId file, std::uint64_t offset,
                                 spec::Address length);
/// f_op->fsync: what msync can wait for. A driver has none.
[[nodiscard]] bool has_fsync(spec::FileId file);

/// What a hook may look at and change: of a VMA to come (`.mmap_prepare`), or of a new one
/// (`.mmap`).
struct HookState {
  spec::FileId file;
  spec::VmFlags vm_flags = 0;
  std::uint64_t pgoff = 0;  ///< pages
  std::uint64_t pages = 0;
  std::uint32_t vm_private_data = 0;
};
/// The hook of the file's class, whichever of the two it is. EOPNOTSUPP, EINVAL, ENOMEM.
[[nodiscard]] Failure call_hook(MmStruct& mm, HookState& state);
/// shmem_zero_setup: a new shmem object becomes the file. ENOMEM where its charge is refused.
[[nodiscard]] Failure shmem_zero_setup(MmStruct& mm, HookState& state);

}  // namespace vmadiff::impl
