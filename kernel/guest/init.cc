// kernel: the first process of the virtual machine. It mounts what the agent and its observer look
// at, loads the modules it finds in the initial file system, and serves. When it ends, so does the
// machine.
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/guest/server.h"
#include "kernel/host/layout.h"
#include "kernel/machine/places.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

void say(std::string_view what) {
  fmt::print("vmadiff: {}\n", what);
  std::fflush(stdout);
}

void mount_at(const char* type, const char* source, const char* where, const char* options = "") {
  ::mkdir(where, 0755);
  if (::mount(source, where, type, 0, options) != 0)
    say(fmt::format("{} on {}: {}", type, where, std::strerror(errno)));
}

void load_modules() {
  std::error_code error;
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator{kModuleDirectory, error})
    paths.push_back(entry.path().string());
  std::ranges::sort(paths);  // their names begin with a number
  for (const std::string& path : paths) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (::syscall(SYS_finit_module, file, "", 0) != 0 && errno != EEXIST)
      say(fmt::format("{}: {}", path, std::strerror(errno)));
    ::close(file);
  }
}

/// The port that is ours, by the name that the machine gave it.
std::optional<std::string> virtio_port() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{"/sys/class/virtio-ports", error}) {
    std::ifstream file{entry.path() / "name"};
    std::string name;
    if (std::getline(file, name) && name == kWireName)
      return fmt::format("/dev/{}", entry.path().filename().string());
  }
  return std::nullopt;
}

/// A device that appears a moment after its driver.
int open_when_there(const std::string& path) {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (file >= 0) return file;
    ::usleep(10000);
  }
  return -1;
}

int open_wire() {
  constexpr int kTries = 50;
  for (int i = 0; i < kTries; ++i) {
    if (const auto port = virtio_port()) return open_when_there(*port);
    ::usleep(10000);
  }
  // A kernel without virtio: the second serial line, which is slower and always there.
  const int line = open_when_there(kSerialWire);
  termios settings{};
  if (line >= 0 && ::tcgetattr(line, &settings) == 0) {
    ::cfmakeraw(&settings);
    ::cfsetspeed(&settings, B115200);
    ::tcsetattr(line, TCSANOW, &settings);
  }
  return line;
}

/// Whether a disk that NVMe has will appear: its driver has taken it.
bool has_nvme_disk() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{kNvmeDriver, error}) {
    if (entry.path().filename().string().contains(':')) return true;  // a device's address
  }
  return false;
}

/// Where the disk is. Virtio's is there as soon as its driver is.
const char* disk() {
  std::error_code error;
  if (fs::exists(kDisk, error) || !has_nvme_disk()) return kDisk;
  const int file = open_when_there(kNvmeDisk);
  if (file >= 0) ::close(file);
  return kNvmeDisk;
}

/// Whether the kernel's command line has the word.
bool is_asked_for(std::string_view what) {
  std::ifstream file{"/proc/cmdline"};
  for (std::string word; file >> word;) {
    if (word == what) return true;
  }
  return false;
}

/// "vmadiff.crash_on=NUMBER,ARGUMENT" on the kernel's command line.
std::optional<CrashOn> crash_on() {
  std::ifstream file{"/proc/cmdline"};
  for (std::string word; file >> word;) {
    if (!word.starts_with(kCrashOn)) continue;
    CrashOn crash;
    const char* const end = word.data() + word.size();
    const auto number = std::from_chars(word.data() + kCrashOn.size(), end, crash.number);
    if (number.ptr != end && *number.ptr == ',') {
      std::from_chars(number.ptr + 1, end, crash.argument);
      return crash;
    }
  }
  return std::nullopt;
}

int run() {
  mount_at("proc", "proc", "/proc");
  mount_at("sysfs", "sysfs", "/sys");
  mount_at("devtmpfs", "devtmpfs", "/dev");
  mount_at("tmpfs", "tmpfs", "/tmp");
  load_modules();
  ::mkdir("/var", 0755);
  mount_at("ext4", disk(), "/var/tmp");
  const int wire = open_wire();
  if (wire < 0) {
    say("there is neither a virtio port nor a second serial line");
    return 1;
  }
  if (is_asked_for(kBottomUp)) take_legacy_layout();
  serve(wire, crash_on());
  return 0;
}

}  // namespace
}  // namespace vmadiff::kernel

int main() {
  // The first process inherits what an agent that died leaves behind, and only takes it away.
  const pid_t server = ::fork();
  if (server == 0) {
    try {
      ::_exit(vmadiff::kernel::run());
    } catch (const std::exception& fault) {
      vmadiff::kernel::say(fault.what());
      ::_exit(1);
    }
  }
  while (::wait(nullptr) != server) {
  }
  ::sync();
  ::reboot(RB_AUTOBOOT);
  return 1;
}
