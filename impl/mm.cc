// impl: the address space of one process: start, look-ups, snapshot, self-check.
#include "impl/mm.h"

#include <fmt/format.h>

#include <utility>

#include "impl/anon_vma.h"

namespace vmadiff::impl {

using spec::Address;
using spec::page_up;

MmStruct::MmStruct(const spec::KernelProfile& kernel, FaultAttr* faults,
                   std::shared_ptr<Hstate> machine)
    : profile(kernel), fault_attr(faults), hstate(std::move(machine)) {
  enter_machine();
}

MmStruct::~MmStruct() { leave_machine(); }

void MmStruct::leave_machine() {
  for (const auto& [addr, folio] : huge_ptes) --folio->mapcount;
  huge_ptes.clear();
  std::erase(hstate->mms, this);
}

std::optional<std::string> MmStruct::start(const spec::Setup& fresh) {
  huge_ptes.clear();
  hstate->init(fresh);
  return start_again(fresh);
}

std::optional<std::string> MmStruct::start_again(const spec::Setup& fresh) {
  setup = &fresh;
  mm_mt.clear();
  vmas.reset();
  guards.clear();
  counters = fresh.initial.counters;
  limits = fresh.limits;
  def_flags = 0;
  brk = fresh.initial.brk;
  data_bytes = 0;
  merge_any = fresh.initial.merge_any;
  mdwe = 0;
  anon_vmas = spec::kNoAnonVma;
  shmem_pages.clear();
  userfaultfds.fill(std::nullopt);
  pkeys = PkeyContext{fresh.protection_keys};
  attachments = 0;
  Address below = 0;
  for (const spec::Vma& vma : fresh.initial.vmas) {
    if (vma.start < below || vma.end <= vma.start || vma.end > fresh.task_size ||
        !spec::is_page_aligned(vma.start | vma.end)) {
      return fmt::format(
          "set-up: VMA [{:#x}, {:#x}) is empty, unaligned, out of the address space "
          "or out of order",
          vma.start, vma.end);
    }
    below = vma.end;
    // The break begins right behind the program's data.
    if (vma.end == page_up(fresh.start_brk)) data_bytes = vma.end - vma.start;
    VmArea* entry = vmas.take();
    // Nothing that has a file was moved before the sequence began.
    const std::uint64_t anon_pgoff = vma.file.is_none() ? vma.pgoff : vma.start >> spec::kPageShift;
    *entry = {vma.start,
              vma.end,
              vma.flags & ~spec::kVmSoftdirty,
              vma.pgoff,
              anon_pgoff,
              vma.file,
              vma.anon_vma,
              vma.anon_vma_links,
              vma.policy,
              kNoUffdCtx,
              vma.name,
              0};
    anon_vmas = std::max(anon_vmas, vma.anon_vma);
    if (!mm_mt.store(vma.start, vma.end - 1, entry)) return "set-up: out of memory";
  }
  if (counters.map_count != fresh.initial.vmas.size()) {
    return fmt::format("set-up: map_count is {}, but there are {} VMAs", counters.map_count,
                       fresh.initial.vmas.size());
  }
  return std::nullopt;
}

VmArea* MmStruct::find_vma(Address addr) const {
  const auto entry = mm_mt.find(addr);
  return entry ? entry->value : nullptr;
}

VmArea* MmStruct::find_vma_intersection(Address start, Address end) const {
  const auto entry = mm_mt.find(start, end - 1);
  return entry ? entry->value : nullptr;
}

VmArea* MmStruct::vma_before(Address addr) const {
  if (addr == 0) return nullptr;
  const auto entry = mm_mt.find_reverse(addr - 1);
  return entry ? entry->value : nullptr;
}

void MmStruct::snapshot(spec::Snapshot& out) const {
  // What the tree holds, whatever map_count says: whether the two agree is for others to judge.
  out.vmas.clear();
  mm_mt.for_each_value([&](const VmArea* vma) {
    out.vmas.push_back(
        {vma->vm_start, vma->vm_end, vma->vm_flags, vma->vm_pgoff, vma->vm_file, vma->anon_vma,
         vma->anon_vma_chain, vma->vm_policy,
         !vma->vm_file.is_none() && has_anon_pgoff(*this, vma->vm_flags) ? vma->anon_pgoff : 0,
         vma->uffd_ctx, vma->anon_name});
  });
  out.counters = counters;
  out.brk = brk;
  out.merge_any = merge_any;
  out.huge_pages = hstate->counters();
}

std::optional<std::string> MmStruct::broken_invariant() const {
  if (auto broken = mm_mt.validate()) return broken;
  std::uint64_t entries = 0;
  for (const auto& [first, last, vma] : mm_mt) {
    ++entries;
    if (vma->vm_start != first || vma->vm_end - 1 != last) {
      return fmt::format("VMA [{:#x}, {:#x}) is stored over [{:#x}, {:#x}]", vma->vm_start,
                         vma->vm_end, first, last);
    }
    const bool has_uffd_ctx = vma->uffd_ctx != kNoUffdCtx;
    if (has_uffd_ctx != ((vma->vm_flags & spec::kVmUffd) != 0)) {
      return fmt::format("VMA [{:#x}, {:#x}) has userfaultfd {}, and the flags {:#x}",
                         vma->vm_start, vma->vm_end, vma->uffd_ctx, vma->vm_flags);
    }
  }
  if (entries != counters.map_count) {
    return fmt::format("map_count is {}, but the tree has {} entries", counters.map_count, entries);
  }
  if (vmas.in_use() != entries) {
    return fmt::format("{} VMAs are in use, but the tree has {}", vmas.in_use(), entries);
  }
  return std::nullopt;
}

}  // namespace vmadiff::impl
