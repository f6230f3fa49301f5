// properties: where two snapshots differ. Looks only at what both systems observe; anon_vmas and
// the numbers of files without a name of their own compare up to renaming; soft-dirty is ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "spec/snapshot.h"

namespace vmadiff::properties {

enum class Field : std::uint8_t {
  kVmaCount,  ///< one side has a VMA more
  kStart,
  kEnd,
  kPermissions,
  kFlags,
  kFile,
  kPgoff,
  kPolicy,
  kName,
  kUserfaultfd,
  kAnonVma,
  kAnonVmaLinks,
  kMapCount,
  kTotalVm,
  kLockedVm,
  kDataVm,
  kExecVm,
  kDataAndStackVm,
  kBrk,
  kMergeAny,
  kFreeHugePages,
  kReservedHugePages,
  kSurplusHugePages,
};
[[nodiscard]] std::string_view name(Field field);

/// The first difference: of the lowest VMA that differs, else of the counters.
struct Difference {
  Field field;
  std::size_t index;  ///< of the VMA, where the field is one's
};

/// What a comparison leaves out besides what is not observed. `flags` are not compared; `moved` is
/// added to every address of the first side (and to the offset of private anonymous memory).
struct Leeway {
  spec::VmFlags flags = spec::kVmSoftdirty;
  spec::Address moved = 0;  ///< bytes, a multiple of the page size
  bool merge_any = false;   ///< true: merge_any may differ
  /// VMAs that end at or below this address are equal but not moved (the program's own).
  spec::Address still_below = 0;
};

/// The first difference between two snapshots of which only `seen` is known, or nothing.
/// Allocates nothing unless anon_vmas or files are numbered differently.
[[nodiscard]] std::optional<Difference> difference(const spec::Snapshot& first,
                                                   const spec::Snapshot& second,
                                                   const spec::Observes& seen,
                                                   const Leeway& leeway = {});

/// "VMA 3 differs in its flags: … against …", for a finding.
[[nodiscard]] std::string explain(const Difference& difference, const spec::Snapshot& first,
                                  const spec::Snapshot& second);

}  // namespace vmadiff::properties
