// campaign: sights on disk.
#include "campaign/sights.h"

#include <fmt/format.h>

#include <system_error>

#include "reports/store.h"
#include "reports/trace.h"

namespace vmadiff::campaign {

namespace fs = std::filesystem;

fs::path Sights::file_of(const properties::Finding& finding) const {
  return directory_ / fmt::format("{}.trace", reports::file_stem(finding));
}

void Sights::note(const properties::Finding& finding) {
  if (directory_.empty()) return;
  const std::lock_guard lock{mutex_};
  if (!noted_.insert(finding.fingerprint).second) return;
  std::error_code error;
  fs::create_directories(directory_, error);
  // Where the disk is full the finding is told as ever; that it was kept is all that is lost.
  (void)reports::write_atomically(file_of(finding), reports::print_finding_trace(finding));
}

void Sights::settled(const properties::Finding& finding) {
  if (directory_.empty()) return;
  std::error_code ignored;
  fs::remove(file_of(finding), ignored);
}

}  // namespace vmadiff::campaign
