// model: mseal. All of the range must be mapped, or nothing is sealed; then VMA by VMA, and what
// was sealed before an error stays sealed.
#include <algorithm>

#include "model/calls.h"
#include "model/join.h"
#include "model/sealing.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::Outcome;
using spec::Range;
using spec::Vma;

Outcome run(AddressSpace& space, const spec::Mseal& call) {
  if (space.profile.mseal == spec::MsealCall::kAbsent) return Outcome::fail(Errno::kENOSYS);
  if (call.flags != 0 || !spec::is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  const Address length = spec::page_up(call.length);
  const Address end = call.addr + length;
  if ((call.length != 0 && length == 0) || end < call.addr) return Outcome::fail(Errno::kEINVAL);
  if (!space.vmas.is_all_mapped({call.addr, end})) return Outcome::fail(Errno::kENOMEM);

  Address at = call.addr;
  while (at < end) {
    const Vma& vma = *space.vmas.at(at);
    const Range part{at, std::min(end, vma.end)};
    if (!is_sealed(vma)) {
      const Result sealed = change_flags(space, part, vma.flags | spec::kVmSealed);
      if (!sealed) return Outcome::fail(sealed.error());
    }
    at = part.end;
  }
  return Outcome::ok();
}

}  // namespace vmadiff::model
