// properties: the cells that there are. A result that a call can give stands in its row; the
// outcomes of merging exist for every call that makes merges due, but for those that the rules
// exclude, each with its reason.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "properties/coverage/coverage.h"

namespace vmadiff::properties {
namespace {

using enum spec::Errno;

struct ResultsOf {
  std::string_view call;
  std::vector<spec::Errno> errors;
  bool merges = false;   ///< it makes merges due
  bool not_due = false;  ///< but with some arguments it does not
  bool succeeds = true;  ///< under the profiles of all releases
};

const std::vector<ResultsOf>& rows() {
  // What is possible with enough memory and without faults injected. Not here: what needs 65530
  // VMAs (EAGAIN of madvise and of names), what a kernel without KSM or swap gives (EBADF of
  // MADV_WILLNEED), what only a driver gives (ENODEV of MADV_REMOVE), files of terabytes (EFBIG of
  // MADV_REMOVE), and the errnos as which mmap gives back an address in the last 4095 bytes.
  static const std::vector<ResultsOf> kRows{
      {"mmap",
       {kEPERM, kEBADF, kEAGAIN, kENOMEM, kEACCES, kEEXIST, kENODEV, kEINVAL, kEOVERFLOW,
        kEOPNOTSUPP, kESRCH},
       true},
      {"munmap", {kEPERM, kEINVAL, kESRCH}},
      {"mprotect", {kEPERM, kENOMEM, kEACCES, kEINVAL, kESRCH}, true},
      {"brk", {kESRCH}, true, true},
      {"madvise", {kEPERM, kENOMEM, kEACCES, kEFAULT, kEINVAL, kESRCH}, true, true},
      {"prctl", {kEPERM, kEINVAL, kESRCH}},
      {"touch", {kSIGBUS, kSIGSEGV, kESRCH}},
      {"mremap", {kEPERM, kEAGAIN, kENOMEM, kEFAULT, kEINVAL, kESRCH}, true, true},
      {"mlock", {kEPERM, kENOMEM, kEINVAL, kESRCH}, true},
      {"mlock2", {kEPERM, kENOMEM, kEINVAL, kESRCH}, true},
      {"munlock", {kENOMEM, kEINVAL, kESRCH}, true},
      {"mlockall", {kEPERM, kENOMEM, kEINVAL, kESRCH}, true, true},
      {"munlockall", {kESRCH}, true},
      {"mseal", {kENOMEM, kEINVAL, kESRCH}, true},
      {"pkey_mprotect", {kEPERM, kENOMEM, kEACCES, kEINVAL, kESRCH}, true},
      {"remap_file_pages", {kEPERM, kEAGAIN, kENOMEM, kEINVAL, kEOVERFLOW, kESRCH}, true},
      {"setrlimit", {kEINVAL, kESRCH}},
      {"fork", {kESRCH}},
      {"exec", {kESRCH}},
      {"exit", {kEPERM, kESRCH}},
      {"uffd_register", {kEPERM, kEBADF, kEBUSY, kEINVAL, kESRCH}, true},
      {"uffd_unregister", {kEBADF, kEINVAL, kESRCH}, true},
      {"mbind", {kEPERM, kEFAULT, kEINVAL, kESRCH}, true},
      {"set_mempolicy", {kEINVAL, kESRCH}},
      {"set_vma_name", {kEBADF, kENOMEM, kEFAULT, kEINVAL, kESRCH}, true},
      {"uffd_open", {kEBADF, kEINVAL, kESRCH}},
      {"uffd_close", {kEBADF, kESRCH}, true},
      {"shmat", {kEPERM, kEAGAIN, kENOMEM, kEINVAL, kESRCH}},
      {"shmdt", {kEINVAL, kESRCH}},
      {"pkey_alloc", {kEINVAL, kENOSPC, kESRCH}},
      {"pkey_free", {kEINVAL, kESRCH}},
      {"msync", {kENOMEM, kEBUSY, kEINVAL, kESRCH}},
      {"add_seals", {kEPERM, kEBUSY, kEINVAL, kESRCH}},
      {"process_madvise", {kENOMEM, kEINVAL, kESRCH}},
      {"uffd_writeprotect", {kENOENT, kEBADF, kEINVAL, kESRCH}},
      {"uffd_rwprotect", {kEBADF, kEINVAL, kESRCH}, false, false, false},
  };
  return kRows;
}

constexpr std::string_view kNewIsNotMergeable =
    "a new mapping is mergeable only where the process is";
constexpr std::string_view kHeapJoinsLeft = "brk joins the VMA before it, and no other";
constexpr std::string_view kNoNeighbours =
    "each VMA is joined with the one before it; the ends of the address space have no neighbours";
constexpr std::string_view kTextAndData =
    "the first neighbours in the address space are the program's text and data: flags";
constexpr std::string_view kSharedOnly = "it maps shared memory, which has no anon_vma";

constexpr std::string_view kWatchedHasAFlag =
    "memory that is new, or let go, is not watched, and what is watched has a flag for it: flags";

constexpr std::array kOfSomeCalls{
    Unmeetable{"", MergeOutcome::kExempt, {}, "not asked for: each is an exemption's own count"},
    Unmeetable{"mmap", {}, KsmMode::kMadvised, kNewIsNotMergeable},
    Unmeetable{"brk", {}, KsmMode::kMadvised, kNewIsNotMergeable},
    Unmeetable{"remap_file_pages", {}, KsmMode::kMadvised, "shared memory is never mergeable"},
    Unmeetable{"remap_file_pages", MergeOutcome::kAnonVma, {}, kSharedOnly},
    Unmeetable{"mmap", MergeOutcome::kUserfaultfd, {}, kWatchedHasAFlag},
    Unmeetable{"brk", MergeOutcome::kUserfaultfd, {}, kWatchedHasAFlag},
    Unmeetable{"remap_file_pages", MergeOutcome::kUserfaultfd, {}, kWatchedHasAFlag},
    Unmeetable{"uffd_unregister", MergeOutcome::kUserfaultfd, {}, kWatchedHasAFlag},
    Unmeetable{"brk", MergeOutcome::kRight, {}, kHeapJoinsLeft},
    Unmeetable{"brk", MergeOutcome::kBoth, {}, kHeapJoinsLeft},
    Unmeetable{"brk",
               MergeOutcome::kSpecial,
               {},
               "a special mapping over the end of the heap is a driver's, or 2 MiB long"},
    Unmeetable{"", MergeOutcome::kNotDue, KsmMode::kMadvised,
               "without a range there is none that could be madvised"},
    Unmeetable{"", MergeOutcome::kSpecial, KsmMode::kMadvised,
               "not asked for: the range is no special one then, but its neighbour"},
};

/// Calls whose range is the whole address space, and what none of them can meet.
constexpr std::array<std::string_view, 3> kOfAllMemory{"mlockall", "munlockall", "uffd_close"};
constexpr std::array kNotOfAllMemory{
    Unmeetable{{}, MergeOutcome::kRight, {}, kNoNeighbours},
    Unmeetable{{}, MergeOutcome::kBoth, {}, kNoNeighbours},
    Unmeetable{{}, {}, KsmMode::kMadvised, "nothing is mapped at address 0"},
    Unmeetable{
        {}, MergeOutcome::kNothingThere, {}, "the program's own text and data are neighbours"},
    Unmeetable{{}, MergeOutcome::kSpecial, {}, kTextAndData},
    Unmeetable{{}, MergeOutcome::kFile, {}, kTextAndData},
    Unmeetable{{}, MergeOutcome::kAnonVma, {}, kTextAndData},
    Unmeetable{{}, MergeOutcome::kOffset, {}, kTextAndData},
    Unmeetable{{}, MergeOutcome::kPolicy, {}, kTextAndData},
    Unmeetable{{}, MergeOutcome::kName, {}, kTextAndData},
    Unmeetable{{}, MergeOutcome::kUserfaultfd, {}, kTextAndData},
};

const std::vector<Unmeetable>& unmeetable() {
  static const std::vector<Unmeetable> kAll = [] {
    std::vector<Unmeetable> all(kOfSomeCalls.begin(), kOfSomeCalls.end());
    for (const std::string_view call : kOfAllMemory) {
      for (Unmeetable one : kNotOfAllMemory) {
        one.call = call;
        all.push_back(one);
      }
    }
    return all;
  }();
  return kAll;
}

bool is_unmeetable(const ResultsOf& row, MergeOutcome merge, KsmMode ksm) {
  if (merge == MergeOutcome::kNotDue && !row.not_due) return true;
  return std::ranges::any_of(unmeetable(), [&](const Unmeetable& u) {
    return (u.call.empty() || u.call == row.call) && (!u.merge || *u.merge == merge) &&
           (!u.ksm || *u.ksm == ksm);
  });
}

std::vector<Cell> make_cells() {
  std::vector<Cell> cells;
  const auto names = spec::call_names();
  for (std::size_t call = 0; call < names.size(); ++call) {
    const auto row = std::ranges::find(rows(), names[call], &ResultsOf::call);
    if (row == rows().end())
      throw std::logic_error(fmt::format("coverage_cells.cc has no row for {}", names[call]));
    if (row->succeeds) cells.push_back({.call = call, .result = 0});
    for (const spec::Errno error : row->errors) {
      cells.push_back({.call = call, .result = result_index(spec::Outcome::fail(error))});
    }
    if (!row->merges) continue;
    for (std::size_t m = 0; m < kMergeOutcomeCount; ++m) {
      for (std::size_t k = 0; k < kKsmModeCount; ++k) {
        const auto merge = static_cast<MergeOutcome>(m);
        const auto ksm = static_cast<KsmMode>(k);
        if (is_unmeetable(*row, merge, ksm)) continue;
        cells.push_back({.call = call, .result = std::nullopt, .merge = merge, .ksm = ksm});
      }
    }
  }
  return cells;
}

}  // namespace

std::span<const Unmeetable> unmeetable_cells() { return unmeetable(); }

std::span<const Cell> meetable_cells() {
  static const std::vector<Cell> kCells = make_cells();
  return kCells;
}

}  // namespace vmadiff::properties
