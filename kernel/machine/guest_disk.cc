// kernel: the disk of a virtual machine. Machines write to a copy of their own (QEMU's
// snapshot=on), so one image serves all.
#include "kernel/machine/guest_disk.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <system_error>

#include "kernel/store/cache.h"
#include "kernel/store/command.h"

namespace vmadiff::kernel {

namespace fs = std::filesystem;

std::string guest_disk() {
  static std::mutex mutex;
  const std::lock_guard lock{mutex};
  const auto directory = cache_directory();
  if (!directory) return {};
  const fs::path image = *directory / "guest-disk.ext4";
  std::error_code error;
  if (fs::exists(image, error)) return image.string();
  const fs::path unfinished = *directory / fmt::format("guest-disk.{}", ::getpid());
  const auto made = run_command({"mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-O",
                                 "^has_journal", unfinished.string(), "16M"});
  if (made && made->status == 0) fs::rename(unfinished, image, error);
  fs::remove(unfinished, error);
  return fs::exists(image, error) ? image.string() : std::string{};
}

}  // namespace vmadiff::kernel
