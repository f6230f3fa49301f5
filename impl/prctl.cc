// impl: prctl(2), of what it has about memory.
#include "impl/calls.h"
#include "impl/ksm.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// PR_SET_MEMORY_MERGE.
Outcome set_memory_merge(MmStruct& mm, const Prctl& call) {
  if (call.arg3 != 0 || call.arg4 != 0 || call.arg5 != 0) return Outcome::fail(Errno::kEINVAL);
  if (!mm.setup->may_set_memory_merge) return Outcome::fail(Errno::kEPERM);
  if (call.arg2 == 0) {
    ksm_disable_merge_any(mm);
    return Outcome::ok();
  }
  const Failure failed = ksm_enable_merge_any(mm);
  return failed ? Outcome::fail(*failed) : Outcome::ok();
}

/// prctl_set_mdwe.
Outcome set_mdwe(MmStruct& mm, const Prctl& call) {
  if (call.arg3 != 0 || call.arg4 != 0 || call.arg5 != 0) return Outcome::fail(Errno::kEINVAL);
  std::uint64_t known = kMdweRefuseExecGain;
  if (mm.profile.mdwe == Mdwe::kOptional) known |= kMdweNoInherit;
  const bool lacks_what_it_is_about =
      (call.arg2 & kMdweNoInherit) != 0 && (call.arg2 & kMdweRefuseExecGain) == 0;
  if ((call.arg2 & ~known) != 0 || lacks_what_it_is_about) return Outcome::fail(Errno::kEINVAL);
  if (mm.mdwe != 0 && mm.mdwe != call.arg2) return Outcome::fail(Errno::kEPERM);
  mm.mdwe = call.arg2;
  return Outcome::ok();
}

/// What only asks has no arguments.
Outcome got(const Prctl& call, std::uint64_t value) {
  const bool has_argument = call.arg2 != 0 || call.arg3 != 0 || call.arg4 != 0 || call.arg5 != 0;
  return has_argument ? Outcome::fail(Errno::kEINVAL) : Outcome::ok(value);
}

}  // namespace

Outcome sys_prctl(MmStruct& mm, const Prctl& call) {
  const Outcome unknown = Outcome::fail(Errno::kEINVAL);
  const bool has_merge = mm.profile.process_ksm != ProcessKsm::kAbsent;
  const bool has_mdwe = mm.profile.mdwe != Mdwe::kAbsent;
  switch (call.option) {
    case kPrSetMemoryMerge:
      return has_merge ? set_memory_merge(mm, call) : unknown;
    case kPrGetMemoryMerge:
      return has_merge ? got(call, mm.merge_any ? 1 : 0) : unknown;
    case kPrSetMdwe:
      return has_mdwe ? set_mdwe(mm, call) : unknown;
    case kPrGetMdwe:
      return has_mdwe ? got(call, mm.mdwe) : unknown;
    case kPrSetThpDisable:
      // Huge pages are disabled, and what would enable them is not modelled.
      return call.arg3 != 0 || call.arg4 != 0 || call.arg5 != 0 ? unknown : Outcome::ok();
    case kPrGetThpDisable:
      return got(call, 1);
    default:
      return unknown;
  }
}

}  // namespace vmadiff::impl
