// model: touch, one access to each page of a range, up to the first that faults for good. What it
// leaves behind is the anon_vma of a private VMA that was written to.
#include <algorithm>

#include "model/calls.h"
#include "model/compatibility.h"
#include "model/file_rules.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Access;
using spec::Address;
using spec::Errno;
using spec::Outcome;
using spec::Vma;

namespace {

// x86-64 pages that are mapped at all can be read, whatever their permissions.
bool is_permitted(const Vma& vma, Access access) {
  const spec::VmFlags needed = access == Access::kWrite ? spec::kVmWrite : spec::kVmAccessFlags;
  return (vma.flags & needed) != 0;
}

bool can_lend(const Vma* lender) {
  return lender != nullptr && lender->anon_vma != spec::kNoAnonVma && lender->anon_vma_links == 1;
}

// The first write to private memory: the next neighbour's anon_vma if it can be shared, else the
// previous one's, else a new one (find_mergeable_anon_vma).
void give_anon_vma(AddressSpace& space, Vma& vma) {
  const Vma* const next = space.vmas.starting_at(vma.end);
  const Vma* const prev = space.vmas.ending_at(vma.start);
  if (can_lend(next) && can_share_anon_vma(vma, *next)) {
    vma.anon_vma = next->anon_vma;
  } else if (can_lend(prev) && can_share_anon_vma(*prev, vma)) {
    vma.anon_vma = prev->anon_vma;
  } else {
    vma.anon_vma = ++space.last_anon_vma;
  }
  vma.anon_vma_links = 1;
}

}  // namespace

Outcome run(AddressSpace& space, const spec::Touch& call) {
  if (call.length == 0) return Outcome::ok();
  const Address last = call.addr + call.length - 1;
  if (call.length > spec::kTouchBytesMax || last < call.addr || last >= space.setup->task_size) {
    return Outcome::fail(Errno::kSIGSEGV);
  }

  Address at = spec::page_down(call.addr);
  while (at <= last) {
    Vma* const vma = space.vmas.at(at);
    if (vma == nullptr || !is_permitted(*vma, call.access)) return Outcome::fail(Errno::kSIGSEGV);
    const bool is_private = (vma->flags & spec::kVmShared) == 0;
    const bool is_huge = (vma->flags & spec::kVmHugetlb) != 0;
    // The anon_vma comes first: it is there even if the page turns out to be behind the file's end.
    if (call.access == Access::kWrite && is_private && !is_huge &&
        vma->anon_vma == spec::kNoAnonVma) {
      give_anon_vma(space, *vma);
    }
    const Address accessed_end = std::min(vma->end, spec::page_down(last) + spec::kPageSize);
    const std::uint64_t pgoff_end = vma->pgoff + ((accessed_end - vma->start) >> spec::kPageShift);
    if (pgoff_end > object_pages(space, *vma)) return Outcome::fail(Errno::kSIGBUS);
    at = accessed_end;
  }
  return Outcome::ok();
}

}  // namespace vmadiff::model
