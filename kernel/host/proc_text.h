// kernel: what /proc says about a process, read and parsed. Knows the text, not who wrote it.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "spec/snapshot.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// Identity of a file as /proc/PID/maps prints it. The device is the super block's, which is not
/// what stat gives on every file system, so the identities are learned from mappings.
struct Inode {
  std::uint32_t device_major = 0;
  std::uint32_t device_minor = 0;
  std::uint64_t number = 0;
  [[nodiscard]] constexpr bool is_none() const {
    return device_major == 0 && device_minor == 0 && number == 0;
  }
  friend constexpr bool operator==(const Inode&, const Inode&) = default;
};

struct KnownFile {
  Inode inode;  ///< of a System V segment, its number alone
  spec::FileId id;
};

/// One VMA as smaps shows it.
struct SmapsEntry {
  spec::Range range;
  std::uint64_t offset = 0;  ///< bytes
  Inode inode;
  std::string_view path;
  std::string_view sizes;       ///< the lines "NAME:   N kB" between the two
  std::string_view flag_codes;  ///< behind "VmFlags: "
};

/// Takes the first entry off `text`. Nothing where the text is not smaps'.
[[nodiscard]] bool take_smaps_entry(std::string_view& text, SmapsEntry& entry);

/// How many bytes a VMA's pages of its own take ("Anonymous:"); the zero page is none. Nothing
/// where there is no such line.
[[nodiscard]] std::optional<std::uint64_t> anonymous_bytes(const SmapsEntry& entry);

/// Names the shmem and hugetlb objects that no descriptor stands for, in order of appearance. Kept
/// from one snapshot of a sequence to the next, so that an object keeps its name.
class AnonymousFiles {
 public:
  [[nodiscard]] spec::FileId id(spec::FileClass cls, const Inode& inode);
  void clear() { seen_.clear(); }

 private:
  std::vector<Inode> seen_;
};

/// VmFlags codes that smaps showed and that mean nothing here: a newer kernel's, or a vendor's.
/// Such flags are not compared.
using UnknownCodes = std::set<std::string, std::less<>>;

/// Whether a VMA that /proc calls [heap] or [stack] may have a name, which is not shown then.
enum class MayBeNamed : std::uint8_t { kNo, kYes };

/// Writes the VMAs below `task_size` into `vmas`. Files that are not known are a fault, but for
/// those behind shared anonymous memory and anonymous huge pages, which `anonymous_files` names.
[[nodiscard]] std::expected<void, spec::ToolFault> parse_smaps(
    std::string_view text, const std::vector<KnownFile>& known, spec::Address task_size,
    AnonymousFiles& anonymous_files, UnknownCodes& unknown_codes, MayBeNamed names,
    std::vector<spec::Vma>& vmas);

/// The mm's counters from /proc/PID/status; map_count is not there and stays as it is.
[[nodiscard]] std::expected<void, spec::ToolFault> parse_status(std::string_view text,
                                                                spec::Counters& counters);

/// The numbers of a process in /proc/PID/status, a tab between two: one for each pid namespace from
/// that of this /proc down to its own. Of a kernel without CONFIG_PID_NS, the one there is.
[[nodiscard]] std::optional<std::string_view> process_numbers(std::string_view text);

/// Reads a /proc file from its beginning to its end into `buffer`, which only grows; the text is in
/// its first bytes. `descriptor` may be read again.
[[nodiscard]] std::expected<std::string_view, spec::ToolFault> read_proc(int descriptor,
                                                                         std::string& buffer);

/// The same of smaps and of status, with one read less: it is known how they end.
[[nodiscard]] std::expected<std::string_view, spec::ToolFault> read_smaps(int descriptor,
                                                                          std::string& buffer);
[[nodiscard]] std::expected<std::string_view, spec::ToolFault> read_status(int descriptor,
                                                                           std::string& buffer);

/// The mappings of a process below the task size, from /proc/PID/maps.
[[nodiscard]] std::expected<std::vector<spec::Range>, spec::ToolFault> mapped_ranges(int pid);

}  // namespace vmadiff::kernel
