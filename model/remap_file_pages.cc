// model: remap_file_pages, which is nowadays an mmap of the same object over the shared mapping
// that is there: same permissions, another offset. What else the VMA's flags said is forgotten.
#include <algorithm>

#include "model/calls.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::Outcome;
using spec::Range;
using spec::Vma;

namespace {

std::uint64_t prot_of(const Vma& vma) {
  std::uint64_t prot = 0;
  if ((vma.flags & spec::kVmRead) != 0) prot |= spec::kProtRead;
  if ((vma.flags & spec::kVmWrite) != 0) prot |= spec::kProtWrite;
  if ((vma.flags & spec::kVmExec) != 0) prot |= spec::kProtExec;
  return prot;
}

// The range may reach over several VMAs if these are alike and leave no hole.
bool is_all_like(const AddressSpace& space, Range range, const Vma& first) {
  if (!space.vmas.is_all_mapped(range)) return false;
  return std::ranges::all_of(space.vmas.all(), [&](const auto& entry) {
    const Vma& vma = entry.second;
    return !vma.range().overlaps(range) || (vma.file == first.file && vma.flags == first.flags);
  });
}

}  // namespace

Outcome run(AddressSpace& space, const spec::RemapFilePages& call) {
  if (call.prot != 0) return Outcome::fail(Errno::kEINVAL);
  const Address start = spec::page_down(call.addr);
  const Address length = spec::page_down(call.length);
  if (start + length <= start || call.pgoff + (length >> spec::kPageShift) < call.pgoff) {
    return Outcome::fail(Errno::kEINVAL);
  }
  const Vma* const vma = space.vmas.at(start);
  if (vma == nullptr || (vma->flags & spec::kVmShared) == 0 ||
      !is_all_like(space, {start, start + length}, *vma)) {
    return Outcome::fail(Errno::kEINVAL);
  }
  if (space.map_count() > space.setup->max_map_count) return Outcome::fail(Errno::kENOMEM);
  // mmap would round the length of a hugetlb file's mapping up; this call does not.
  const bool is_huge = (vma->flags & spec::kVmHugetlb) != 0;
  if (is_huge && length % spec::kHugePageSize != 0) return Outcome::fail(Errno::kEINVAL);
  constexpr std::uint64_t kPgoffMax = ~std::uint64_t{0} >> spec::kPageShift;
  if (call.pgoff > kPgoffMax) return Outcome::fail(Errno::kEOVERFLOW);

  std::uint64_t flags = spec::kMapShared | spec::kMapFixed | spec::kMapPopulate;
  flags |= call.flags & spec::kMapNonblock;
  if ((vma->flags & spec::kVmLocked) != 0) flags |= spec::kMapLocked;
  const Outcome mapped = run(space, spec::Mmap{start, length, prot_of(*vma), flags, vma->file,
                                               call.pgoff << spec::kPageShift});
  return mapped.is_ok() ? Outcome::ok() : mapped;
}

}  // namespace vmadiff::model
