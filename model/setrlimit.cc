// model: setrlimit, the soft limit of one resource. It changes no mapping: what is there already
// stays, whatever the limit.
#include "model/calls.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Errno;
using spec::Outcome;

namespace {

struct Limit {
  std::uint64_t* soft;
  std::uint64_t hard;
};

Limit limit_of(AddressSpace& space, std::uint64_t resource) {
  const spec::Limits& hard = space.setup->limits;
  switch (resource) {
    case spec::kRlimitData:
      return {&space.limits.data, spec::kRlimInfinity};
    case spec::kRlimitStack:
      return {&space.limits.stack, hard.stack_hard};
    case spec::kRlimitMemlock:
      return {&space.limits.memlock, hard.memlock_hard};
    default:
      return {&space.limits.as, spec::kRlimInfinity};
  }
}

}  // namespace

Outcome run(AddressSpace& space, const spec::Setrlimit& call) {
  const Limit limit = limit_of(space, call.resource);
  if (call.limit > limit.hard) return Outcome::fail(Errno::kEINVAL);
  *limit.soft = call.limit;
  return Outcome::ok();
}

}  // namespace vmadiff::model
