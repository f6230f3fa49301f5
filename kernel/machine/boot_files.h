// kernel: what a virtual machine boots from besides its kernel: the initial file system with our
// first process and the modules that the kernel needs.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "kernel/descriptor.h"
#include "spec/system.h"

namespace vmadiff::kernel {

struct BootFiles {
  Descriptor initramfs;  ///< open, at its end
  /// Modules that are there and not loaded: why, a line each.
  std::vector<std::string> refused;
  /// Whether virtio's disk driver is a module that will be loaded. Where not, it is built in, or
  /// not to be had.
  bool has_virtio_disk = false;
};

[[nodiscard]] std::expected<BootFiles, spec::ToolFault> make_boot_files(const std::string& kernel);

/// Why a machine that booted from these has no regular files, in a line with the remedy.
[[nodiscard]] std::string why_no_regular_files(const BootFiles& files, const std::string& disk);

}  // namespace vmadiff::kernel
