// kernel: inside the virtual machine: its pool of huge pages.
#include "kernel/guest/huge_pool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace vmadiff::kernel {
namespace {

constexpr std::string_view kPool = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
/// More than so many lost pages, and the machine is of no use for this any more.
constexpr std::uint64_t kLostMax = 64;

std::uint64_t read_count(std::string_view name) {
  std::ifstream file{fmt::format("{}{}", kPool, name)};
  std::uint64_t value = 0;
  file >> value;
  return value;
}

bool write_count(std::string_view name, std::uint64_t value) {
  const auto text = fmt::format("{}", value);
  const Descriptor file{::open(fmt::format("{}{}", kPool, name).c_str(), O_WRONLY | O_CLOEXEC)};
  return ::write(file.number(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

}  // namespace

HugePool::HugePool(const AgentFiles& files) {
  for (const OpenFile& file : files.files) {
    if (file.id.cls == spec::FileClass::kHugetlb) files_.push_back(file.descriptor.number());
  }
}

std::expected<void, spec::ToolFault> HugePool::make(std::uint64_t pages,
                                                    std::uint64_t surplus_max) {
  // A file has the size that the last mapping gave it.
  if (pages != 0 || surplus_max != 0) empty_files();
  if (pages == pages_ && surplus_max == surplus_max_ && !is_due_) return {};
  if (lost_ > kLostMax) {
    return std::unexpected(spec::ToolFault{
        fmt::format("guest: {} huge pages are reserved by nobody: its kernel loses them", lost_),
        true});
  }
  const std::uint64_t total = pages + lost_;
  if (!write_count("nr_overcommit_hugepages", surplus_max) || !write_count("nr_hugepages", total)) {
    return std::unexpected(spec::ToolFault{
        fmt::format("guest: the pool of huge pages cannot be set: {}", std::strerror(errno))});
  }
  pages_ = pages;
  surplus_max_ = surplus_max;
  is_due_ = false;
  if (read_count("free_hugepages") == total) return {};
  return std::unexpected(spec::ToolFault{
      fmt::format("guest: its kernel finds no memory for {} huge pages", total), true});
}

spec::HugePages HugePool::now() const {
  if (is_empty()) return {};
  return {.free = read_count("free_hugepages") - lost_,
          .reserved = read_count("resv_hugepages") - lost_,
          .surplus = read_count("surplus_hugepages")};
}

std::optional<spec::HugePages> HugePool::settle(bool had_processes) {
  if (is_empty()) return std::nullopt;
  empty_files();
  constexpr int kPauseMs = 2;
  const spec::HugePages full{.free = pages_, .reserved = 0, .surplus = 0};
  auto left = now();
  // Processes that were told to end may still be at it.
  for (int i = had_processes ? 50 : 1; i > 0 && left != full; --i) {
    ::poll(nullptr, 0, kPauseMs);
    left = now();
  }
  left.free -= pages_;
  if (left.reserved != 0) {
    // Written anew before the next sequence.
    lost_ += left.reserved;
    is_due_ = true;
  }
  return left;
}

void HugePool::empty_files() const {
  for (const int file : files_) {
    [[maybe_unused]] const auto done = ::ftruncate(file, 0);
  }
}

}  // namespace vmadiff::kernel
