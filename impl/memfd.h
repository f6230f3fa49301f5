// impl: what happens, fast? This file: seals of memfds.
#pragma once

#include <array>
#include <cstdint>

#include "impl/mm.h"

namespace vmadiff::impl {

/// What the inodes of the memfds have of seals, whichever process maps them.
struct MemfdSeals {
  std::array<std::uint64_t, spec::kFilesPerClass> of_number{};
  /// As memfd_create leaves them.
  void reset(const spec::KernelProfile& profile);
};

/// The seals of a file; none of one that is no memfd.
[[nodiscard]] std::uint64_t file_seals(const MmStruct& mm, spec::FileId file);

/// is_write_sealed.
[[nodiscard]] bool is_write_sealed(const MmStruct& mm, spec::FileId file);

/// seal_check_future_write, by shmem's hook where that looks at F_SEAL_FUTURE_WRITE: the same of
/// that seal.
[[nodiscard]] Failure seal_check_future_write(const MmStruct& mm, spec::FileId file,
                                              spec::VmFlags& vm_flags);
/// memfd_check_seals_mmap: EPERM where a shared mapping could be written to in spite of a seal; one
/// that is read-only loses VM_MAYWRITE.
[[nodiscard]] Failure memfd_check_seals_mmap(const MmStruct& mm, spec::FileId file,
                                             spec::VmFlags& vm_flags);

/// How many of the process's VMAs the file counts as writers (i_mmap_writable).
[[nodiscard]] std::uint64_t writers_of(const MmStruct& mm, spec::FileId file);

/// memfd_add_seals; `writers` are those of all processes.
[[nodiscard]] Failure memfd_add_seals(MmStruct& mm, spec::FileId file, std::uint64_t seals,
                                      std::uint64_t writers);

}  // namespace vmadiff::impl
