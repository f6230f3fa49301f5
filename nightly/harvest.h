// nightly: from the files that `vmadiff check` leaves to findings that are filed.
#pragma once

#include <filesystem>
#include <vector>

#include "nightly/context.h"

namespace vmadiff::nightly {

/// What `vmadiff check --out DIRECTORY` has written there.
[[nodiscard]] std::vector<Found> found_in(const std::filesystem::path& directory,
                                          std::string_view stage);

/// Has `vmadiff check` look at a trace that somebody else has made, under the profile, or where
/// that is empty the trace's own: what model and implementation show of it, made small; none where
/// they show nothing. So what several ways of looking have seen gets one name.
[[nodiscard]] std::expected<std::vector<Found>, spec::ToolFault> seen_by_check(
    Context& context, const Stage& stage, StageRecord& record, const std::filesystem::path& trace,
    std::string profile = {});

/// Files them, and counts them in the record.
[[nodiscard]] Result file_all(Context& context, StageRecord& record,
                              const std::vector<Found>& found);

/// 16 hex digits for a text.
[[nodiscard]] std::string digest_of(std::string_view text);
/// A message with its numbers taken out: the same for the same complaint.
[[nodiscard]] std::string without_numbers(std::string_view message);

}  // namespace vmadiff::nightly
