// kernel: KVM where it works.
#include "kernel/machine/accelerator.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>

#include "kernel/store/cache.h"

namespace vmadiff::kernel {
namespace {

std::string first_word_of(const std::filesystem::path& path) {
  std::ifstream file{path};
  std::string word;
  file >> word;
  return word;
}

std::string this_boot() { return first_word_of("/proc/sys/kernel/random/boot_id"); }

std::filesystem::path note_path() { return cache_path() / "kvm-does-not-work"; }

}  // namespace

std::expected<std::unique_ptr<VirtualMachine>, MachineDeath> boot_accelerated(
    MachineOptions options, int initramfs) {
  // One finds out for all; after that nobody waits here.
  static std::mutex mutex;
  static bool works = true;
  static bool is_known = false;
  std::unique_lock lock{mutex};
  bool has_failed = false;
  if (!is_known) {
    works = ::access("/dev/kvm", R_OK | W_OK) == 0 && first_word_of(note_path()) != this_boot();
    if (works) {
      options.accelerator = Accelerator::kKvm;
      auto machine = VirtualMachine::boot(options, initramfs);
      if (machine) {
        is_known = true;
        return machine;
      }
      if (machine.error().was_killed) return machine;
      works = false;
      has_failed = true;
    }
  }
  if (is_known) lock.unlock();
  options.accelerator = works ? Accelerator::kKvm : Accelerator::kTcg;
  auto machine = VirtualMachine::boot(options, initramfs);
  if (!is_known && machine) {
    is_known = true;
    // The same kernel runs without it: it was not the kernel's fault.
    if (!has_failed) return machine;
    if (const auto directory = cache_directory()) std::ofstream{note_path()} << this_boot() << '\n';
  }
  return machine;
}

}  // namespace vmadiff::kernel
