// model: madvise, for KSM. VMA by VMA in ascending order; holes are passed over and reported at the
// end, unlike mprotect's.
#include <algorithm>

#include "model/calls.h"
#include "model/join.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::Outcome;
using spec::Range;
using spec::Vma;
using spec::VmFlags;

namespace {

VmFlags advised_flags(VmFlags flags, std::int32_t advice) {
  if (advice == spec::kMadvUnmergeable) return flags & ~spec::kVmMergeable;
  return is_ksm_eligible(flags) ? flags | spec::kVmMergeable : flags;
}

Result advise_part(AddressSpace& space, Range range, std::int32_t advice) {
  const VmFlags before = space.vmas.at(range.start)->flags;
  const VmFlags flags = advised_flags(before, advice);
  if (flags == before) return {};
  const Result done = change_flags(space, range, flags);
  // madvise says EAGAIN where the kernel is short of something (here: the map count limit).
  if (!done && done.error() == Errno::kENOMEM) return fail(Errno::kEAGAIN);
  return done;
}

}  // namespace

Outcome run(AddressSpace& space, const spec::Madvise& call) {
  if (call.advice != spec::kMadvMergeable && call.advice != spec::kMadvUnmergeable) {
    return Outcome::fail(Errno::kEINVAL);
  }
  if (!spec::is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  const Address length = spec::page_up(call.length);
  const Address end = call.addr + length;
  if ((call.length != 0 && length == 0) || end < call.addr) return Outcome::fail(Errno::kEINVAL);

  bool found_hole = false;
  Address at = call.addr;
  while (at < end) {
    const Vma* const vma = space.vmas.at_or_after(at);
    if (vma == nullptr || vma->start > at) found_hole = true;
    if (vma == nullptr || vma->start >= end) break;
    const Range part{std::max(at, vma->start), std::min(end, vma->end)};
    if (const Result done = advise_part(space, part, call.advice); !done) {
      return Outcome::fail(done.error());
    }
    at = part.end;
  }
  return found_hole ? Outcome::fail(Errno::kENOMEM) : Outcome::ok();
}

}  // namespace vmadiff::model
