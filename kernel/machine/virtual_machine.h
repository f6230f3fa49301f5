// kernel: one virtual machine, from QEMU's start to its end: the wire to the server in it, and its
// console, on which a kernel in trouble says so.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kernel/descriptor.h"
#include "kernel/machine/messages.h"
#include "kernel/machine/wire.h"
#include "kernel/patience.h"

namespace vmadiff::kernel {

enum class Accelerator : std::uint8_t { kKvm, kTcg };
[[nodiscard]] std::string_view name(Accelerator accelerator);

struct MachineOptions {
  std::string kernel;  ///< path of a bzImage
  std::string append;  ///< to the kernel's command line, behind our own
  std::uint32_t memory_mib = 1024;
  std::uint32_t cpus = 1;
  Accelerator accelerator = Accelerator::kTcg;
  std::string disk;  ///< path of an image that is mounted for regular files; empty: none
  /// The disk is there a second time, for a kernel without virtio's driver.
  bool disk_by_nvme_too = false;
  // Patience is counted as kernel/patience.h does: a busy machine takes nothing off it.
  std::chrono::milliseconds boot_timeout{std::chrono::minutes{3}};
  /// A machine that does not answer for so long counts as hung.
  std::chrono::milliseconds timeout{std::chrono::minutes{1}};
};

/// How a machine ended.
struct MachineDeath {
  std::string how;  ///< one line
  std::string console;
  bool was_killed = false;  ///< by somebody else (SIGKILL): it says nothing of its kernel
};

/// Where QEMU is; empty where it is not installed.
[[nodiscard]] std::string qemu_path();

/// Not thread-safe. The machine ends with the object, and with the thread that made it.
class VirtualMachine {
 public:
  /// `initramfs` is an open file. Returns when the server has introduced itself.
  static std::expected<std::unique_ptr<VirtualMachine>, MachineDeath> boot(
      const MachineOptions& options, int initramfs);

  VirtualMachine(const VirtualMachine&) = delete;
  VirtualMachine& operator=(const VirtualMachine&) = delete;
  ~VirtualMachine();

  [[nodiscard]] const Introduction& introduction() const { return introduction_; }

  // After a death neither may be called again.
  std::optional<MachineDeath> send(MessageKind kind, std::string_view body);
  std::expected<Message, MachineDeath> receive();

 private:
  explicit VirtualMachine(const MachineOptions& options) : options_(options) {}
  std::optional<MachineDeath> start(int initramfs);
  std::optional<MachineDeath> wait_until_ready();
  std::optional<MachineDeath> pump(bool wants_to_write, Patience& patience);
  /// Reads what it says last. Whether it ended is not known yet.
  void hear_out();
  void read_wire(std::size_t line);
  bool read_console();
  MachineDeath died(std::string how);
  void kill();

  MachineOptions options_;
  pid_t pid_ = -1;
  Descriptor process_;  ///< pidfd
  /// The virtio port and the second serial line: the server takes the first that is there.
  std::array<Descriptor, 2> wires_;
  std::array<MessageStream, 2> streams_;
  std::size_t wire_ = 0;
  Descriptor console_;
  std::string console_text_;
  std::size_t watched_ = 0;  ///< so much of it was looked at
  bool is_ready_ = false;
  std::string trouble_;  ///< the first line on the console that says so
  bool was_killed_ = false;
  Introduction introduction_;
};

}  // namespace vmadiff::kernel
