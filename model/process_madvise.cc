// model: process_madvise, of the process itself: madvise, range by range, up to the first error.
// What was done before it is the answer, in bytes; of a range that fails in its middle nothing
// counts.
#include <algorithm>
#include <array>

#include "model/calls.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::Outcome;
using spec::OwnProcessMadvise;

namespace {

/// No call reads or writes more, and so no more is advised, either.
constexpr Address kBytesMax = 0x7ffff000;

bool is_hint(std::int32_t advice) {
  return advice == spec::kMadvCold || advice == spec::kMadvPageout ||
         advice == spec::kMadvWillneed || advice == spec::kMadvCollapse;
}

}  // namespace

Outcome run(AddressSpace& space, const spec::ProcessMadvise& call) {
  if ((call.flags & 0xffffffff) != 0) return Outcome::fail(Errno::kEINVAL);
  constexpr Address kNegative = Address{1} << 63;
  if (call.length >= kNegative || call.second_length >= kNegative) {
    return Outcome::fail(Errno::kEINVAL);
  }
  const OwnProcessMadvise takes = space.profile.own_process_madvise;
  if (takes == OwnProcessMadvise::kKnown) {
    // madvise itself, of nothing, says whether it knows the advice.
    const Outcome known = run(space, spec::Madvise{0, 0, call.advice});
    if (!known.is_ok()) return known;
  } else if (takes != OwnProcessMadvise::kAll && !is_hint(call.advice)) {
    return Outcome::fail(Errno::kEINVAL);
  }
  if (takes == OwnProcessMadvise::kNone) return Outcome::fail(Errno::kEPERM);

  const Address first_length = std::min(call.length, kBytesMax);
  const std::array ranges{
      spec::Madvise{call.addr, first_length, call.advice},
      spec::Madvise{call.second_addr, std::min(call.second_length, kBytesMax - first_length),
                    call.advice}};
  Address left = ranges[0].length + ranges[1].length;
  Address done = 0;
  for (const spec::Madvise& range : ranges) {
    if (left == 0) break;
    const Outcome advised = run(space, range);
    if (!advised.is_ok()) return done == 0 ? advised : Outcome::ok(done);
    done += range.length;
    left -= range.length;
  }
  return Outcome::ok(done);
}

}  // namespace vmadiff::model
