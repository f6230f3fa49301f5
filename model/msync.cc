// model: msync. It changes nothing: what it says of a range is all there is of it.
#include <algorithm>

#include "model/calls.h"
#include "model/file_rules.h"
#include "model/walk.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::model {

using spec::Address;
using spec::Errno;
using spec::Outcome;
using spec::Range;
using spec::Vma;

namespace {

// Only a shared mapping has anything to write back, and a driver cannot be told to.
Result sync_part(const Vma& vma, std::uint64_t flags) {
  const bool is_locked = (vma.flags & spec::kVmLocked) != 0;
  if ((flags & spec::kMsInvalidate) != 0 && is_locked) return fail(Errno::kEBUSY);
  const bool is_written_back =
      (flags & spec::kMsSync) != 0 && (vma.flags & spec::kVmShared) != 0 && !vma.file.is_none();
  return is_written_back && is_driver(vma.file.cls) ? fail(Errno::kEINVAL) : Result{};
}

}  // namespace

Outcome run(AddressSpace& space, const spec::Msync& call) {
  constexpr std::uint64_t kBoth = spec::kMsAsync | spec::kMsSync;
  const std::uint64_t flags = call.flags & 0xffffffff;  // an int
  if ((flags & ~(kBoth | spec::kMsInvalidate)) != 0) return Outcome::fail(Errno::kEINVAL);
  if (!spec::is_page_aligned(call.addr)) return Outcome::fail(Errno::kEINVAL);
  if ((flags & kBoth) == kBoth) return Outcome::fail(Errno::kEINVAL);
  // A length right below 2^64 rounds up to nothing.
  const Address end = call.addr + spec::page_up(call.length);
  if (end < call.addr) return Outcome::fail(Errno::kENOMEM);
  const Range range{call.addr, end};
  const Result done =
      for_each_part(space, range, [flags](Range, const Vma& vma) { return sync_part(vma, flags); });
  if (!done) return Outcome::fail(done.error());
  return space.vmas.is_all_mapped(range) ? Outcome::ok() : Outcome::fail(Errno::kENOMEM);
}

}  // namespace vmadiff::model
