// kernel: whether this machine can run another one fast.
#pragma once

#include <expected>
#include <memory>

#include "kernel/machine/virtual_machine.h"

namespace vmadiff::kernel {

/// Boots with KVM where that works, else without. It is tried, not asked for: /dev/kvm can be there
/// and run nothing. What was found is remembered until this machine boots again.
[[nodiscard]] std::expected<std::unique_ptr<VirtualMachine>, MachineDeath> boot_accelerated(
    MachineOptions options, int initramfs);

}  // namespace vmadiff::kernel
