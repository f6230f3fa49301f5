// kernel: the names on which the virtual machine and its first process agree.
#pragma once

#include <string_view>

namespace vmadiff::kernel {

/// Modules to load, in the order of their names.
inline constexpr const char* kModuleDirectory = "/modules";
/// The virtio port that is the wire, and what takes its place.
inline constexpr std::string_view kWireName = "vmadiff";
inline constexpr const char* kSerialWire = "/dev/ttyS1";
/// The disk with a file system for regular files, and what takes its place where the kernel has no
/// driver for virtio's.
inline constexpr const char* kDisk = "/dev/vda";
inline constexpr const char* kNvmeDisk = "/dev/nvme0n1";
inline constexpr const char* kNvmeDriver = "/sys/bus/pci/drivers/nvme";
/// On the kernel's command line: NUMBER,ARGUMENT of a call to crash on (CrashOn).
inline constexpr std::string_view kCrashOn = "vmadiff.crash_on=";
/// There too: the agent's mappings are placed from the bottom upwards.
inline constexpr std::string_view kBottomUp = "vmadiff.bottom_up";

/// There too: the machine's CPU has memory protection keys.
inline constexpr std::string_view kProtectionKeysWord = "vmadiff.pku";

}  // namespace vmadiff::kernel
