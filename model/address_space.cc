// model: one process's memory.
#include "model/address_space.h"

#include "model/huge_pages.h"
#include "model/machine.h"

namespace vmadiff::model {

using spec::Counters;
using spec::Vma;

namespace {

// Each page is counted in total_vm, and in at most one of the three others, asked in this order.
// VM_GROWSDOWN is the mark of a stack.
void count(const Vma& vma, Counters& counters) {
  const auto has = [&vma](spec::VmFlags mask, spec::VmFlags value) {
    return (vma.flags & mask) == value;
  };
  ++counters.map_count;
  counters.total_vm += vma.pages();
  if (has(spec::kVmLocked, spec::kVmLocked)) counters.locked_vm += vma.pages();
  if (has(spec::kVmExec | spec::kVmWrite | spec::kVmGrowsdown, spec::kVmExec)) {
    counters.exec_vm += vma.pages();
  } else if (has(spec::kVmGrowsdown, spec::kVmGrowsdown)) {
    counters.stack_vm += vma.pages();
  } else if (has(spec::kVmWrite | spec::kVmShared | spec::kVmGrowsdown, spec::kVmWrite)) {
    counters.data_vm += vma.pages();
  }
}

// Differences wrap, so that a sum with them is right even where the start had fewer than its VMAs.
Counters plus(const Counters& a, const Counters& b) {
  return {a.map_count + b.map_count, a.total_vm + b.total_vm, a.locked_vm + b.locked_vm,
          a.data_vm + b.data_vm,     a.stack_vm + b.stack_vm, a.exec_vm + b.exec_vm};
}

Counters minus(const Counters& a, const Counters& b) {
  return {a.map_count - b.map_count, a.total_vm - b.total_vm, a.locked_vm - b.locked_vm,
          a.data_vm - b.data_vm,     a.stack_vm - b.stack_vm, a.exec_vm - b.exec_vm};
}

}  // namespace

Counters counters_of(const VmaMap& vmas) {
  Counters counters;
  for (const auto& [start, vma] : vmas.all()) count(vma, counters);
  return counters;
}

void AddressSpace::start(const spec::Setup& initial_setup) {
  setup = &initial_setup;
  vmas.clear();
  guards.clear();
  displacement.clear();
  for (const Vma& vma : setup->initial.vmas) vmas.put(vma);
  brk = setup->initial.brk;
  merge_any = setup->initial.merge_any;
  limits = setup->limits;
  mdwe = 0;
  future_flags = 0;
  last_anon_vma = spec::kNoAnonVma;
  anon_shared_pages.clear();
  huge_pages.clear();
  userfaultfds.fill(std::nullopt);
  pkeys = Pkeys{setup->protection_keys};
  has_lost_default_pkey = false;
  attachment_count = 0;
  beyond_vmas = minus(setup->initial.counters, counters_of(vmas));
}

void AddressSpace::snapshot(spec::Snapshot& out) const {
  out.vmas.clear();
  const bool shows_own_offsets = profile.anon_pgoff == spec::AnonPgoff::kOwn;
  for (const auto& [start, vma] : vmas.all()) {
    out.vmas.push_back(vma);
    if (!shows_own_offsets || !has_own_offset(vma)) continue;
    out.vmas.back().own_pgoff = (start >> spec::kPageShift) - displacement.at(start);
  }
  out.counters = counters();
  out.brk = brk;
  out.merge_any = merge_any;
  out.huge_pages = machine->pool.now();
}

Counters AddressSpace::counters() const { return plus(beyond_vmas, counters_of(vmas)); }

void AddressSpace::drop(spec::Range range) {
  unmap_huge_pages(*this, range);
  vmas.remove(range);
  guards.remove(range);
  displacement.set(range, 0);
}

std::uint64_t AddressSpace::map_count() const { return beyond_vmas.map_count + vmas.size(); }

bool AddressSpace::refuses_charge(std::uint64_t pages) const {
  return pages > setup->overcommit_pages;
}

spec::VmFlags AddressSpace::with_ksm_flag(spec::VmFlags flags) const {
  return merge_any && is_ksm_eligible(flags) ? flags | spec::kVmMergeable : flags;
}

spec::FileId AddressSpace::new_anon_shared(std::uint64_t pages) {
  anon_shared_pages.push_back(pages);
  return {spec::FileClass::kAnonShared, static_cast<std::uint32_t>(anon_shared_pages.size() - 1)};
}

spec::FileId AddressSpace::new_anon_hugetlb(spec::Address length) {
  const spec::FileId file{spec::FileClass::kAnonHugetlb, machine->anon_hugetlb_count++};
  machine->huge_file(file).size = length / spec::kHugePageSize;
  return file;
}

}  // namespace vmadiff::model
