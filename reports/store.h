// reports: how is a finding shown? This file: findings on disk. A file is written whole or not at
// all: into a temporary file beside it, flushed to the disk, then renamed. Knows no system.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "properties/finding.h"
#include "spec/system.h"

namespace vmadiff::reports {

/// Writes `text` as the whole content of `path`. A path that is there and is not a regular file
/// (/dev/stdout, a pipe) is written to as it is. The error names the path and the reason; a file
/// that was there before is then unchanged.
[[nodiscard]] std::expected<void, spec::ToolFault> write_atomically(
    const std::filesystem::path& path, std::string_view text);

/// Where a finding was written; a file that could not be is empty.
struct FindingFiles {
  std::filesystem::path trace;
  std::filesystem::path json;
  std::filesystem::path reproducer;  ///< C
  std::filesystem::path text;
  std::filesystem::path log = {};  ///< only of a finding that has one
  /// Why something could not be written, in one line; empty where all of it was.
  std::string fault;
};

/// The name of a finding's files, without directory and suffix: 16 hex digits that depend on the
/// fingerprint only, so that the same finding of a later run takes the place of the earlier.
[[nodiscard]] std::string file_stem(const properties::Finding& finding);

/// Writes DIR/STEM.trace, .json, .c and .txt (and .log, where a system left one), making DIR where
/// it is not there. The trace comes first: it is the one from which the others can be made again.
[[nodiscard]] FindingFiles write_finding(const std::filesystem::path& directory,
                                         const properties::Finding& finding);

}  // namespace vmadiff::reports
