// kernel: counting the time that a process could have used.
#include "kernel/patience.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "kernel/descriptor.h"

namespace vmadiff::kernel {
namespace {

using std::chrono::nanoseconds;

struct Seen {
  bool wants_to_run = false;
  nanoseconds cpu{};
};

/// The clock ticks in which /proc counts CPU time.
nanoseconds tick() {
  static const auto per_second = std::max<long>(1, ::sysconf(_SC_CLK_TCK));
  return nanoseconds{std::chrono::seconds{1}} / per_second;
}

/// Reads a stat file: "PID (NAME) STATE PPID …", where NAME may hold anything.
std::optional<Seen> read_stat(const std::string& path) {
  constexpr int kStatesToUtime = 11;  // fields from the state to utime, which stime follows
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.is_open()) return std::nullopt;
  std::array<char, 1024> buffer;
  const auto count = ::read(file.number(), buffer.data(), buffer.size());
  if (count <= 0) return std::nullopt;
  std::string_view text{buffer.data(), static_cast<std::size_t>(count)};
  const auto name_end = text.rfind(") ");
  if (name_end == std::string_view::npos) return std::nullopt;
  text.remove_prefix(name_end + 2);
  Seen seen{.wants_to_run = text.starts_with('R'), .cpu = {}};
  for (int field = 0; field < kStatesToUtime; ++field)
    text.remove_prefix(std::min(text.find(' '), text.size() - 1) + 1);
  for (int i = 0; i < 2; ++i) {
    std::uint64_t ticks = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), ticks);
    if (error != std::errc{}) return std::nullopt;
    seen.cpu += tick() * static_cast<std::int64_t>(ticks);
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (!text.empty()) text.remove_prefix(1);
  }
  return seen;
}

std::optional<Seen> read_all(const std::string& tasks) {
  std::optional<Seen> all;
  std::error_code error;
  for (std::filesystem::directory_iterator at{tasks, error}, end; !error && at != end;
       at.increment(error)) {
    const auto one = read_stat(at->path().string() + "/stat");
    if (!one) continue;  // it has just ended
    if (!all) all.emplace();
    all->wants_to_run = all->wants_to_run || one->wants_to_run;
    all->cpu += one->cpu;
  }
  return all;
}

}  // namespace

Patience::Patience(pid_t process) : tasks_(fmt::format("/proc/{}/task", process)) {
  if (const auto seen = read_all(tasks_)) cpu_ = seen->cpu;
}

Patience::Patience(pid_t process, pid_t thread)
    : thread_(fmt::format("/proc/{}/task/{}/stat", process, thread)) {
  if (const auto seen = read_stat(thread_)) cpu_ = seen->cpu;
}

void Patience::look(std::chrono::milliseconds interval, bool sleep_counts) {
  const auto seen = tasks_.empty() ? read_stat(thread_) : read_all(tasks_);
  if (!seen) {
    // Nothing can be seen of it: what is left is to wait.
    spent_ += interval;
    return;
  }
  // A thread that has ended takes its time with it.
  const auto used = std::max(nanoseconds{}, seen->cpu - cpu_);
  cpu_ = seen->cpu;
  if (seen->wants_to_run || !sleep_counts) {
    spent_ += used;
  } else {
    spent_ += interval;
  }
}

}  // namespace vmadiff::kernel
