// model: mseal. All of the range must be mapped, or nothing is sealed; then VMA by VMA, and what
// was sealed before an error stays sealed.
#include <optional>

#include "model/calls.h"
#include "model/join.h"
#include "model/sealing.h"
#include "model/walk.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::MsealOverSealed;
using spec::Outcome;
using spec::Range;
using spec::Vma;
using spec::VmFlags;

Outcome run(AddressSpace& space, const spec::Mseal& call) {
  if (space.profile.mseal == spec::MsealCall::kAbsent) return Outcome::fail(Errno::kENOSYS);
  if (call.flags != 0 || !spec::is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  const Address length = spec::page_up(call.length);
  const Address end = call.addr + length;
  if ((call.length != 0 && length == 0) || end < call.addr) return Outcome::fail(Errno::kEINVAL);
  const Range range{call.addr, end};
  if (!space.vmas.is_all_mapped(range)) return Outcome::fail(Errno::kENOMEM);
  const bool goes_wrong = space.profile.mseal_over_sealed == MsealOverSealed::kLeavesTheRestApart;
  std::optional<Address> apart;
  const Result done = for_each_part(space, range, [&](Range part, const Vma& vma) -> Result {
    if (is_sealed(vma)) return {};
    const VmFlags flags = vma.flags | spec::kVmSealed;
    const Result sealed = part.start == apart ? change_flags_apart(space, part, flags)
                                              : change_flags(space, part, flags);
    // A walk that goes on from where the part ended, and not from where the VMA does that it is of
    // by now, takes the next one for more than that is, and joins it with nothing (measured on
    // 6.18.15).
    const Address joined_end = space.vmas.at(part.start)->end;
    if (goes_wrong && joined_end != part.end) apart = joined_end;
    return sealed;
  });
  return done ? Outcome::ok() : Outcome::fail(done.error());
}

}  // namespace vmadiff::model
