// kernel: what processes take of the machine.
#include "kernel/host/usage.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <string>

namespace vmadiff::kernel {
namespace {

constexpr std::uint64_t kKib = 1024;

/// The sum of these lines of a file with lines "LABEL NUMBER …".
std::uint64_t sum_of(const std::string& path, std::initializer_list<std::string_view> labels) {
  std::ifstream file{path};
  std::uint64_t sum = 0;
  for (std::string line; std::getline(file, line);) {
    for (const std::string_view label : labels) {
      if (!line.starts_with(label)) continue;
      sum += std::strtoull(line.c_str() + label.size(), nullptr, 10);
    }
  }
  return sum;
}

}  // namespace

std::uint64_t memory_of(pid_t process) {
  return kKib * sum_of(fmt::format("/proc/{}/status", process), {"VmRSS:", "VmSwap:", "VmPTE:"});
}

std::uint64_t shared_memory() { return kKib * sum_of("/proc/meminfo", {"Shmem:"}); }

std::chrono::nanoseconds cpu_time_of(pid_t process) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

std::uint64_t out_of_memory_kills() { return sum_of("/proc/vmstat", {"oom_kill "}); }

std::uint64_t default_memory_limit() {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 30;
  const auto machine = kKib * sum_of("/proc/meminfo", {"MemTotal:"});
  return machine == 0 ? kMost : std::min(kMost, machine / 2);
}

std::uint64_t within_own_limits(std::uint64_t bytes) {
  for (const auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) == 0) bytes = std::min<std::uint64_t>(bytes, limit.rlim_cur);
  }
  return bytes;
}

}  // namespace vmadiff::kernel
