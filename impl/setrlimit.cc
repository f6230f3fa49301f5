// impl: setrlimit(2), of the soft limit alone.
#include "impl/calls.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// One of the limits that memory calls ask for, and the hard limit that stands over it.
struct Limit {
  std::uint64_t& soft;
  std::uint64_t hard;
};

Limit limit_of(MmStruct& mm, std::uint64_t resource) {
  switch (resource) {
    case kRlimitData:
      return {mm.limits.data, kRlimInfinity};
    case kRlimitStack:
      return {mm.limits.stack, mm.limits.stack_hard};
    case kRlimitMemlock:
      return {mm.limits.memlock, mm.limits.memlock_hard};
    default:
      return {mm.limits.as, kRlimInfinity};
  }
}

}  // namespace

// do_prlimit. A limit below what is in use takes nothing away: it stops what comes.
Outcome sys_setrlimit(MmStruct& mm, const Setrlimit& call) {
  const auto [soft, hard] = limit_of(mm, call.resource);
  if (call.limit > hard) return Outcome::fail(Errno::kEINVAL);
  soft = call.limit;
  return Outcome::ok();
}

}  // namespace vmadiff::impl
