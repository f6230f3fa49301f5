// compare: the traces by which a kernel shows its behaviours, and behind them what all profiles
// have in common; a kernel release that changes that gets a behaviour.
#include "compare/deciding_traces.h"

#include <algorithm>
#include <array>
#include <vector>

#include "compare/deciding_files.h"

namespace vmadiff::compare {
namespace {

constexpr std::array kCommon{
    CommonTrace{"mlock2", R"(
mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mlock2(0x100000001000, 0x1000, MLOCK_ONFAULT)
)"},
    CommonTrace{"pkey_mprotect", R"(
mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
pkey_mprotect(0x100000001000, 0x1000, PROT_READ, -1)
)"},
    CommonTrace{"remap_file_pages", R"(
mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, memfd:0, 0)
remap_file_pages(0x100000001000, 0x1000, 0, 0, 0)
)"},
    CommonTrace{"mbind", R"(
mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mbind(0x100000001000, 0x1000, MPOL_DEFAULT, 0, 0, 0)
)"},
    CommonTrace{"fork", R"(
mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
touch(0x100000000000, 0x3000, WRITE)
fork()
)"},
};

/// What stands behind "# WORD: " on a line of the file; empty where none does.
std::string_view directive(std::string_view file, std::string_view word) {
  while (!file.empty()) {
    const auto end = std::min(file.find('\n'), file.size());
    auto line = file.substr(0, end);
    file.remove_prefix(std::min(end + 1, file.size()));
    if (!line.starts_with("# ")) continue;
    line.remove_prefix(2);
    if (!line.starts_with(word) || !line.substr(word.size()).starts_with(": ")) continue;
    return line.substr(word.size() + 2);
  }
  return {};
}

}  // namespace

std::span<const DecidingTrace> deciding_traces() {
  static const std::vector<DecidingTrace> traces = [] {
    std::vector<DecidingTrace> read;
    for (const std::string_view file : deciding_files()) {
      read.push_back({.behaviour = directive(file, "behaviour"),
                      .text = file,
                      .setup = directive(file, "setup")});
    }
    return read;
  }();
  return traces;
}

std::span<const CommonTrace> common_traces() { return kCommon; }

}  // namespace vmadiff::compare
