// model: what each class of file means for a mapping: how it was opened, what its `.mmap` or
// `.mmap_prepare` hook does, how large it is. Everything that depends on a FileClass is here.
#pragma once

#include <cstdint>

#include "model/address_space.h"
#include "model/result.h"
#include "spec/file.h"
#include "spec/snapshot.h"

namespace vmadiff::model {

/// Opened O_RDWR; the others O_RDONLY.
[[nodiscard]] bool is_opened_writable(spec::FileId file);
/// On a file system mounted noexec: MAP_* with PROT_EXEC is EPERM, and VM_MAYEXEC is never set.
[[nodiscard]] bool is_noexec(spec::FileClass cls, const spec::Setup& setup);
/// 2 MiB pages, all from the machine's pool (model/huge_pages.h).
[[nodiscard]] constexpr bool is_hugetlb(spec::FileClass cls) {
  return cls == spec::FileClass::kHugetlb || cls == spec::FileClass::kAnonHugetlb;
}
/// Whether the file's operations allow MAP_SYNC (FOP_MMAP_SYNC); its hook may still refuse.
[[nodiscard]] bool allows_map_sync(spec::FileClass cls);
/// Whether mremap moves such a mapping together with other VMAs: not where the file places its
/// mappings by a rule of its own, unless that is known to take a fixed address (vma_multi_allowed).
/// System V shared memory hides that it is shmem.
[[nodiscard]] bool can_move_with_others(spec::FileClass cls);
/// Whether bytes [offset, offset + length) can be addressed in such a file (file_mmap_ok): regular
/// files have signed offsets, devices unsigned ones. `pgoff` in pages, `length` in bytes.
[[nodiscard]] bool offset_fits(spec::FileClass cls, std::uint64_t pgoff, spec::Address length);
/// Whether mmap calls a hook of the file: exactly one of `.mmap` and `.mmap_prepare` is there.
[[nodiscard]] bool has_valid_hooks(spec::FileClass cls, const spec::KernelProfile& profile);

/// What the file's hook does to the mapping that is about to be made: it may change flags and file,
/// or refuse. The same work whether the hook is `.mmap` or `.mmap_prepare`; only when differs.
[[nodiscard]] Result call_hook(AddressSpace& space, spec::Vma& mapping);

/// Punching a hole of `length` bytes at byte `offset` into such a file (vfs_fallocate).
/// ENODEV: a device. EINVAL, EFBIG: behind the largest file that there can be.
[[nodiscard]] Result punch_hole(spec::FileClass cls, std::uint64_t offset, spec::Address length);

/// Whether the VMA's owner wants to hear when it goes (a close hook).
[[nodiscard]] constexpr bool has_close_hook(const spec::Vma& vma) {
  return vma.file.cls == spec::FileClass::kSysv;
}
/// Memory that lives in the VMA's own pages only: no file, or private /dev/zero (whose VMA keeps
/// the file, but has no vm_ops).
[[nodiscard]] constexpr bool is_anonymous(const spec::Vma& vma) {
  return vma.file.cls == spec::FileClass::kNone || vma.file.cls == spec::FileClass::kZero;
}
/// A device whose memory has no file behind it that could be synchronised.
[[nodiscard]] constexpr bool is_driver(spec::FileClass cls) {
  return cls == spec::FileClass::kPfnmap || cls == spec::FileClass::kPreparedPfnmap ||
         cls == spec::FileClass::kTwoHooks;
}
/// Pages of the object behind the VMA; a touch at or above is a SIGBUS. All ones where none is, and
/// for huge pages, which are another matter.
[[nodiscard]] std::uint64_t object_pages(const AddressSpace& space, const spec::Vma& vma);

}  // namespace vmadiff::model
