// impl: what a class of files is to mmap.
#include "impl/file_operations.h"

#include <limits>

#include "impl/accounting.h"
#include "impl/hugetlb.h"
#include "impl/memfd.h"

namespace vmadiff::impl {

using namespace spec;

namespace {

/// Pages of 4 KiB in a huge page; a hugetlb mapping begins at a multiple of it in its file.
constexpr std::uint64_t kPagesPerHugePage = kHugePageSize >> kPageShift;
constexpr VmFlags kPfnmapFlags = kVmPfnmap | kVmIo | kVmDontexpand | kVmDontdump;

/// s_maxbytes of ext4 with blocks of 4 KiB; shmem and hugetlbfs have all of loff_t.
constexpr std::uint64_t kRegularFileBytesMax = std::uint64_t{0xffffffff} << kPageShift;

bool is_regular(FileId file) {
  return file.cls == FileClass::kMemfd || file.cls == FileClass::kFile ||
         file.cls == FileClass::kFileReadOnly || file.cls == FileClass::kLegacyFile ||
         is_file_hugepages(file) || file.cls == FileClass::kAnonShared ||
         file.cls == FileClass::kSysv;
}

/// hugetlbfs_file_mmap.
Failure hugetlb_hook(MmStruct& mm, HookState& state) {
  state.vm_flags |= kVmHugetlb | kVmDontexpand;
  if (state.pgoff % kPagesPerHugePage != 0) return Errno::kEINVAL;
  return hugetlb_reserve_pages(mm, state);
}

}  // namespace

bool is_writable(FileId file) {
  return file.cls != FileClass::kFileReadOnly && !is_attached_read_only(file);
}

bool path_noexec(const Setup& setup, FileId file) {
  switch (file.cls) {
    case FileClass::kZero:
    case FileClass::kUnmappable:  // /dev/null
      return setup.zero_noexec;
    case FileClass::kFile:
    case FileClass::kFileReadOnly:
    case FileClass::kLegacyFile:
      return setup.file_noexec;
    default:
      return false;
  }
}

bool has_mmap_sync(FileId file) {
  return file.cls == FileClass::kFile || file.cls == FileClass::kFileReadOnly ||
         file.cls == FileClass::kLegacyFile;
}

bool file_mmap_ok(FileId file, std::uint64_t pgoff, Address length) {
  const std::uint64_t size_max = is_regular(file)
                                     ? std::uint64_t{std::numeric_limits<std::int64_t>::max()}
                                     : std::numeric_limits<std::uint64_t>::max();
  return length <= size_max && pgoff <= (size_max - length) >> kPageShift;
}

bool can_mmap_file(const MmStruct& mm, FileId file) {
  if (file.cls == FileClass::kAnonShared) return true;
  const Hooks hooks = hooks_of(file.cls, mm.profile);
  return hooks.mmap != hooks.mmap_prepare;
}

std::uint64_t file_size_pages(const MmStruct& mm, FileId file) {
  switch (file.cls) {
    case FileClass::kMemfd:
    case FileClass::kFile:
    case FileClass::kFileReadOnly:
    case FileClass::kLegacyFile:
      return kFileSizePages;
    case FileClass::kSysv:
      return size_pages(file);
    case FileClass::kAnonShared:
      return mm.shmem_pages[file.number];
    default:
      return std::numeric_limits<std::uint64_t>::max();
  }
}

bool has_fsync(FileId file) {
  return file.cls != FileClass::kPfnmap && file.cls != FileClass::kPreparedPfnmap &&
         file.cls != FileClass::kTwoHooks;
}

Failure punch_hole(MmStruct& mm, FileId file, std::uint64_t offset, Address length) {
  constexpr std::uint64_t kOffsetMax = std::numeric_limits<std::int64_t>::max();
  if (offset > kOffsetMax) return Errno::kEINVAL;
  if (!is_regular(file)) return Errno::kENODEV;
  const std::uint64_t size_max = file.cls == FileClass::kFile ? kRegularFileBytesMax : kOffsetMax;
  if (offset + length > size_max) return Errno::kEFBIG;
  // shmem_fallocate
  if (is_write_sealed(mm, file)) return Errno::kEPERM;
  if (is_file_hugepages(file)) hugetlbfs_punch_hole(*mm.hstate, file, offset, length);
  return std::nullopt;
}

Failure call_hook(MmStruct& mm, HookState& state) {
  switch (state.file.cls) {
    case FileClass::kFile:
    case FileClass::kFileReadOnly:
    case FileClass::kLegacyFile:
      // daxdev_mapping_supported: MAP_SYNC needs DAX.
      if ((state.vm_flags & kVmSync) != 0) return Errno::kEOPNOTSUPP;
      return std::nullopt;
    case FileClass::kZero:
      if ((state.vm_flags & kVmShared) != 0) return shmem_zero_setup(mm, state);
      return std::nullopt;
    case FileClass::kHugetlb:
    case FileClass::kAnonHugetlb:
      return hugetlb_hook(mm, state);
    case FileClass::kMemfd:
      return seal_check_future_write(mm, state.file, state.vm_flags);
    case FileClass::kPfnmap:
    case FileClass::kPreparedPfnmap:
      state.vm_flags |= kPfnmapFlags;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

Failure shmem_zero_setup(MmStruct& mm, HookState& state) {
  if (mm.should_fail()) return Errno::kENOMEM;
  if ((state.vm_flags & kVmNoreserve) == 0 && !vm_enough_memory(mm, state.pages)) {
    return Errno::kENOMEM;
  }
  state.file = {FileClass::kAnonShared, static_cast<std::uint32_t>(mm.shmem_pages.size())};
  mm.shmem_pages.push_back(state.pages);
  return std::nullopt;
}

}  // namespace vmadiff::impl
