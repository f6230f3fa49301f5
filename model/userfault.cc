// model: which memory a userfaultfd can watch.
#include "model/userfault.h"

#include "model/file_rules.h"
#include "model/join.h"

namespace vmadiff::model {

using spec::Errno;
using spec::FileClass;
using spec::Range;
using spec::Vma;

bool can_be_watched(const Vma& vma, const spec::KernelProfile& profile) {
  // Before 6.17 the wrong flags were asked.
  const bool refuses_droppable = profile.uffd_droppable == spec::UffdDroppable::kRefused;
  if (refuses_droppable && (vma.flags & spec::kVmDroppable) != 0) return false;
  return is_anonymous(vma) || is_hugetlb(vma.file.cls) || vma.file.cls == FileClass::kMemfd ||
         vma.file.cls == FileClass::kAnonShared;
}

Result check_watchable_range(const AddressSpace& space, Range range) {
  if (!spec::is_page_aligned(range.start) || !spec::is_page_aligned(range.end) ||
      range.end <= range.start || range.end > space.setup->task_size) {
    return fail(Errno::kEINVAL);
  }
  // Nothing is placed there, but it can be mapped.
  const bool begins_anywhere = space.profile.uffd_floor == spec::UffdFloor::kAnywhere;
  if (!begins_anywhere && range.start < space.setup->placement_min_addr)
    return fail(Errno::kEINVAL);
  const Vma* const first = space.vmas.at_or_after(range.start);
  if (first == nullptr) {
    const bool is_nomem = space.profile.uffd_unmapped == spec::UffdUnmapped::kNomem;
    return fail(is_nomem ? Errno::kENOMEM : Errno::kEINVAL);
  }
  if (first->start >= range.end) return fail(Errno::kEINVAL);
  if (is_hugetlb(first->file.cls) && range.start % spec::kHugePageSize != 0) {
    return fail(Errno::kEINVAL);
  }
  return {};
}

Result change_watch(AddressSpace& space, Range part, const Vma& vma, spec::VmFlags flags) {
  if (space.profile.uffd_offset == spec::UffdOffset::kOfRange) {
    return change_flags(space, part, flags);
  }
  return change_flags_as_at(space, part, flags, vma.pgoff);
}

}  // namespace vmadiff::model
