// campaign: the proof of a finding. What is on disk is replayed by a process of its own, as the
// user is told to do it: the file is read back by the parser, and nothing of the campaign's memory
// takes part.
#pragma once

#include <filesystem>
#include <string>

#include "properties/claims/finding.h"
#include "reports/store.h"

namespace vmadiff::campaign {

struct FreshReplay {
  reports::Replayed replayed = reports::Replayed::kNotTried;
  std::string note;  ///< why it was not tried, or what came instead; one line
};

/// Whether a trace file shows the finding again. It is not tried where that would boot a virtual
/// machine, and after an interrupt. Takes as long as one run of `vmadiff replay`; a replay that has
/// used kReplayCpuSeconds (of a death: kDeathReplayCpuSeconds) of processor time hangs, which shows
/// a hang.
[[nodiscard]] FreshReplay replay_afresh(const std::filesystem::path& trace,
                                        const properties::Finding& finding);

inline constexpr unsigned kReplayCpuSeconds = 60;
/// Of a sequence that killed before: it was minimal, and took a campaign's patience at most.
inline constexpr unsigned kDeathReplayCpuSeconds = 10;

}  // namespace vmadiff::campaign
