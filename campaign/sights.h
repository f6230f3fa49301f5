// campaign: what was seen and is not settled yet, on disk: a campaign that is killed while it makes
// one finding small has seen others by then. Each is a trace, as long as it was met; the next
// campaign takes them up first. Knows no system.
#pragma once

#include <filesystem>
#include <mutex>
#include <set>
#include <string>

#include "properties/claims/finding.h"

namespace vmadiff::campaign {

/// A sequence that was seen to show something, by an earlier campaign or by somebody else.
struct LeftOver {
  std::filesystem::path file;  ///< gone once it is settled
  spec::Setup setup;
  spec::Sequence sequence;
};

/// Thread-safe. Without a directory nothing is written.
class Sights {
 public:
  Sights() = default;
  explicit Sights(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// Writes the first of each fingerprint down. One that cannot be written is settled all the same.
  void note(const properties::Finding& finding);
  /// That fingerprint of a noted finding is reported, or known to be nothing new.
  void settled(const properties::Finding& finding);

 private:
  [[nodiscard]] std::filesystem::path file_of(const properties::Finding& finding) const;

  std::filesystem::path directory_;
  std::mutex mutex_;
  std::set<std::string> noted_;  ///< fingerprints
};

}  // namespace vmadiff::campaign
