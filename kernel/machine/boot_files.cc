// kernel: what a virtual machine boots from besides its kernel.
#include "kernel/machine/boot_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "kernel/machine/guest_image.h"
#include "kernel/machine/initramfs.h"
#include "kernel/machine/places.h"
#include "kernel/store/kernel_modules.h"

namespace vmadiff::kernel {

using spec::ToolFault;

std::expected<BootFiles, ToolFault> make_boot_files(const std::string& kernel) {
  if (guest_image().empty()) {
    return std::unexpected(
        ToolFault{"this build carries no program for virtual machines: configure it with "
                  "-DVMADIFF_GUEST=ON"});
  }
  auto modules = modules_for(kernel, {"virtio_pci", "virtio_console", "virtio_blk", "ext4"});
  Initramfs files;
  for (const char* directory : {"dev", "proc", "sys", "tmp", "modules"})
    files.add_directory(directory);
  files.add_character_device("dev/console", 5, 1);
  files.add_program("init", guest_image());
  std::size_t number = 0;
  for (const auto& module : modules.found) {
    files.add_file(fmt::format("{}/{:02}-{}.ko", kModuleDirectory + 1, number++, module.name),
                   module.content);
  }
  const auto bytes = files.finish();
  Descriptor file{::memfd_create("vmadiff-initramfs", MFD_CLOEXEC)};
  for (std::string_view rest = bytes; file.is_open() && !rest.empty();) {
    const auto count = ::write(file.number(), rest.data(), rest.size());
    if (count < 0) file = Descriptor{};
    if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
  }
  if (!file.is_open()) {
    return std::unexpected(
        ToolFault{fmt::format("the initial file system of a guest: {}", std::strerror(errno))});
  }
  const auto disk = std::ranges::find(modules.found, "virtio_blk", &Module::name);
  return BootFiles{.initramfs = std::move(file),
                   .refused = std::move(modules.refused),
                   .has_virtio_disk = disk != modules.found.end()};
}

std::string why_no_regular_files(const BootFiles& files, const std::string& disk) {
  if (disk.empty()) return "there is no disk for the guest: apt-get install e2fsprogs";
  if (!files.refused.empty())
    return fmt::format("modules were not loaded: {}", fmt::join(files.refused, "; "));
  return "its kernel needs ext4 and virtio_blk, built in or as modules of its own version in "
         "../lib/modules, or NVMe built in instead of virtio_blk";
}

}  // namespace vmadiff::kernel
