// compare: a list of differences that are known and wanted, with reasons.
#pragma once

#include <expected>
#include <map>
#include <string>

namespace vmadiff::compare {

/// By the name of the group (docs/guest.md): why it is expected.
using ExpectedDifferences = std::map<std::string, std::string>;

/// A line is "NAME = REASON"; empty lines and those that begin with # are passed over. The error
/// says FILE:LINE and what would be right.
[[nodiscard]] std::expected<ExpectedDifferences, std::string> read_expected_differences(
    const std::string& path);

}  // namespace vmadiff::compare
