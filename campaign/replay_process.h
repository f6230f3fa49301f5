// campaign: `vmadiff replay` as a process of its own: as the user is told to do it, and with
// nothing of this process's memory.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace vmadiff::campaign {

struct ReplayEnd {
  int wait_status = 0;
  std::string output;
  std::string errors;
};

/// Replays the file with these systems and with `more` words. It is ended when it has used so much
/// of the processor. The error says in a line why there is no end.
[[nodiscard]] std::expected<ReplayEnd, std::string> run_replay(const std::filesystem::path& trace,
                                                               std::span<const std::string> systems,
                                                               const std::vector<std::string>& more,
                                                               std::uint64_t cpu_seconds);

/// The first line of a text; "it said nothing" where there is none.
[[nodiscard]] std::string first_line(const std::string& text);

}  // namespace vmadiff::campaign
