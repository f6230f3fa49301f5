// model: the machine: its processes, and what they share besides what their VMAs say: the pool of
// huge pages, the files whose pages come from it, and the seals of memfds.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "model/address_space.h"
#include "model/huge_pool.h"
#include "spec/file.h"

namespace vmadiff::model {

/// A file of huge pages. Offsets are in huge pages.
struct HugeFile {
  std::uint64_t size = 0;
  /// What shared mappings have had reserved, whether it was used since or not; and what was used
  /// without having been reserved.
  std::set<std::uint64_t> reserved;
  std::set<std::uint64_t> present;  ///< the pages that it has, all of them reserved
};

/// F_SEAL_* of each memfd, by number.
using Seals = std::array<std::uint64_t, spec::kFilesPerClass>;

struct Machine {
  /// By number; null where one has gone.
  std::vector<std::unique_ptr<AddressSpace>> processes;
  HugePool pool;
  std::map<std::pair<spec::FileClass, std::uint32_t>, HugeFile> huge_files;
  Seals seals{};
  std::uint32_t anon_hugetlb_count = 0;  ///< kAnonHugetlb objects made
  /// Pages whose owner let them go while others have them: the pool has a promise more when they
  /// are free (HugetlbDiscard::kRestoresShared).
  std::set<std::uint32_t> promised_when_free;
  std::uint32_t last_huge_page = 0;  ///< the number of the last page that a process got

  [[nodiscard]] HugeFile& huge_file(spec::FileId file) {
    return huge_files[{file.cls, file.number}];
  }
};

}  // namespace vmadiff::model
