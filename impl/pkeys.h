// impl: what happens, fast? This file: memory protection keys (arch/x86's mm_context_t, and the one
// thread's PKRU).
#pragma once

#include <cstdint>

#include "spec/flags.h"

namespace vmadiff::impl {

/// pkey_allocation_map, execute_only_pkey, and the register. As the kernel begins them:
/// init_new_context.
class PkeyContext {
 public:
  PkeyContext() = default;
  /// `ospke`: the CPU has keys, and the kernel uses them.
  explicit PkeyContext(bool ospke);

  /// mm_pkey_alloc: the lowest key that is not allocated, or -1.
  [[nodiscard]] std::int32_t alloc();
  /// mm_pkey_is_allocated: as far as programs are concerned.
  [[nodiscard]] bool is_allocated(std::int32_t pkey) const;
  void set_free(std::int32_t pkey) { allocation_map_ &= ~(1U << pkey); }
  /// arch_set_user_pkey_access: `rights` are PKEY_DISABLE_*. False where the CPU has no keys.
  [[nodiscard]] bool set_user_access(std::int32_t pkey, std::uint64_t rights);

  /// execute_only_pkey: -1 where none can be had, 0 where the CPU has no keys.
  [[nodiscard]] std::int32_t execute_only_pkey();
  /// arch_override_mprotect_pkey: the key that mprotect with `prot` leaves a VMA with these flags.
  [[nodiscard]] std::int32_t override_mprotect_pkey(spec::VmFlags vm_flags, std::uint64_t prot,
                                                    std::int32_t pkey);

  /// arch_vma_access_permitted (__pkru_allows_pkey).
  [[nodiscard]] bool permits(spec::VmFlags vm_flags, bool write) const;
  [[nodiscard]] bool ospke() const { return ospke_; }

 private:
  bool ospke_ = false;
  std::uint32_t allocation_map_ = 0;    ///< a bit for each key
  std::int32_t execute_only_pkey_ = 0;  ///< -1: none yet. Without keys it stays 0
  std::uint32_t pkru_ = 0;              ///< two bits for each key
};

}  // namespace vmadiff::impl
