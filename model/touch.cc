// model: touch, one access to each page of a range, up to the first that faults for good. What it
// leaves behind is the anon_vma of a private VMA that got a page of its own, and a stack that grew.
#include <algorithm>

#include "model/calls.h"
#include "model/fault.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Access;
using spec::Address;
using spec::Errno;
using spec::Outcome;
using spec::Vma;

namespace {

// x86-64 pages that are mapped at all can be read, whatever their permissions, if their key lets
// them.
bool is_permitted(const AddressSpace& space, const Vma& vma, Access access) {
  const spec::VmFlags needed = access == Access::kWrite ? spec::kVmWrite : spec::kVmAccessFlags;
  return (vma.flags & needed) != 0 && space.pkeys.allow(vma.flags, access);
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
    Vma* vma = space.vmas.at(at);
    if (vma == nullptr && grow_stack(space, at)) vma = space.vmas.at(at);
    if (vma == nullptr || !is_permitted(space, *vma, call.access)) {
      return Outcome::fail(Errno::kSIGSEGV);
    }
    const Address accessed_end = std::min(vma->end, spec::page_down(last) + spec::kPageSize);
    const Result done = fault_in(space, *vma, {at, accessed_end}, call.access);
    if (!done) return Outcome::fail(done.error());
    at = accessed_end;
  }
  return Outcome::ok();
}

}  // namespace vmadiff::model
