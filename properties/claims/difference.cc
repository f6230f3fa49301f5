// properties: the comparison of two snapshots. Almost all are equal, so a flat pass that only says
// "equal to the bit" comes first, and the careful one runs where that fails.
#include "properties/claims/difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "properties/claims/renaming.h"

namespace vmadiff::properties {
namespace {

using spec::FileClass;
using spec::Snapshot;
using spec::Vma;

constexpr std::array<std::string_view, 23> kFieldNames{"number of VMAs",
                                                       "start",
                                                       "end",
                                                       "permissions",
                                                       "flags",
                                                       "file",
                                                       "offset",
                                                       "memory policy",
                                                       "name",
                                                       "userfaultfd",
                                                       "anon_vma",
                                                       "length of the anon_vma chain",
                                                       "map_count",
                                                       "total_vm",
                                                       "locked_vm",
                                                       "data_vm",
                                                       "exec_vm",
                                                       "data_vm + stack_vm",
                                                       "break",
                                                       "PR_GET_MEMORY_MERGE",
                                                       "HugePages_Free",
                                                       "HugePages_Rsvd",
                                                       "HugePages_Surp"};

constexpr spec::VmFlags kPermissionFlags = spec::kVmAccessFlags | spec::kVmMayshare;

bool equal_to_the_bit(const Snapshot& first, const Snapshot& second) {
  if (first.vmas.size() != second.vmas.size()) return false;
  std::uint64_t different = 0;
  for (std::size_t i = 0; i < first.vmas.size(); ++i) {
    const Vma& a = first.vmas[i];
    const Vma& b = second.vmas[i];
    different |= (a.start ^ b.start) | (a.end ^ b.end) | (a.flags ^ b.flags) | (a.pgoff ^ b.pgoff);
    different |= static_cast<std::uint64_t>(a.file.cls) ^ static_cast<std::uint64_t>(b.file.cls);
    different |= (a.file.number ^ b.file.number) | (a.anon_vma ^ b.anon_vma) |
                 (a.anon_vma_links ^ b.anon_vma_links) | (a.own_pgoff ^ b.own_pgoff);
    different |= a.policy == b.policy && a.name == b.name ? 0 : 1;
    different |= a.userfaultfd ^ b.userfaultfd;
  }
  return different == 0 && first.counters == second.counters && first.brk == second.brk &&
         first.merge_any == second.merge_any && first.huge_pages == second.huge_pages;
}

/// Files whose number is a system's own.
constexpr bool is_renamed(FileClass cls) {
  return cls == FileClass::kAnonShared || cls == FileClass::kOther ||
         cls == FileClass::kAnonHugetlb;
}

class Comparison {
 public:
  Comparison(const spec::Observes& seen, const Leeway& leeway) : seen_(seen), leeway_(leeway) {}

  std::optional<Difference> run(const Snapshot& first, const Snapshot& second) {
    const std::size_t common = std::min(first.vmas.size(), second.vmas.size());
    for (std::size_t i = 0; i < common; ++i) {
      if (const auto field = of_vma(first.vmas[i], second.vmas[i])) return Difference{*field, i};
    }
    if (first.vmas.size() != second.vmas.size()) return Difference{Field::kVmaCount, common};
    if (const auto field = of_counters(first.counters, second.counters)) {
      return Difference{*field, 0};
    }
    if (seen_.brk_and_merge) {
      if (first.brk != second.brk) return Difference{Field::kBrk, 0};
      if (!leeway_.merge_any && first.merge_any != second.merge_any) {
        return Difference{Field::kMergeAny, 0};
      }
    }
    if (!seen_.huge_pages) return std::nullopt;
    const spec::HugePages& a = first.huge_pages;
    const spec::HugePages& b = second.huge_pages;
    if (a.free != b.free) return Difference{Field::kFreeHugePages, 0};
    if (a.reserved != b.reserved) return Difference{Field::kReservedHugePages, 0};
    if (a.surplus != b.surplus) return Difference{Field::kSurplusHugePages, 0};
    return std::nullopt;
  }

 private:
  std::optional<Field> of_vma(const Vma& a, const Vma& b) {
    const spec::Address moved = a.end <= leeway_.still_below ? 0 : leeway_.moved;
    if (a.start + moved != b.start) return Field::kStart;
    if (a.end + moved != b.end) return Field::kEnd;
    const spec::VmFlags flags = (a.flags ^ b.flags) & ~leeway_.flags;
    if ((flags & kPermissionFlags) != 0) return Field::kPermissions;
    if (seen_.vm_flags && flags != 0) return Field::kFlags;
    if (!same_file(a.file, b.file)) return Field::kFile;
    const std::uint64_t pages = a.file.is_none() ? moved >> spec::kPageShift : 0;
    if (!same_pgoff(a.pgoff + pages, b.pgoff, a.file.is_none())) return Field::kPgoff;
    const std::uint64_t own_pages = a.own_pgoff == 0 ? 0 : moved >> spec::kPageShift;
    if (seen_.anon_pgoff && a.own_pgoff + own_pages != b.own_pgoff) return Field::kPgoff;
    if (seen_.policy && a.policy != b.policy) return Field::kPolicy;
    if (seen_.names && !spec::may_be_same(a.name, b.name)) return Field::kName;
    if (seen_.userfaultfd && a.userfaultfd != b.userfaultfd) return Field::kUserfaultfd;
    if (!seen_.anon_vma) return std::nullopt;
    if (!same_anon_vma(a.anon_vma, b.anon_vma)) return Field::kAnonVma;
    if (a.anon_vma_links != b.anon_vma_links) return Field::kAnonVmaLinks;
    return std::nullopt;
  }

  [[nodiscard]] bool same_pgoff(std::uint64_t a, std::uint64_t b, bool is_anonymous) const {
    if (seen_.anon_pgoff) return a == b;
    return is_anonymous || spec::same_offset_in_bytes(a, b);
  }

  bool same_file(const spec::FileId& a, const spec::FileId& b) {
    if (a.cls != b.cls) return false;
    if (a.cls == FileClass::kSysv) {
      // Which attachment it is, is a system's own, and cannot be seen from outside.
      if (spec::segment_of(a) != spec::segment_of(b)) return false;
      return !seen_.anon_vma || attached_.pair(a.number, b.number);
    }
    if (!is_renamed(a.cls)) return a.number == b.number;
    Renaming& renaming = a.cls == FileClass::kOther        ? others_
                         : a.cls == FileClass::kAnonShared ? shared_
                                                           : huge_;
    return renaming.pair(a.number, b.number);
  }

  bool same_anon_vma(spec::AnonVmaId a, spec::AnonVmaId b) {
    if (a == spec::kNoAnonVma || b == spec::kNoAnonVma) return a == b;
    return anon_vmas_.pair(a, b);
  }

  [[nodiscard]] std::optional<Field> of_counters(const spec::Counters& a,
                                                 const spec::Counters& b) const {
    if (!seen_.counter_sums && !seen_.counters) return std::nullopt;
    if (a.map_count != b.map_count) return Field::kMapCount;
    if (a.total_vm != b.total_vm) return Field::kTotalVm;
    if (a.data_vm + a.stack_vm != b.data_vm + b.stack_vm) return Field::kDataAndStackVm;
    if (!seen_.counters) return std::nullopt;
    if (a.locked_vm != b.locked_vm) return Field::kLockedVm;
    if (a.data_vm != b.data_vm) return Field::kDataVm;
    // And with them stack_vm: the sums are equal.
    if (a.exec_vm != b.exec_vm) return Field::kExecVm;
    return std::nullopt;
  }

  const spec::Observes& seen_;
  const Leeway& leeway_;
  Renaming anon_vmas_;
  Renaming shared_;
  Renaming huge_;
  Renaming others_;
  Renaming attached_;
};

std::uint64_t value(Field field, const Snapshot& s) {
  switch (field) {
    case Field::kMapCount:
      return s.counters.map_count;
    case Field::kTotalVm:
      return s.counters.total_vm;
    case Field::kLockedVm:
      return s.counters.locked_vm;
    case Field::kDataVm:
      return s.counters.data_vm;
    case Field::kExecVm:
      return s.counters.exec_vm;
    case Field::kDataAndStackVm:
      return s.counters.data_vm + s.counters.stack_vm;
    case Field::kBrk:
      return s.brk;
    case Field::kMergeAny:
      return s.merge_any ? 1 : 0;
    case Field::kFreeHugePages:
      return s.huge_pages.free;
    case Field::kReservedHugePages:
      return s.huge_pages.reserved;
    case Field::kSurplusHugePages:
      return s.huge_pages.surplus;
    default:
      return 0;
  }
}

std::string vma_text(Field field, const Snapshot& s, std::size_t index) {
  if (index >= s.vmas.size()) return "no such VMA";
  const Vma& vma = s.vmas[index];
  std::string out = text(vma);
  if (field == Field::kPgoff) out += fmt::format(" pgoff {:#x}", vma.pgoff);
  if (field == Field::kPgoff && vma.own_pgoff != 0)
    out += fmt::format(" own pgoff {:#x}", vma.own_pgoff);
  if (field == Field::kAnonVma || field == Field::kAnonVmaLinks) {
    out += fmt::format(" anon_vma {} with {} link(s)", vma.anon_vma, vma.anon_vma_links);
  }
  if (field == Field::kPolicy) {
    const auto& [mode, flags, nodes, asked] = vma.policy;
    out += fmt::format(" policy {} flags {:#x} nodes {:#x} asked for {:#x}", mode, flags, nodes,
                       asked);
  }
  if (field == Field::kUserfaultfd && vma.userfaultfd == 0) out += " no userfaultfd";
  if (field == Field::kUserfaultfd && vma.userfaultfd != 0)
    out += fmt::format(" userfaultfd {}", vma.userfaultfd - 1);
  if (field == Field::kFile) out += fmt::format(" file number {}", vma.file.number);
  return out;
}

}  // namespace

std::string_view name(Field field) { return kFieldNames[static_cast<std::size_t>(field)]; }

std::optional<Difference> difference(const Snapshot& first, const Snapshot& second,
                                     const spec::Observes& seen, const Leeway& leeway) {
  if (leeway.moved == 0 && equal_to_the_bit(first, second)) return std::nullopt;
  return Comparison{seen, leeway}.run(first, second);
}

std::string explain(const Difference& d, const Snapshot& first, const Snapshot& second) {
  if (d.field <= Field::kAnonVmaLinks) {
    const auto what =
        d.field == Field::kVmaCount
            ? fmt::format("there are {} VMAs on the expected side and {} on the other",
                          first.vmas.size(), second.vmas.size())
            : fmt::format("VMA {} differs in its {}", d.index, name(d.field));
    return fmt::format("{}: expected {}, got {}", what, vma_text(d.field, first, d.index),
                       vma_text(d.field, second, d.index));
  }
  return fmt::format("{} differs: expected {:#x}, got {:#x}", name(d.field), value(d.field, first),
                     value(d.field, second));
}

}  // namespace vmadiff::properties
