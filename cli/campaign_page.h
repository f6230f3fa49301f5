// cli: findings on disk, and the page of a campaign beside them.
#pragma once

#include <expected>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "reports/page/night.h"
#include "reports/summary.h"

namespace vmadiff::cli {

/// A finding's JSON file as a story. The error names the file.
[[nodiscard]] std::expected<reports::Story, std::string> read_finding_file(
    const std::filesystem::path& path);

/// The findings' JSON files in a directory (not below it), in ascending order.
[[nodiscard]] std::vector<std::filesystem::path> finding_files(
    const std::filesystem::path& directory);

struct CampaignNote {
  reports::RunHeader header;
  reports::RunSummary summary;
  std::uint64_t seconds = 0;
  std::set<std::string> stems;  ///< of the files of this run's findings
};

/// Writes the campaign's page to `page`: what it found, and what was in `findings`, the directory
/// that it wrote to, before it. The error says what could not be written.
[[nodiscard]] std::expected<void, std::string> write_campaign_page(
    const std::filesystem::path& page, const std::filesystem::path& findings,
    const CampaignNote& note);

}  // namespace vmadiff::cli
