// model: what each class of file means for a mapping.
#include "model/file_rules.h"

#include "model/huge_pages.h"
#include "model/seals.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Errno;
using spec::FileClass;
using spec::Vma;

namespace {

/// A regular file on a disk, or on what stands for one.
bool is_of_a_file_system(FileClass cls) {
  return cls == FileClass::kFile || cls == FileClass::kFileReadOnly ||
         cls == FileClass::kLegacyFile;
}

/// Shared memory, whoever made it.
bool is_shmem(FileClass cls) {
  return cls == FileClass::kMemfd || cls == FileClass::kAnonShared || cls == FileClass::kSysv;
}

}  // namespace

bool is_opened_writable(spec::FileId file) {
  return file.cls != FileClass::kFileReadOnly && !spec::is_attached_read_only(file);
}

bool is_noexec(FileClass cls, const spec::Setup& setup) {
  switch (cls) {
    case FileClass::kFile:
    case FileClass::kFileReadOnly:
    case FileClass::kLegacyFile:
      return setup.file_noexec;
    case FileClass::kZero:
    case FileClass::kUnmappable:  // /dev/null
      return setup.zero_noexec;
    default:
      return false;
  }
}

bool allows_map_sync(FileClass cls) { return is_of_a_file_system(cls); }

bool can_move_with_others(FileClass cls) {
  return cls != FileClass::kZero && cls != FileClass::kSysv;
}

bool offset_fits(FileClass cls, std::uint64_t pgoff, spec::Address length) {
  const bool regular = is_shmem(cls) || is_of_a_file_system(cls) || is_hugetlb(cls);
  const std::uint64_t size_max = regular ? ~std::uint64_t{0} >> 1 : ~std::uint64_t{0};
  return length <= size_max && pgoff <= (size_max - length) >> spec::kPageShift;
}

bool has_valid_hooks(FileClass cls, const spec::KernelProfile& profile) {
  // remap_file_pages maps the object of shared anonymous memory, which is a shmem file, again.
  if (cls == FileClass::kAnonShared) return true;
  const spec::Hooks hooks = hooks_of(cls, profile);
  return hooks.mmap != hooks.mmap_prepare;
}

Result call_hook(AddressSpace& space, Vma& mapping) {
  switch (mapping.file.cls) {
    case FileClass::kFile:
    case FileClass::kFileReadOnly:
    case FileClass::kLegacyFile:
      // VM_SYNC needs a DAX file, which none of ours is. This is after MAP_FIXED has unmapped.
      if ((mapping.flags & spec::kVmSync) != 0) return fail(Errno::kEOPNOTSUPP);
      return {};
    case FileClass::kZero:
      if ((mapping.flags & spec::kVmShared) == 0) return {};
      [[fallthrough]];  // shared /dev/zero is shared anonymous memory, but keeps its offset
    case FileClass::kNone:
      if ((mapping.flags & spec::kVmNoreserve) == 0 && space.refuses_charge(mapping.pages())) {
        return fail(Errno::kENOMEM);
      }
      mapping.file = space.new_anon_shared(mapping.pages());
      return {};
    case FileClass::kHugetlb:
    case FileClass::kAnonHugetlb:
      mapping.flags |= spec::kVmHugetlb | spec::kVmDontexpand;
      if (mapping.pgoff % (spec::kHugePageSize / spec::kPageSize) != 0) return fail(Errno::kEINVAL);
      return reserve_huge_pages(space, mapping);
    case FileClass::kMemfd:
      return apply_seals_of_hook(space, mapping);
    case FileClass::kPfnmap:
    case FileClass::kPreparedPfnmap:
      mapping.flags |= spec::kVmPfnmap | spec::kVmIo | spec::kVmDontexpand | spec::kVmDontdump;
      return {};
    default:
      return {};
  }
}

Result punch_hole(FileClass cls, std::uint64_t offset, spec::Address length) {
  constexpr std::uint64_t kSigned = ~std::uint64_t{0} >> 1;
  if (offset > kSigned) return fail(Errno::kEINVAL);
  const bool is_regular = is_shmem(cls) || is_of_a_file_system(cls) || is_hugetlb(cls);
  if (!is_regular) return fail(Errno::kENODEV);
  // ext4 with blocks of 4 KiB has 32 bits for their number.
  constexpr std::uint64_t kExt4Max = 0xffffffff000;
  const std::uint64_t size_max = cls == FileClass::kFile ? kExt4Max : kSigned;
  return offset + length > size_max ? fail(Errno::kEFBIG) : Result{};
}

std::uint64_t object_pages(const AddressSpace& space, const Vma& vma) {
  switch (vma.file.cls) {
    case FileClass::kMemfd:
    case FileClass::kFile:
    case FileClass::kFileReadOnly:
    case FileClass::kLegacyFile:
    case FileClass::kSysv:
      return spec::size_pages(vma.file);
    case FileClass::kAnonShared:
      return space.anon_shared_pages[vma.file.number];
    default:
      return ~std::uint64_t{0};
  }
}

}  // namespace vmadiff::model
