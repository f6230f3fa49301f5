// kernel/tree: gcov's counters, and its words.
#include "kernel/tree/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>

#include "kernel/store/command.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

/// Object and source of each.
constexpr std::array kFiles{
    std::array<std::string_view, 2>{"mm_vma", "mm/vma.c"},
    std::array<std::string_view, 2>{"mm_mremap", "mm/mremap.c"},
    std::array<std::string_view, 2>{"mm_mmap", "mm/mmap.c"},
    std::array<std::string_view, 2>{"mm_mprotect", "mm/mprotect.c"},
    std::array<std::string_view, 2>{"mm_mlock", "mm/mlock.c"},
    std::array<std::string_view, 2>{"mm_mseal", "mm/mseal.c"},
    std::array<std::string_view, 2>{"mm_madvise", "mm/madvise.c"},
    std::array<std::string_view, 2>{"mm_mempolicy", "mm/mempolicy.c"},
    std::array<std::string_view, 2>{"mm_ksm", "mm/ksm.c"},
    std::array<std::string_view, 2>{"mm_rmap", "mm/rmap.c"},
    std::array<std::string_view, 2>{"lib_maple_tree", "lib/maple_tree.c"},
};

}  // namespace

Share share_in(std::string_view text, std::string_view what) {
  Share share;
  const auto at = text.find(what);
  if (at == std::string_view::npos) return share;
  const auto* const end = text.data() + text.size();
  const auto percent = std::from_chars(text.data() + at + what.size(), end, share.percent);
  constexpr std::string_view kOf = "% of ";
  if (std::string_view{percent.ptr, end}.starts_with(kOf))
    std::from_chars(percent.ptr + kOf.size(), end, share.count);
  return share;
}

void forget_coverage(const fs::path& object) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{object.parent_path(), error}) {
    if (entry.path().extension() == ".gcda") fs::remove(entry.path(), error);
  }
}

std::expected<std::optional<FileCoverage>, spec::ToolFault> coverage_of(const fs::path& counters,
                                                                        std::string_view file,
                                                                        const fs::path& into) {
  std::error_code error;
  if (!fs::exists(counters, error)) return std::nullopt;
  const auto said = run_command({"gcov", "-b", counters.string()}, into.string());
  if (!said) return std::unexpected(said.error());
  // One paragraph each: File '/home/me/linux/mm/vma.c', then its shares.
  const auto at = said->output.find(fmt::format("/{}'", file));
  if (at == std::string::npos) return std::nullopt;
  const auto paragraph =
      std::string_view{said->output}.substr(at, said->output.find("\n\n", at) - at);
  const auto lines = share_in(paragraph, "Lines executed:");
  const auto branches = share_in(paragraph, "Taken at least once:");
  return FileCoverage{std::string{file}, lines.percent, lines.count, branches.percent,
                      branches.count};
}

std::expected<std::vector<FileCoverage>, spec::ToolFault> read_coverage(const fs::path& object,
                                                                        const fs::path& into) {
  std::error_code error;
  fs::create_directories(into, error);
  if (error)
    return std::unexpected(spec::ToolFault{fmt::format("{}: {}", into.string(), error.message())});
  std::vector<FileCoverage> rows;
  for (const auto& [name, file] : kFiles) {
    const auto row = coverage_of(object.parent_path() / fmt::format("{}.gcda", name), file, into);
    if (!row) return std::unexpected(row.error());
    if (row->has_value()) rows.push_back(**row);
  }
  return rows;
}

}  // namespace vmadiff::kernel
