// model: page faults.
#include "model/fault.h"

#include "model/calls.h"
#include "model/compatibility.h"
#include "model/file_rules.h"
#include "model/huge_pages.h"
#include "model/limits.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Access;
using spec::Address;
using spec::Errno;
using spec::Range;
using spec::Vma;

namespace {

bool can_lend(const Vma* lender) {
  return lender != nullptr && lender->anon_vma != spec::kNoAnonVma && lender->anon_vma_links == 1;
}

// Whether `below` keeps a stack at a distance: other stacks do not, nor what cannot be accessed.
bool keeps_a_gap(const Vma& below) {
  return (below.flags & spec::kVmGrowsdown) == 0 && (below.flags & spec::kVmAccessFlags) != 0;
}

// Whether the fault gives the VMA a page of its own. What private memory holds for reading is the
// file's page, or the zero page on a machine that maps it.
bool takes_own_page(const AddressSpace& space, const Vma& vma, Access access) {
  const bool is_private = (vma.flags & spec::kVmShared) == 0;
  if (!is_private) return false;
  return access == Access::kWrite || (is_anonymous(vma) && !space.setup->zero_page);
}

// Whether a read that finds no page is told to a userfaultfd, whose reader brings one: that is the
// VMA's own, whatever it is (spec::UffdRegister). Of a memfd, all pages are in the file.
bool is_brought_a_page(const Vma& vma) {
  if ((vma.flags & spec::kVmShared) != 0) return false;
  if (is_anonymous(vma)) return (vma.flags & spec::kVmUffdMissing) != 0;
  return (vma.flags & spec::kVmUffdMinor) != 0;
}

// Whoever cannot bring a page closes the userfaultfd; then the fault is one like any other.
void give_up(AddressSpace& space, const Vma& vma) {
  static_cast<void>(run(space, spec::UffdClose{vma.userfaultfd - 1}));
}

// Huge pages nobody has to bring.
Result fault_in_huge_or_give_up(AddressSpace& space, Range range, Access access) {
  for (Address at = range.start & ~(spec::kHugePageSize - 1); at < range.end;
       at += spec::kHugePageSize) {
    const Vma& now = *space.vmas.at(at);
    const bool is_told = (now.flags & spec::kVmUffdMissing) != 0;
    if (is_told && misses_huge_page(space, now, at)) give_up(space, now);
    const Range page{at, at + spec::kHugePageSize};
    const Result done = fault_in_huge(space, *space.vmas.at(page.start), page, access);
    if (!done) return done;
  }
  return {};
}

// No page can be brought to private /dev/zero: its pages are held against a file's size, which is
// 0. That shows when the VMA has its anon_vma.
bool is_beyond_help(const Vma& vma) {
  return vma.file.cls == spec::FileClass::kZero && (vma.flags & spec::kVmUffdMissing) != 0;
}

}  // namespace

void prepare_anon_vma(AddressSpace& space, Vma& vma) {
  if (vma.anon_vma != spec::kNoAnonVma) return;
  const Vma* const next = space.vmas.starting_at(vma.end);
  const Vma* const prev = space.vmas.ending_at(vma.start);
  if (can_lend(next) && can_share_anon_vma(vma, *next) && space.displacement.goes_on_at(vma.end)) {
    vma.anon_vma = next->anon_vma;
  } else if (can_lend(prev) && can_share_anon_vma(*prev, vma) &&
             space.displacement.goes_on_at(vma.start)) {
    vma.anon_vma = prev->anon_vma;
  } else {
    vma.anon_vma = ++space.last_anon_vma;
  }
  vma.anon_vma_links = 1;
}

Result fault_in(AddressSpace& space, Vma& vma, Range range, Access access, Waits waits) {
  if (is_hugetlb(vma.file.cls)) return fault_in_huge_or_give_up(space, range, access);
  // A guard is met before anything is asked of the VMA.
  const Address guard = space.guards.first_in(range);
  if (guard == range.start) return fail(Errno::kSIGSEGV);
  if (waits == Waits::kYes && is_beyond_help(vma)) {
    prepare_anon_vma(space, vma);
    give_up(space, vma);
    return fault_in(space, *space.vmas.at(range.start), range, access);
  }
  // The anon_vma comes first: it is there even if the page turns out to be behind the file's end.
  if (takes_own_page(space, vma, access)) prepare_anon_vma(space, vma);
  const std::uint64_t first = vma.pgoff + ((range.start - vma.start) >> spec::kPageShift);
  if (is_brought_a_page(vma) && first < object_pages(space, vma)) prepare_anon_vma(space, vma);
  const std::uint64_t pgoff_end = vma.pgoff + ((guard - vma.start) >> spec::kPageShift);
  if (pgoff_end > object_pages(space, vma)) return fail(Errno::kSIGBUS);
  return guard == range.end ? Result{} : fail(Errno::kSIGSEGV);
}

bool grow_stack(AddressSpace& space, Address page) {
  const spec::Setup& setup = *space.setup;
  Vma* const stack = space.vmas.at_or_after(page);
  if (stack == nullptr || (stack->flags & spec::kVmGrowsdown) == 0) return false;
  if (page < setup.placement_min_addr) return false;
  const Vma* const below = space.vmas.before(page);
  if (below != nullptr && keeps_a_gap(*below) &&
      page - below->end < setup.stack_guard_gap << spec::kPageShift) {
    return false;
  }
  prepare_anon_vma(space, *stack);
  const std::uint64_t pages = (stack->start - page) >> spec::kPageShift;
  if (pages > stack->pgoff) return false;
  if (!may_expand(space, stack->flags, pages) || stack->end - page > space.limits.stack ||
      !may_lock(space, stack->flags, pages) || space.refuses_charge(pages)) {
    return false;
  }
  Vma grown = *stack;
  grown.start = page;
  grown.pgoff -= pages;
  space.vmas.remove(stack->range());
  space.vmas.put(grown);
  return true;
}

}  // namespace vmadiff::model
