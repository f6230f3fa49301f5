// cli: traces as files: finding them, reading them, and saying what is wrong with them.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "cli/end_claim.h"
#include "spec/kernel_profile.h"
#include "spec/setup.h"
#include "spec/trace_text.h"

namespace vmadiff::cli {

/// "# vmas: N" or "# vmas PROFILE: N".
struct VmaCount {
  std::string profile;  ///< empty: every profile
  std::size_t count = 0;
};

/// What a trace says of itself in comments (docs/traces.md).
struct Directives {
  std::string profile;  ///< "# profile: P": what to run it under (spec/profile_text.h), or empty
  std::vector<std::string> systems;  ///< "# systems: A,B": those that can run it; empty: all
  std::vector<std::string> expect;   ///< "# expect: CLAIM": claims that it is known to violate
  std::vector<std::string> holds;    ///< "# holds: SPANS": the profiles under which its results and
                                     ///< counts are as written (cli/profile_spans.h); empty: all
  std::string setup;           ///< "# setup: NAME=VALUE …": limits of its own (spec/setup_text.h)
  std::vector<VmaCount> vmas;  ///< how many VMAs it leaves, besides those before it
  std::vector<EndClaim> ends;  ///< "#= …": what each process ends with (cli/end_claim.h)
};

struct TraceFile {
  std::string path;  ///< as it is shown: on one line, printable
  spec::Trace trace;
  Directives directives;
};

/// The whole content of a regular file. `what` it was to be, for the error: "a trace".
[[nodiscard]] std::expected<std::string, std::string> read_bytes(const std::string& path,
                                                                 std::string_view what,
                                                                 std::size_t bytes_max);

/// The error is complete and may have several lines: every error as FILE:LINE:COLUMN, the first 20
/// and then a count; or that the file cannot be read, is no regular file, is binary, is too big.
[[nodiscard]] std::expected<TraceFile, std::string> read_trace(const std::string& path);
/// The same of a text that was read from `path`.
[[nodiscard]] std::expected<TraceFile, std::string> trace_of_text(const std::string& path,
                                                                  std::string_view text);
/// The text of a trace's file.
[[nodiscard]] std::expected<std::string, std::string> read_trace_text(const std::string& path);

/// `setup` with the limits that the trace asks for.
[[nodiscard]] spec::Setup setup_of(const TraceFile& file, spec::Setup setup);

/// The profile to choose where `asked` is empty and the trace names none: the default one, which is
/// empty, or the newest under which the trace says that it holds.
[[nodiscard]] std::string profile_to_ask(const TraceFile& file, std::string_view asked);

/// The files given, and the *.trace files below the directories given, each directory's in
/// ascending order of path. The error names a path that is not there or cannot be read.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> find_traces(
    const std::vector<std::string>& paths);

}  // namespace vmadiff::cli
