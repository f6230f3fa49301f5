// impl: memory protection keys, and the two calls that are about nothing else.
#include "impl/pkeys.h"

#include <bit>

#include "impl/calls.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

constexpr std::uint32_t kAllKeys = 0xffff;
/// init_pkru_value: no access by any key but 0.
constexpr std::uint32_t kInitPkru = 0x55555554;
constexpr unsigned kPkruBitsPerPkey = 2;
constexpr std::uint32_t kPkruBits = 3;
constexpr std::uint64_t kPkeyAccessMask = kPkeyDisableAccess | kPkeyDisableWrite;

constexpr unsigned pkru_shift(std::int32_t pkey) {
  return static_cast<unsigned>(pkey) * kPkruBitsPerPkey;
}

}  // namespace

PkeyContext::PkeyContext(bool ospke) : ospke_(ospke) {
  if (!ospke) return;
  allocation_map_ = 1;
  execute_only_pkey_ = kNoPkey;
  pkru_ = kInitPkru;
}

std::int32_t PkeyContext::alloc() {
  const std::uint32_t all = ospke_ ? kAllKeys : 1;
  if (allocation_map_ == all) return kNoPkey;
  const int pkey = std::countr_one(allocation_map_);
  allocation_map_ |= 1U << pkey;
  return pkey;
}

bool PkeyContext::is_allocated(std::int32_t pkey) const {
  const std::int32_t max = ospke_ ? kPkeyCount : 1;
  if (pkey < 0 || pkey >= max || pkey == execute_only_pkey_) return false;
  return ((allocation_map_ >> pkey) & 1U) != 0;
}

bool PkeyContext::set_user_access(std::int32_t pkey, std::uint64_t rights) {
  if (!ospke_) return false;
  pkru_ &= ~(kPkruBits << pkru_shift(pkey));
  pkru_ |= static_cast<std::uint32_t>(rights) << pkru_shift(pkey);
  return true;
}

std::int32_t PkeyContext::execute_only_pkey() {
  if (!ospke_) return 0;
  if (execute_only_pkey_ == kNoPkey) {
    const std::int32_t pkey = alloc();
    if (pkey < 0 || !set_user_access(pkey, kPkeyDisableAccess)) return kNoPkey;
    execute_only_pkey_ = pkey;
  }
  return execute_only_pkey_;
}

std::int32_t PkeyContext::override_mprotect_pkey(VmFlags vm_flags, std::uint64_t prot,
                                                 std::int32_t pkey) {
  if (!ospke_) return 0;
  if (pkey != kNoPkey) return pkey;
  const std::int32_t vma_pkey = pkey_of(vm_flags);
  if (prot == kProtExec) {
    if (const std::int32_t exec = execute_only_pkey(); exec > 0) return exec;
  } else if ((vm_flags & kVmAccessFlags) == kVmExec && vma_pkey == execute_only_pkey_) {
    return 0;
  }
  return vma_pkey;
}

bool PkeyContext::permits(VmFlags vm_flags, bool write) const {
  const std::uint32_t bits = (pkru_ >> pkru_shift(pkey_of(vm_flags))) & kPkruBits;
  return (bits & kPkeyDisableAccess) == 0 && !(write && (bits & kPkeyDisableWrite) != 0);
}

Outcome sys_pkey_alloc(MmStruct& mm, const PkeyAlloc& call) {
  if (call.flags != 0) return Outcome::fail(Errno::kEINVAL);
  if ((call.rights & ~kPkeyAccessMask) != 0) return Outcome::fail(Errno::kEINVAL);
  // Newer kernels ask first whether there are keys at all.
  const bool asks = mm.profile.alloc_without_keys == AllocWithoutKeys::kRefused;
  const std::int32_t pkey = asks && !mm.pkeys.ospke() ? kNoPkey : mm.pkeys.alloc();
  if (pkey == kNoPkey) return Outcome::fail(Errno::kENOSPC);
  // What was allocated would be freed here, but without keys 0 counts as the execute-only one.
  if (!mm.pkeys.set_user_access(pkey, call.rights)) return Outcome::fail(Errno::kEINVAL);
  return Outcome::ok(static_cast<std::uint64_t>(pkey));
}

Outcome sys_pkey_free(MmStruct& mm, const PkeyFree& call) {
  if (!mm.pkeys.is_allocated(call.pkey)) return Outcome::fail(Errno::kEINVAL);
  mm.pkeys.set_free(call.pkey);
  return Outcome::ok();
}

}  // namespace vmadiff::impl
