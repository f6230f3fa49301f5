// impl: the resource limits of the process.
#include "impl/limits.h"

namespace vmadiff::impl {

using namespace spec;

bool check_data_rlimit(const MmStruct& mm, Address brk) {
  if (mm.limits.data == kRlimInfinity) return true;
  return brk - mm.setup->start_brk + mm.data_bytes <= mm.limits.data;
}

bool mlock_future_ok(const MmStruct& mm, VmFlags flags, Address bytes) {
  if ((flags & kVmLocked) == 0) return true;
  return mm.counters.locked_vm + (bytes >> kPageShift) <= mm.limits.memlock >> kPageShift;
}

}  // namespace vmadiff::impl
