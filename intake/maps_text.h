// intake: /proc/PID/maps and smaps as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spec/units.h"

namespace vmadiff::intake {

struct MapsEntry {
  spec::Range range;
  std::uint64_t prot = 0;  ///< PROT_*
  bool is_shared = false;
  std::uint64_t offset = 0;    ///< bytes
  std::uint64_t inode = 0;     ///< 0: no file
  std::string path;            ///< "/usr/bin/cat", "[stack]", or empty
  bool has_own_pages = false;  ///< smaps alone: "Anonymous:" is not 0

  /// The kernel's own: [vdso], [vvar], [vvar_vclock], [vsyscall].
  [[nodiscard]] bool is_kernels() const { return path.starts_with("[v"); }
  [[nodiscard]] bool is_stack() const { return path == "[stack]"; }
};

/// The mappings in ascending order; lines that are none are passed over.
[[nodiscard]] std::vector<MapsEntry> read_maps(std::string_view text);

}  // namespace vmadiff::intake
