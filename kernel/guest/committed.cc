// kernel: inside the virtual machine: how much memory it has committed.
#include "kernel/guest/committed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>
#include <thread>

#include "spec/units.h"

namespace vmadiff::kernel {
namespace {

using Buffer = std::array<char, std::size_t{8} << 10>;

std::string_view content(const Descriptor& file, Buffer& buffer) {
  const auto count = ::pread(file.number(), buffer.data(), buffer.size(), 0);
  return {buffer.data(), count < 0 ? 0 : static_cast<std::size_t>(count)};
}

/// The number at the beginning of `text`, behind blanks.
std::optional<std::int64_t> number_at(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return std::nullopt;
  text.remove_prefix(first);
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc{} ? std::optional{value} : std::nullopt;
}

/// Pages, of the whole machine.
std::optional<std::int64_t> all_pages(std::string_view meminfo) {
  constexpr std::string_view kLine = "\nCommitted_AS:";
  constexpr std::int64_t kKibPerPage = spec::kPageSize >> 10;
  const auto at = meminfo.find(kLine);
  if (at == std::string_view::npos) return std::nullopt;
  const auto kib = number_at(meminfo.substr(at + kLine.size()));
  return kib ? std::optional{*kib / kKibPerPage} : std::nullopt;
}

/// Pages that this process is charged for, up to a constant: the sixth of statm, what is private
/// and writable, and stacks. Its heap grows with what it is asked.
std::optional<std::int64_t> own_pages(std::string_view statm) {
  constexpr int kBefore = 5;
  for (int i = 0; i < kBefore; ++i) {
    const auto blank = statm.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    statm.remove_prefix(blank + 1);
  }
  return number_at(statm);
}

}  // namespace

Committed::Committed(const AgentFiles& files)
    : meminfo_(::open("/proc/meminfo", O_RDONLY | O_CLOEXEC)),
      statm_(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {
  for (const OpenFile& file : files.files) {
    if (file.id.cls == spec::FileClass::kMemfd) shared_memory_.push_back(file.descriptor.number());
  }
  shared_memory_.push_back(files.shown.number());
}

std::optional<std::int64_t> Committed::pages() const {
  constexpr std::int64_t kBlocksPerPage = spec::kPageSize / 512;
  Buffer buffer;
  const auto all = all_pages(content(meminfo_, buffer));
  const auto own = own_pages(content(statm_, buffer));
  if (!all || !own) return std::nullopt;
  auto pages = *all - *own;
  for (const int file : shared_memory_) {
    struct stat status{};
    if (::fstat(file, &status) == 0) pages -= status.st_blocks / kBlocksPerPage;
  }
  return pages;
}

std::optional<std::int64_t> Committed::settled_pages(std::optional<std::int64_t> expected,
                                                     bool had_processes) const {
  const auto wait = [](std::chrono::microseconds pause) { std::this_thread::sleep_for(pause); };
  constexpr std::chrono::microseconds kLongest{2000};
  if (!expected) {
    // Nothing to wait for: time for whoever is at its end.
    wait(kLongest);
    return pages();
  }
  const auto patience = had_processes ? 10 * kLongest : kLongest;
  auto now = pages();
  std::chrono::microseconds pause{200};
  for (std::chrono::microseconds waited{}; waited < patience && now && now != expected;) {
    wait(pause);
    waited += pause;
    pause = std::min(2 * pause, kLongest);
    now = pages();
  }
  return now;
}

}  // namespace vmadiff::kernel
