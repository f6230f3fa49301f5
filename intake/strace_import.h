// intake: a real program's calls, as strace saw them, as a trace. Memory calls are taken,
// descriptors become files of a class, tasks become processes, addresses are moved
// (intake/relocation.h), the break is that of a trace. What has no place in a trace is in `losses`,
// once each kind.
//
// Where the kernel placed something by itself, the trace says where: mmap with MAP_FIXED_NOREPLACE,
// mremap with MREMAP_FIXED. strace does not show what execve maps, nor faults; who looked at the
// program while it ran can hand in what was seen (Looks), and both are in the trace.
#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "intake/losses.h"
#include "intake/maps_text.h"
#include "intake/relocation.h"
#include "intake/strace_log.h"
#include "spec/trace_text.h"

namespace vmadiff::intake {

/// What maps (or smaps) of a task showed right before the N-th of its watched calls (is_watched),
/// counted from 0: of execve's memory before the first one behind it, of faults before each.
using Looks = std::map<std::pair<Pid, std::size_t>, std::vector<MapsEntry>>;

struct Imported {
  spec::Trace trace;
  std::vector<Loss> losses;
  /// Where the memory of process 0, as it is at the end, lies in the trace.
  Relocation relocation;
  /// What was seen of process 0 right before its end; empty where nobody looked.
  std::vector<MapsEntry> end;
  std::string
      program;  ///< that process 0 runs at its end: the path as execve was given it, or empty
};

/// The error is one message, with FILE:LINE where it has a place.
[[nodiscard]] std::expected<Imported, std::string> import_strace(const std::vector<LogFile>& files,
                                                                 const Looks& looks = {});

}  // namespace vmadiff::intake
