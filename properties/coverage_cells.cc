// properties: the cells that there are. A result that a call can give stands in its row; the
// outcomes of merging exist for every call that makes merges due, but for those that the rules
// exclude, each with its reason.
#include <algorithm>
#include <vector>

#include "properties/coverage.h"

namespace vmadiff::properties {
namespace {

using enum spec::Errno;

struct ResultsOf {
  std::string_view call;
  std::vector<spec::Errno> errors;
  bool merges = false;  ///< it makes merges due
};

const std::vector<ResultsOf>& rows() {
  // What is possible with a heap of free memory and without faults injected: allocation failures
  // are not among them, and neither is what only a machine without KSM gives.
  static const std::vector<ResultsOf> kRows{
      {"mmap",
       {kEPERM, kEBADF, kEAGAIN, kENOMEM, kEACCES, kEEXIST, kENODEV, kEINVAL, kEOVERFLOW,
        kEOPNOTSUPP, kESRCH},
       true},
      {"munmap", {kEPERM, kEINVAL, kESRCH}},
      {"mprotect", {kEPERM, kENOMEM, kEACCES, kEINVAL, kESRCH}, true},
      {"brk", {kESRCH}, true},
      {"madvise", {kEPERM, kEBADF, kEAGAIN, kENOMEM, kEACCES, kEFAULT, kEINVAL, kESRCH}, true},
      {"prctl", {kEINVAL, kESRCH}},
      {"touch", {kSIGBUS, kSIGSEGV, kESRCH}},
      {"mremap", {kEPERM, kEAGAIN, kENOMEM, kEFAULT, kEINVAL, kESRCH}, true},
      {"mlock", {kEPERM, kENOMEM, kEINVAL, kESRCH}, true},
      {"mlock2", {kEPERM, kENOMEM, kEINVAL, kESRCH}, true},
      {"munlock", {kENOMEM, kEINVAL, kESRCH}, true},
      {"mlockall", {kEPERM, kENOMEM, kEINVAL, kESRCH}, true},
      {"munlockall", {kESRCH}, true},
      {"mseal", {kENOMEM, kEINVAL, kESRCH}, true},
      {"pkey_mprotect", {kEPERM, kENOMEM, kEACCES, kEINVAL, kESRCH}, true},
      {"remap_file_pages", {kENOMEM, kEINVAL, kESRCH}, true},
      {"setrlimit", {kEINVAL, kESRCH}},
      {"fork", {kESRCH}},
      {"exec", {kESRCH}},
      {"exit", {kEPERM, kESRCH}},
  };
  return kRows;
}

constexpr std::array kUnmeetable{
    Unmeetable{"", MergeOutcome::kLegacyHook, KsmMode::kOff,
               "without KSM nothing comes late: what is compatible merges"},
};

bool is_unmeetable(std::string_view call, MergeOutcome merge, KsmMode ksm) {
  return std::ranges::any_of(kUnmeetable, [&](const Unmeetable& u) {
    return (u.call.empty() || u.call == call) && u.merge == merge && (!u.ksm || *u.ksm == ksm);
  });
}

std::vector<Cell> make_cells() {
  std::vector<Cell> cells;
  const auto names = spec::call_names();
  for (std::size_t call = 0; call < names.size(); ++call) {
    const auto row = std::ranges::find(rows(), names[call], &ResultsOf::call);
    cells.push_back({.call = call, .result = 0});
    for (const spec::Errno error : row->errors) {
      cells.push_back({.call = call, .result = result_index(spec::Outcome::fail(error))});
    }
    if (!row->merges) continue;
    for (std::size_t m = 0; m < kMergeOutcomeCount; ++m) {
      for (std::size_t k = 0; k < kKsmModeCount; ++k) {
        const auto merge = static_cast<MergeOutcome>(m);
        const auto ksm = static_cast<KsmMode>(k);
        if (is_unmeetable(names[call], merge, ksm)) continue;
        cells.push_back({.call = call, .result = std::nullopt, .merge = merge, .ksm = ksm});
      }
    }
  }
  return cells;
}

}  // namespace

std::span<const Unmeetable> unmeetable_cells() { return kUnmeetable; }

std::span<const Cell> meetable_cells() {
  static const std::vector<Cell> kCells = make_cells();
  return kCells;
}

}  // namespace vmadiff::properties
