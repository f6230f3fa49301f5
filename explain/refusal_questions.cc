// explain: the questions that several rules ask.
#include <fmt/format.h>

#include <algorithm>

#include "explain/boundary.h"
#include "explain/refusal_rules.h"
#include "spec/file.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::explain {

using spec::Address;
using spec::FileClass;
using spec::Range;
using spec::Vma;

Why Rules::file_seals(spec::FileId file) const {
  for (std::size_t i = 0; i < r_.earlier.size(); ++i) {
    const auto* call = std::get_if<spec::AddSeals>(&r_.earlier[i].call);
    constexpr std::uint64_t kWrite = spec::kSealWrite | spec::kSealFutureWrite | spec::kSealExec;
    if (call == nullptr || call->file != file || (call->seals & kWrite) == 0) continue;
    return fmt::format("call {} has sealed {} against writing", i + 1, spec::text(file));
  }
  return {};
}

Why Rules::unaligned(std::string_view where) {
  return fmt::format("the address is not page-aligned ({})", where);
}

Why Rules::hole(Range range, std::string_view where) const {
  for (Address at = range.start; at < range.end;) {
    const Vma* vma = vma_at(at);
    if (vma == nullptr) return fmt::format("at {:#x} nothing is mapped ({})", at, where);
    at = vma->end;
  }
  return {};
}

Why Rules::sealed(Range range) const {
  return first_that(
      range,
      [](const Vma& vma) -> Why { return (vma.flags & spec::kVmSealed) != 0 ? "is sealed" : ""; },
      "can_modify_mm, vma_is_sealed");
}

Why Rules::overlapped(Range range, std::string_view what) const {
  for (const Vma& vma : r_.before.vmas) {
    if (vma.range().overlaps(range)) {
      return fmt::format("{} is in the way, and {}", spec::text(vma), what);
    }
  }
  return {};
}

Why Rules::split_huge_page(Range range) const {
  for (const Address end : {range.start, range.end}) {
    const Vma* vma = vma_at(end);
    if (vma != nullptr && vma->start < end && (vma->flags & spec::kVmHugetlb) != 0 &&
        end % spec::kHugePageSize != 0) {
      return fmt::format("{:#x} lies inside a huge page of {} (hugetlb_vm_op_split)", end,
                         spec::text(*vma));
    }
  }
  return {};
}

std::string Rules::pool() const {
  const auto& [free, reserved, surplus] = r_.before.huge_pages;
  if (!r_.setup.has_huge_pages()) return "the pool of huge pages is empty";
  return fmt::format("of the pool's huge pages {} are free, {} of these reserved", free, reserved);
}

Why Rules::bus_error(const Vma& vma, Range range) const {
  if ((vma.flags & spec::kVmHugetlb) != 0) {
    const auto& [free, reserved, surplus] = r_.before.huge_pages;
    return free == reserved ? fmt::format("has no huge page: {}", pool())
                            : Why{"has no huge page: it lies behind the end of its file, or the "
                                  "process that it was forked from took one of its pages away "
                                  "(unmap_ref_private)"};
  }
  const bool has_size = vma.file.cls == FileClass::kMemfd || vma.file.cls == FileClass::kFile ||
                        vma.file.cls == FileClass::kFileReadOnly ||
                        vma.file.cls == FileClass::kSysv;
  const Address end = std::min(vma.end, range.end);
  const auto pgoff_end = vma.pgoff + ((end - vma.start) >> spec::kPageShift);
  if (has_size && pgoff_end > spec::size_pages(vma.file)) {
    return fmt::format("reaches over the end of its file, which has {} pages",
                       spec::size_pages(vma.file));
  }
  if (vma.file.cls == FileClass::kAnonShared) {
    return "reaches over the end of its shared object";
  }
  return {};
}

Why Rules::guard(Range range) const {
  for (std::size_t i = r_.earlier.size(); i-- > 0;) {
    const auto* call = std::get_if<spec::Madvise>(&r_.earlier[i].call);
    if (call == nullptr || call->advice != spec::kMadvGuardInstall) continue;
    const Range there{call->addr, call->addr + spec::page_up(call->length)};
    return fmt::format(
        "what its VMAs show permits it, and call {} has installed guards{} (handle_pte_marker)",
        i + 1, there.overlaps(range) ? " there" : ", which move with memory");
  }
  return {};
}

}  // namespace vmadiff::explain
