// model: the resource limits of a process.
#include "model/limits.h"

#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;

namespace {

bool is_data(spec::VmFlags flags) {
  constexpr spec::VmFlags kAsked = spec::kVmWrite | spec::kVmShared | spec::kVmGrowsdown;
  return (flags & kAsked) == spec::kVmWrite;
}

// The program's data ends where the break starts.
Address program_data_bytes(const spec::Setup& setup) {
  for (const spec::Vma& vma : setup.initial.vmas) {
    if (vma.end == setup.start_brk) return vma.end - vma.start;
  }
  return 0;
}

}  // namespace

bool may_expand(const AddressSpace& space, spec::VmFlags flags, std::uint64_t pages) {
  // Else nothing is compared, and need not be added up.
  if (space.limits.as == spec::kRlimInfinity && space.limits.data == spec::kRlimInfinity)
    return true;
  const spec::Counters now = space.counters();
  if (now.total_vm + pages > space.limits.as >> spec::kPageShift) return false;
  // A data limit of 0 counts as the hard limit, which is infinite.
  return !is_data(flags) || space.limits.data == 0 ||
         now.data_vm + pages <= space.limits.data >> spec::kPageShift;
}

bool may_lock_at_all(const AddressSpace& space) { return space.limits.memlock != 0; }

bool may_lock(const AddressSpace& space, spec::VmFlags flags, std::uint64_t pages) {
  if ((flags & spec::kVmLocked) == 0) return true;
  return space.counters().locked_vm + pages <= space.limits.memlock >> spec::kPageShift;
}

bool may_move_break(const AddressSpace& space, Address addr) {
  const spec::Setup& setup = *space.setup;
  return space.limits.data == spec::kRlimInfinity ||
         addr - setup.start_brk + program_data_bytes(setup) <= space.limits.data;
}

}  // namespace vmadiff::model
