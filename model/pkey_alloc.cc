// model: pkey_alloc and pkey_free.
#include "model/calls.h"

namespace vmadiff::model {

using spec::Errno;
using spec::Outcome;

Outcome run(AddressSpace& space, const spec::PkeyAlloc& call) {
  constexpr std::uint64_t kKnown = spec::kPkeyDisableAccess | spec::kPkeyDisableWrite;
  if (call.flags != 0 || (call.rights & ~kKnown) != 0) return Outcome::fail(Errno::kEINVAL);
  if (const auto key = space.pkeys.take(call.rights)) {
    return Outcome::ok(static_cast<std::uint64_t>(*key));
  }
  // Where there are no keys, some kernels find one free, and cannot set its rights.
  const bool finds_one =
      !space.pkeys.are_there() && !space.has_lost_default_pkey &&
      space.profile.alloc_without_keys == spec::AllocWithoutKeys::kTakesTheDefault;
  if (!finds_one) return Outcome::fail(Errno::kENOSPC);
  space.has_lost_default_pkey = true;
  return Outcome::fail(Errno::kEINVAL);
}

Outcome run(AddressSpace& space, const spec::PkeyFree& call) {
  if (!space.pkeys.is_given(call.pkey)) return Outcome::fail(Errno::kEINVAL);
  space.pkeys.give_back(call.pkey);
  return Outcome::ok();
}

}  // namespace vmadiff::model
