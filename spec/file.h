// spec: what a mapping can be backed by. A file is named by class and number (`memfd:0`), never by
// a path: the class says all that matters to mmap.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "spec/units.h"

namespace vmadiff::spec {

struct KernelProfile;

/// What kind of object a VMA maps. The order is part of the byte codec of fuzz/: append only.
enum class FileClass : std::uint8_t {
  kNone,          ///< no file: private anonymous memory
  kMemfd,         ///< `memfd:N`: shmem, opened read-write, and may be sealed (kNoexecMemfd)
  kFile,          ///< `file:N`: a regular file, opened read-write
  kFileReadOnly,  ///< `file-ro:N`: a regular file, opened O_RDONLY
  kZero,          ///< `zero:N`: /dev/zero opened once per N
  kHugetlb,       ///< `hugetlb:N`: a hugetlbfs file (2 MiB pages of the machine's pool)
  kPfnmap,        ///< `pfnmap:N`: a legacy driver whose `.mmap` sets PFNMAP|IO|DONTEXPAND|DONTDUMP
  kPreparedPfnmap,  ///< `prepared-pfnmap:N`: the same by `.mmap_prepare`
  kUnmappable,   ///< `unmappable:N`: a file with neither hook: ENODEV. On a real kernel /dev/null,
                 ///< opened read-write (a pipe would add EPERM and EACCES of its own)
  kTwoHooks,     ///< `two-hooks:N`: a driver with both hooks: refused. No real kernel has one
  kAnonShared,   ///< the shmem object behind one shared anonymous or shared /dev/zero mapping
  kOther,        ///< `other:N`: what was mapped before the sequence began (the program itself)
  kAnonHugetlb,  ///< the hugetlb object behind one mapping with MAP_ANONYMOUS|MAP_HUGETLB
  kLegacyFile,   ///< `legacy-file:N`: as kFile, of a file system that has a legacy `.mmap` still
                 ///< (FUSE, NFS and 9p in 7.3): what KSM cannot know early of today's files
  kSysv,         ///< `sysv:N`: what a shmat of segment N maps; no mmap can name it
};
inline constexpr std::size_t kFileClassCount = 15;

/// The classes that an mmap can name, i.e. all but kNone, kAnonShared, kOther,
/// kAnonHugetlb, kSysv.
[[nodiscard]] std::span<const FileClass> mappable_file_classes();

/// The files that exist of each mappable class: numbers 0 … kFilesPerClass-1.
inline constexpr std::uint32_t kFilesPerClass = 4;
/// Size of every memfd and regular file, in pages. A touch behind it is a SIGBUS. A driver's
/// mapping (pfnmap, prepared-pfnmap, two-hooks) has all its pages, wherever it begins.
inline constexpr std::uint64_t kFileSizePages = 64;

/// The memfd of this number is made with MFD_NOEXEC_SEAL where there is that flag: nobody may
/// execute it as a program, and F_SEAL_EXEC is set. Of the others it is not, and sealing them so
/// seals them against writing, too.
inline constexpr std::uint32_t kNoexecMemfd = 3;

/// Identity of a mapped object. kAnonShared, kAnonHugetlb and kOther numbers are a system's own:
/// comparisons are up to renaming.
struct FileId {
  FileClass cls = FileClass::kNone;
  std::uint32_t number = 0;
  [[nodiscard]] constexpr bool is_none() const { return cls == FileClass::kNone; }
  friend constexpr bool operator==(const FileId&, const FileId&) = default;
};

/// Of a kSysv file, which is one shmat's own, the number says all: the segment, how it was opened,
/// and, as a system's own number, the how manieth attachment it is (0 where that cannot be seen).
[[nodiscard]] constexpr FileId attachment(std::uint32_t segment, bool read_only,
                                          std::uint32_t count) {
  return {FileClass::kSysv, (count * 2 + (read_only ? 1 : 0)) * kFilesPerClass + segment};
}
[[nodiscard]] constexpr std::uint32_t segment_of(FileId attached) {
  return attached.number % kFilesPerClass;
}
[[nodiscard]] constexpr bool is_attached_read_only(FileId file) {
  return file.cls == FileClass::kSysv && file.number / kFilesPerClass % 2 != 0;
}
/// Sizes of the segments, bytes. The last ends at the first byte of a page.
inline constexpr std::array<std::uint64_t, kFilesPerClass> kSegmentBytes{0x1000, 0x2000, 0x4000,
                                                                         0x7001};
/// Pages of a file of its own size: a touch behind them is a SIGBUS.
[[nodiscard]] constexpr std::uint64_t size_pages(FileId file) {
  return file.cls == FileClass::kSysv
             ? (kSegmentBytes[segment_of(file)] + kPageSize - 1) / kPageSize
             : kFileSizePages;
}

/// Which of the two hooks a file of this class has. Linux requires exactly one
/// (file_has_valid_mmap_hooks, 6.16); kernels whose profile has no `.mmap_prepare` give every
/// mappable file a legacy `.mmap`. kTwoHooks exists only where `.mmap_prepare` does.
struct Hooks {
  bool mmap = false;
  bool mmap_prepare = false;
};
[[nodiscard]] Hooks hooks_of(FileClass cls, const KernelProfile& profile);

/// "memfd", "file-ro", …; "anon" for kNone, "anon-shared" for kAnonShared.
[[nodiscard]] std::string_view name(FileClass cls);
/// "memfd:0"; "anon", "anon-shared" and "anon-hugetlb" stand without a number (their identity is
/// not a user's).
[[nodiscard]] std::string text(FileId file);
/// Reads "memfd:0"; nothing for a class or number that an mmap cannot name.
[[nodiscard]] std::optional<FileId> file_from_text(std::string_view text);

}  // namespace vmadiff::spec
