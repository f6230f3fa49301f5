// properties: makes interesting sequences: addresses cluster around existing boundaries, flags
// repeat so that merges happen, KSM goes on and off in the middle. The one generator behind
// campaigns and RapidCheck.
#pragma once

#include <cstdint>
#include <vector>

#include "properties/generate/setups.h"
#include "spec/call_part.h"
#include "spec/sequence.h"
#include "spec/setup.h"

namespace vmadiff::properties {

/// What a sequence draws once, for all of its calls (swarm testing, Groce et al., 2012).
enum class Swarming : std::uint8_t {
  kNone,           ///< nothing: every family of calls is in every sequence
  kCalls,          ///< which families of calls it has
  kCallsAndArena,  ///< these, and how large the arena is that fixed addresses come from
};

struct GeneratorOptions {
  spec::Setup setup;                          ///< reserved memory is kept away from
  std::vector<spec::FileClass> file_classes;  ///< what mmap may name
  std::uint32_t files_per_class = spec::kFilesPerClass;
  std::uint64_t driver_pages = 0;  ///< how much of a driver's file can be mapped; 0: all
  /// More private mappings of regular files that the file's own hook refuses: what was charged by
  /// then shows where what stays committed is seen.
  bool refused_maps = false;
  /// Guards are also installed once pages may have been marked: kernels from 6.15 on never come to
  /// an end of that where a page of a file has a mark (corpus/kernel-findings/guard-over-a-mark.c).
  bool guards_behind_marks = true;
  bool ksm_calls = true;                 ///< prctl(PR_*_MEMORY_MERGE) and madvise of KSM
  std::vector<spec::CallPart> withheld;  ///< what no call may be of
  /// Calls to be made more often: bit i is the i-th of spec::Syscall.
  std::uint64_t favoured = 0;
  /// More mappings that were made mergeable one by one.
  bool favour_madvised = false;
  Swarming swarming = Swarming::kCalls;
  bool meetings = true;         ///< calls are planned to meet, and come again with one part changed
  bool openings = true;         ///< some sequences begin with many calls of one kind (opening.h)
  std::size_t teeth_max = 380;  ///< mappings in such an opening, 12 at least
  /// Sequences are run in varied_setup(), where they have one.
  SetupVariation setup_variation = SetupVariation::kAll;
  std::size_t length_min = 1;  ///< without the opening
  std::size_t length_max = 64;
};

/// A fast splittable random source: the sequence of index i depends on (seed, i) only.
[[nodiscard]] std::uint64_t sequence_seed(std::uint64_t run_seed, std::uint64_t index);
/// How many calls the sequence of that seed will have: known before it is generated.
[[nodiscard]] std::size_t sequence_length(std::uint64_t seed, const GeneratorOptions& options);
/// Writes the sequence of that seed into `out`, reusing its memory.
void generate(std::uint64_t seed, const GeneratorOptions& options, spec::Sequence& out);

}  // namespace vmadiff::properties
