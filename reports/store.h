// reports: how is a finding shown? This file: findings on disk. A file is written whole or not at
// all: into a temporary file beside it, flushed to the disk, then renamed. Knows no system.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "properties/claims/finding.h"
#include "spec/system.h"

namespace vmadiff::reports {

/// Writes `text` as the whole content of `path`. A path that is there and is not a regular file
/// (/dev/stdout, a pipe) is written to as it is. The error names the path and the reason; a file
/// that was there before is then unchanged.
[[nodiscard]] std::expected<void, spec::ToolFault> write_atomically(
    const std::filesystem::path& path, std::string_view text);

/// What a replay of the trace file in a fresh process came to.
enum class Replayed : std::uint8_t { kNotTried, kShows, kDoesNotShow };

/// Where a finding was written; a file that could not be is empty.
struct FindingFiles {
  std::filesystem::path trace;
  std::filesystem::path json;
  std::filesystem::path reproducer;  ///< C
  std::filesystem::path text;
  std::filesystem::path log = {};   ///< only of a finding that has one
  std::filesystem::path test = {};  ///< a draft of one, where there can be one
  /// Why something could not be written, in one line; empty where all of it was.
  std::string fault = {};
  /// The files are those of an earlier finding of the same kind, whose trace is shorter.
  bool is_kept = false;
  Replayed replayed = Replayed::kNotTried;
  std::string replay_note = {};  ///< why it was not replayed, or what came instead
};

/// The name of a finding's files, without directory and suffix: 16 hex digits that depend on what
/// the finding is (its fingerprint, profile and systems) only, so that the same one of a later run
/// meets the earlier.
[[nodiscard]] std::string file_stem(const properties::Finding& finding);

/// Writes DIR/STEM.trace (and .log, where a system left one), making DIR where it is not there.
/// Where a trace of that name is there and is shorter, it stays, and `is_kept` says so; with
/// `replace` it does not.
[[nodiscard]] FindingFiles write_trace(const std::filesystem::path& directory,
                                       const properties::Finding& finding, bool replace = false);
/// Writes .json, .c, .test.cc and .txt beside the trace, unless that was kept.
void write_reports(const properties::Finding& finding, FindingFiles& files);
/// Both.
[[nodiscard]] FindingFiles write_finding(const std::filesystem::path& directory,
                                         const properties::Finding& finding);

}  // namespace vmadiff::reports
