// kernel: how much memory records can take at most.
#include "kernel/host/appetite.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>

#include "spec/flags.h"
#include "spec/setup.h"

namespace vmadiff::kernel {
namespace {

/// Page tables of the upper levels, for one place.
constexpr std::uint64_t kUpperTables = 3 * spec::kPageSize;
/// A VMA, its place in the tree and its anon_vma; a call makes two at most.
constexpr std::uint64_t kBytesPerVma = 512;
/// A process without memory: its task, its kernel stack, its files.
constexpr std::uint64_t kBytesPerProcess = std::uint64_t{64} << 10;
/// Pages behind one page of page tables.
constexpr std::uint64_t kPagesPerTable = 512;

/// More than the hard limit nobody locks.
std::uint64_t lockable(std::uint64_t length) {
  return std::min(length, spec::Limits{}.memlock_hard);
}

/// Of the pages that the call can bring in.
std::uint64_t pages_of(const Record& record, bool locks) {
  const auto& argument = record.argument;
  const auto length = argument[1];
  switch (record.number) {
    case kTouchRead:
    case kTouchWrite:
      return argument[1] * spec::kPageSize;
    case SYS_mmap:
      if ((argument[3] & MAP_POPULATE) != 0) return std::min(length, spec::Setup{}.task_size);
      return locks || (argument[3] & spec::kMapLocked) != 0 ? lockable(length) : 0;
    case SYS_madvise:
      return argument[2] == spec::kMadvPopulateRead || argument[2] == spec::kMadvPopulateWrite ||
                     argument[2] == spec::kMadvCollapse
                 ? std::min(length, spec::Setup{}.task_size)
                 : 0;
    case kProcessMadvise:
      return argument[4] == spec::kMadvPopulateRead || argument[4] == spec::kMadvPopulateWrite
                 ? std::min(argument[1], spec::Setup{}.task_size) +
                       std::min(argument[3], spec::Setup{}.task_size)
                 : 0;
    // Page tables alone, where there are no pages: marks.
    case kUffdWriteprotect:
    case kUffdRwprotect:
      return std::min(length, spec::Setup{}.task_size) / kPagesPerTable;
    case SYS_mlock:
    case SYS_mlock2:
      return lockable(length);
    case SYS_mlockall:
      return lockable(~std::uint64_t{0});
    default:
      return locks ? lockable(~std::uint64_t{0}) : 0;
  }
}

}  // namespace

void add_appetite(Appetite& appetite, std::span<const Record> records, std::size_t earlier,
                  bool locks) {
  for (const Record& record : records) {
    const auto pages = pages_of(record, locks);
    appetite.pages += pages + kUpperTables + pages / kPagesPerTable;
    appetite.kernel += 2 * kBytesPerVma;
    ++earlier;
    if (record.number != kFork) continue;
    // The new process has VMAs and page tables of its own for all that is there.
    appetite.kernel += kBytesPerProcess + 2 * kBytesPerVma * earlier;
    appetite.pages += appetite.pages / kPagesPerTable;
  }
}

}  // namespace vmadiff::kernel
