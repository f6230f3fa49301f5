// spec: set-ups as text. A value that traces may set is a row here.
#include "spec/setup_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace vmadiff::spec {
namespace {

struct Row {
  std::string_view name;
  std::uint64_t (*get)(const Setup&);
  void (*set)(Setup&, std::uint64_t);
  /// Whether it is a value that there can be; null: all are.
  bool (*suits)(std::uint64_t) = nullptr;
  const char* expected = "";  ///< what would suit
};

constexpr std::array kRows{
    Row{"max_map_count", [](const Setup& s) { return s.max_map_count; },
        [](Setup& s, std::uint64_t v) { s.max_map_count = v; }},
    Row{"overcommit_pages", [](const Setup& s) { return s.overcommit_pages; },
        [](Setup& s, std::uint64_t v) { s.overcommit_pages = v; }},
    Row{"mmap_min_addr", [](const Setup& s) { return s.mmap_min_addr; },
        [](Setup& s, std::uint64_t v) { s.mmap_min_addr = v; }},
    Row{"placement_min_addr", [](const Setup& s) { return s.placement_min_addr; },
        [](Setup& s, std::uint64_t v) { s.placement_min_addr = v; }},
    Row{"stack_guard_gap", [](const Setup& s) { return s.stack_guard_gap; },
        [](Setup& s, std::uint64_t v) { s.stack_guard_gap = v; }},
    Row{"nr_hugepages", [](const Setup& s) { return s.nr_hugepages; },
        [](Setup& s, std::uint64_t v) { s.nr_hugepages = v; },
        [](std::uint64_t v) { return v <= kPoolPagesMax; }, "at most 64"},
    Row{"nr_overcommit_hugepages", [](const Setup& s) { return s.nr_overcommit_hugepages; },
        [](Setup& s, std::uint64_t v) { s.nr_overcommit_hugepages = v; },
        [](std::uint64_t v) { return v <= kPoolPagesMax; }, "at most 64"},
    Row{"zero_page", [](const Setup& s) { return std::uint64_t{s.zero_page}; },
        [](Setup& s, std::uint64_t v) { s.zero_page = v != 0; }},
    Row{"zero_noexec", [](const Setup& s) { return std::uint64_t{s.zero_noexec}; },
        [](Setup& s, std::uint64_t v) { s.zero_noexec = v != 0; }},
    Row{"file_noexec", [](const Setup& s) { return std::uint64_t{s.file_noexec}; },
        [](Setup& s, std::uint64_t v) { s.file_noexec = v != 0; }},
    Row{"may_set_memory_merge",
        [](const Setup& s) { return std::uint64_t{s.may_set_memory_merge}; },
        [](Setup& s, std::uint64_t v) { s.may_set_memory_merge = v != 0; }},
    Row{"memlock", [](const Setup& s) { return s.limits.memlock; },
        [](Setup& s, std::uint64_t v) { s.limits.memlock = v; }},
    Row{"nodes", [](const Setup& s) { return s.nodes; },
        [](Setup& s, std::uint64_t v) { s.nodes = v; },
        [](std::uint64_t v) { return v <= kNodesMask; }, "a mask of 16 nodes"},
    Row{"userfaultfd", [](const Setup& s) { return std::uint64_t{s.userfaultfd}; },
        [](Setup& s, std::uint64_t v) { s.userfaultfd = v != 0; }},
    Row{"vma_names", [](const Setup& s) { return std::uint64_t{s.vma_names}; },
        [](Setup& s, std::uint64_t v) { s.vma_names = v != 0; }},
    Row{"uffd_event_fork", [](const Setup& s) { return std::uint64_t{s.uffd_event_fork}; },
        [](Setup& s, std::uint64_t v) { s.uffd_event_fork = v != 0; }},
    Row{"uffd_kernel_faults", [](const Setup& s) { return std::uint64_t{s.uffd_kernel_faults}; },
        [](Setup& s, std::uint64_t v) { s.uffd_kernel_faults = v != 0; }},
    Row{"protection_keys", [](const Setup& s) { return std::uint64_t{s.protection_keys}; },
        [](Setup& s, std::uint64_t v) { s.protection_keys = v != 0; }},
    Row{"bottom_up", [](const Setup& s) { return std::uint64_t{s.bottom_up}; },
        [](Setup& s, std::uint64_t v) { s.bottom_up = v != 0; }},
    Row{"mmap_base", [](const Setup& s) { return s.mmap_base; },
        [](Setup& s, std::uint64_t v) { s.mmap_base = v; },
        [](std::uint64_t v) {
          return is_page_aligned(v) && v >= kPageSize && v <= Setup{}.task_size;
        },
        "an address of a page below the end of the address space"},
};

std::string known_names() {
  std::string names;
  for (const Row& row : kRows) names += fmt::format("{}{}", names.empty() ? "" : ", ", row.name);
  return names;
}

std::expected<void, std::string> read_word(std::string_view word, Setup& setup) {
  const auto equals = word.find('=');
  const auto row = std::ranges::find(kRows, word.substr(0, equals), &Row::name);
  if (row == kRows.end() || equals == std::string_view::npos) {
    return std::unexpected(
        fmt::format("'{}': expected NAME=VALUE with one of {}", word, known_names()));
  }
  auto digits = word.substr(equals + 1);
  const bool hex = digits.starts_with("0x");
  if (hex) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, hex ? 16 : 10);
  if (error != std::errc{} || stop != end) {
    return std::unexpected(fmt::format("'{}': expected a number of at most 64 bits", word));
  }
  if (row->suits != nullptr && !row->suits(value)) {
    return std::unexpected(fmt::format("'{}': expected {}", word, row->expected));
  }
  row->set(setup, value);
  return {};
}

}  // namespace

std::string setup_text(const Setup& setup) { return setup_text(setup, Setup::standard()); }

std::string setup_text(const Setup& setup, const Setup& base) {
  std::string out;
  for (const Row& row : kRows) {
    const auto value = row.get(setup);
    if (value == row.get(base)) continue;
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", row.name,
                       value > 0xffff ? fmt::format("{:#x}", value) : fmt::format("{}", value));
  }
  return out;
}

std::expected<void, std::string> read_setup_text(std::string_view text, Setup& setup) {
  while (true) {
    const auto start = text.find_first_not_of(" \t");
    if (start == std::string_view::npos) return {};
    text.remove_prefix(start);
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    if (auto read = read_word(text.substr(0, end), setup); !read) return read;
    text.remove_prefix(end);
  }
}

std::vector<Setup> plainer_setups(const Setup& setup) {
  const Setup standard = Setup::standard();
  std::vector<Setup> out;
  for (const Row& row : kRows) {
    if (row.get(setup) == row.get(standard)) continue;
    out.push_back(setup);
    row.set(out.back(), row.get(standard));
  }
  return out;
}

}  // namespace vmadiff::spec
