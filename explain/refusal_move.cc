// explain: why mremap does not move.
#include <fmt/format.h>

#include "explain/boundary.h"
#include "explain/flag_names.h"
#include "explain/refusal_rules.h"
#include "spec/file.h"
#include "spec/flags.h"
#include "spec/units.h"

namespace vmadiff::explain {

using spec::Errno;
using spec::Range;
using spec::Vma;

Why Rules::operator()(const spec::Mremap& c) const {
  const Vma* vma = vma_at(c.addr);
  const auto old_length = spec::page_up(c.length);
  const auto new_length = spec::page_up(c.new_length);
  const Range to{c.new_addr, c.new_addr + new_length};
  const Range from{c.addr, c.addr + old_length};
  const bool may_move = (c.flags & spec::kMremapMaymove) != 0;
  const bool is_fixed = (c.flags & spec::kMremapFixed) != 0;
  const bool keeps = (c.flags & spec::kMremapDontunmap) != 0;
  switch (errno_) {
    case Errno::kEINVAL:
      if ((c.flags & ~(spec::kMremapMaymove | spec::kMremapFixed | spec::kMremapDontunmap)) != 0)
        return "a flag is not known (check_mremap_params)";
      if ((is_fixed || keeps) && !may_move) {
        return "MREMAP_FIXED and MREMAP_DONTUNMAP need MREMAP_MAYMOVE (check_mremap_params)";
      }
      if (!spec::is_page_aligned(c.addr)) return unaligned("check_mremap_params");
      if (new_length == 0) return "the new length is 0 (check_mremap_params)";
      if (keeps && old_length != new_length) {
        return "MREMAP_DONTUNMAP keeps the length (check_mremap_params)";
      }
      if ((is_fixed || keeps) && !spec::is_page_aligned(c.new_addr)) {
        return "the new address is not page-aligned (check_mremap_params)";
      }
      if ((is_fixed || keeps) &&
          (new_length > r_.setup.task_size || c.new_addr > r_.setup.task_size - new_length)) {
        return "the destination reaches beyond the end of the address space "
               "(check_mremap_params)";
      }
      if ((is_fixed || keeps) && from.overlaps(to)) {
        return "the destination overlaps the source (check_mremap_params)";
      }
      if (vma == nullptr) return {};
      if ((vma->flags & spec::kVmHugetlb) != 0) {
        return "memory of huge pages moves and shrinks by whole ones, and does not grow "
               "(check_prep_vma)";
      }
      if (c.length == 0 && !is_shared(*vma)) {
        return "only shared memory has a second mapping made of it (check_prep_vma)";
      }
      if (keeps && (vma->flags & (spec::kVmDontexpand | spec::kVmPfnmap)) != 0) {
        return fmt::format("MREMAP_DONTUNMAP does not take memory with {} (check_prep_vma)",
                           flag_names(vma->flags & (spec::kVmDontexpand | spec::kVmPfnmap)));
      }
      return {};
    case Errno::kEFAULT:
      if (vma == nullptr) return fmt::format("at {:#x} nothing is mapped (mremap_to)", c.addr);
      if (from.end > vma->end) {
        return fmt::format("the range reaches over the end of its VMA, {} (check_prep_vma)",
                           spec::text(*vma));
      }
      if (new_length > old_length && (vma->flags & (spec::kVmDontexpand | spec::kVmPfnmap)) != 0) {
        return fmt::format("memory with {} does not grow (check_prep_vma)",
                           flag_names(vma->flags & (spec::kVmDontexpand | spec::kVmPfnmap)));
      }
      return {};
    case Errno::kEPERM: {
      if (const auto why = sealed(from); !why.empty()) return why;
      return is_fixed ? sealed(to) : Why{};
    }
    case Errno::kENOMEM: {
      if (may_move || vma == nullptr || new_length <= old_length) return {};
      if (from.end != vma->end) {
        return "it does not end where its VMA does, and must not move (expand_vma)";
      }
      const Range more{vma->end, c.addr + new_length};
      if (const auto why = overlapped(more, "it must not move (vma_expandable)"); !why.empty())
        return why;
      return more.end > r_.setup.task_size
                 ? "it would reach beyond the end of the address space (vma_expandable)"
                 : Why{};
    }
    default:
      return {};
  }
}

}  // namespace vmadiff::explain
