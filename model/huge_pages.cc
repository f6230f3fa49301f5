// model: what calls do to huge pages.
#include "model/huge_pages.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "model/fault.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Access;
using spec::Address;
using spec::Errno;
using spec::FileClass;
using spec::FileId;
using spec::kHugePageSize;
using spec::kPageShift;
using spec::Range;
using spec::Vma;

namespace {

constexpr std::uint64_t kSmallPages = kHugePageSize >> kPageShift;

bool is_huge(const Vma& vma) { return (vma.flags & spec::kVmHugetlb) != 0; }
bool is_shared(const Vma& vma) { return (vma.flags & spec::kVmMayshare) != 0; }

/// The page of its file that the VMA has at that address.
std::uint64_t page_in_file(const Vma& vma, Address at) {
  return vma.pgoff / kSmallPages + (at - vma.start) / kHugePageSize;
}

Range whole_pages(Range range) {
  const Address start = spec::huge_page_up(range.start);
  const Address end = range.end & ~(kHugePageSize - 1);
  return {start, std::max(start, end)};
}

/// How many processes have a page of that number.
std::uint64_t mappers(const Machine& machine, std::uint32_t number) {
  std::uint64_t count = 0;
  for (const auto& process : machine.processes) {
    if (!process) continue;
    for (const auto& [at, page] : process->huge_pages) count += page.own == number ? 1 : 0;
  }
  return count;
}

/// A page for whoever has it reserved, or not. False where there is none.
bool take(HugePool& pool, bool is_reserved) {
  return is_reserved ? pool.take_reserved() : pool.take();
}

/// `page` has no page of its own any more; nobody else, and it is free.
void let_go(Machine& machine, HugePage& page) {
  const std::uint32_t number = std::exchange(page.own, 0);
  page.of_file = false;
  if (number == 0 || mappers(machine, number) != 0) return;
  if (machine.promised_when_free.erase(number) != 0) {
    machine.pool.give_back_reserved();
  } else {
    machine.pool.give_back();
  }
}

/// Whether what its owner lets go is promised again although others have the page.
bool promises_shared(const AddressSpace& space) {
  return space.profile.hugetlb_discard == spec::HugetlbDiscard::kRestoresShared &&
         !space.machine->pool.has_surplus();
}

/// Its owner has the promise again, and the pool when all have let it go. False: there is no such
/// page.
bool promise_when_free(Machine& machine, const HugePage& page) {
  if (page.own == 0 || !page.is_owner || mappers(machine, page.own) == 1) return false;
  machine.promised_when_free.insert(page.own);
  return true;
}

/// A page of its own, zeroed or a copy of what was there. With it comes an anon_vma; where none can
/// be had kernels leave one all the same, which nobody can see.
bool get_own(AddressSpace& space, Vma& vma, HugePage& page, bool may_use_reservation) {
  Machine& machine = *space.machine;
  const bool is_reserved = may_use_reservation && page.is_reserved;
  if (!take(machine.pool, is_reserved)) return false;
  if (is_reserved) page.is_reserved = false;
  prepare_anon_vma(space, vma);
  let_go(machine, page);
  page.own = ++machine.last_huge_page;
  return true;
}

/// The page `number` is taken from all who came by it through fork. Their mapping of it remembers:
/// what is not there any more must not read as zeros.
void take_from_heirs(Machine& machine, std::uint32_t number) {
  for (const auto& process : machine.processes) {
    if (!process) continue;
    for (auto& [at, page] : process->huge_pages) {
      if (page.own != number || page.is_owner) continue;
      page.own = 0;
      const Range whole = process->vmas.at(at)->range();
      for (Address other = whole.start; other < whole.end; other += kHugePageSize)
        process->huge_pages[other].has_lost = true;
    }
  }
}

Result write_private(AddressSpace& space, Vma& vma, HugePage& page) {
  Machine& machine = *space.machine;
  if (page.own != 0 && mappers(machine, page.own) == 1) return {};
  // What it has reserved was used for the page that is there.
  const bool is_copied_page = page.own != 0;
  if (get_own(space, vma, page, !is_copied_page)) return {};
  if (!page.is_owner || !is_copied_page) return fail(Errno::kSIGBUS);
  take_from_heirs(machine, page.own);
  return {};
}

Result fault_private(AddressSpace& space, Vma& vma, Address at, Access access) {
  HugePage& page = space.huge_pages[at];
  if (page.own == 0 && !page.of_file) {
    if (page.has_lost) return fail(Errno::kSIGBUS);
    const HugeFile& file = space.machine->huge_file(vma.file);
    const std::uint64_t index = page_in_file(vma, at);
    if (file.present.contains(index)) {
      page.of_file = true;
    } else if (index >= file.size || !get_own(space, vma, page, true)) {
      return fail(Errno::kSIGBUS);
    }
  }
  return access == Access::kWrite ? write_private(space, vma, page) : Result{};
}

Result fault_shared(Machine& machine, const Vma& vma, Address at) {
  HugeFile& file = machine.huge_file(vma.file);
  const std::uint64_t index = page_in_file(vma, at);
  if (file.present.contains(index)) return {};
  if (index >= file.size) return fail(Errno::kSIGBUS);
  if (!take(machine.pool, file.reserved.contains(index))) return fail(Errno::kSIGBUS);
  file.reserved.insert(index);
  file.present.insert(index);
  return {};
}

bool reserve_shared(Machine& machine, const Vma& mapping) {
  HugeFile& file = machine.huge_file(mapping.file);
  const std::uint64_t first = page_in_file(mapping, mapping.start);
  const std::uint64_t end = page_in_file(mapping, mapping.end);
  const auto had = std::distance(file.reserved.lower_bound(first), file.reserved.lower_bound(end));
  if (!machine.pool.reserve(end - first - static_cast<std::uint64_t>(had))) return false;
  for (std::uint64_t index = first; index < end; ++index) file.reserved.insert(index);
  return true;
}

bool reserve_private(AddressSpace& space, const Vma& mapping) {
  if (!space.machine->pool.reserve(mapping.pages() / kSmallPages)) return false;
  for (Address at = mapping.start; at < mapping.end; at += kHugePageSize)
    space.huge_pages[at] = {.is_owner = true, .is_reserved = true};
  return true;
}

/// One mapping's part of what is thrown away.
struct Part {
  AddressSpace* space;
  Vma vma;
  Range range;
};

/// The private mappings of the pages [first, end) of the file, by where they begin in it.
std::multimap<std::uint64_t, Part> private_parts(const Machine& machine, FileId file,
                                                 std::uint64_t first, std::uint64_t end) {
  std::multimap<std::uint64_t, Part> parts;
  for (const auto& process : machine.processes) {
    if (!process) continue;
    for (const auto& [start, vma] : process->vmas.all()) {
      if (!is_huge(vma) || is_shared(vma) || vma.file != file) continue;
      const std::uint64_t vma_first = page_in_file(vma, vma.start);
      const std::uint64_t from = std::max(first, vma_first);
      const std::uint64_t to = std::min(end, page_in_file(vma, vma.end));
      if (from >= to) continue;
      const Range range{vma.start + (from - vma_first) * kHugePageSize,
                        vma.start + (to - vma_first) * kHugePageSize};
      parts.emplace(vma.pgoff, Part{process.get(), vma, range});
    }
  }
  return parts;
}

bool is_mapped(const Machine& machine, FileId file) {
  return std::ranges::any_of(machine.processes, [file](const auto& process) {
    return process && std::ranges::any_of(process->vmas.all(), [file](const auto& entry) {
             return entry.second.file == file;
           });
  });
}

/// Its pages go, and then what of its reservations was not used.
void empty(Machine& machine, const HugeFile& file) {
  for (std::size_t i = 0; i < file.present.size(); ++i) machine.pool.give_back();
  machine.pool.unreserve(file.reserved.size() - file.present.size());
}

}  // namespace

Result reserve_huge_pages(AddressSpace& space, const Vma& mapping) {
  if ((mapping.flags & spec::kVmNoreserve) == 0) {
    const bool is_reserved = is_shared(mapping) ? reserve_shared(*space.machine, mapping)
                                                : reserve_private(space, mapping);
    if (!is_reserved) return fail(Errno::kENOMEM);
  }
  if ((mapping.flags & spec::kVmWrite) != 0) {
    HugeFile& file = space.machine->huge_file(mapping.file);
    file.size = std::max(file.size, page_in_file(mapping, mapping.end));
  }
  return {};
}

bool misses_huge_page(AddressSpace& space, const Vma& vma, Address at) {
  const HugeFile& file = space.machine->huge_file(vma.file);
  const std::uint64_t index = page_in_file(vma, at);
  if (file.present.contains(index) || index >= file.size) return false;
  if (is_shared(vma)) return true;
  const auto found = space.huge_pages.find(at);
  if (found == space.huge_pages.end()) return true;
  const HugePage& page = found->second;
  return page.own == 0 && !page.of_file && !page.has_lost;
}

Result fault_in_huge(AddressSpace& space, Vma& vma, Range range, Access access) {
  for (Address at = range.start & ~(kHugePageSize - 1); at < range.end; at += kHugePageSize) {
    const Result done = is_shared(vma) ? fault_shared(*space.machine, vma, at)
                                       : fault_private(space, vma, at, access);
    if (!done) return done;
  }
  return {};
}

void unmap_huge_pages(AddressSpace& space, Range range) {
  const auto first = space.huge_pages.lower_bound(range.start);
  const auto end = space.huge_pages.lower_bound(range.end);
  std::uint64_t reserved = 0;
  const bool too_early = promises_shared(space);
  for (auto it = first; it != end; ++it) {
    reserved += it->second.is_reserved ? 1 : 0;
    if (too_early && promise_when_free(*space.machine, it->second)) ++reserved;
    let_go(*space.machine, it->second);
  }
  space.huge_pages.erase(first, end);
  space.machine->pool.unreserve(reserved);
}

void discard_huge_pages(AddressSpace& space, const Vma& vma, Range range) {
  // The pages of a shared mapping are the file's.
  if (is_shared(vma)) return;
  Machine& machine = *space.machine;
  const Range whole = whole_pages(range);
  const bool restores =
      space.profile.hugetlb_discard != spec::HugetlbDiscard::kSpends && !machine.pool.has_surplus();
  const bool too_early = promises_shared(space);
  const auto end = space.huge_pages.lower_bound(whole.end);
  for (auto it = space.huge_pages.lower_bound(whole.start); it != end; ++it) {
    HugePage& page = it->second;
    const bool is_last = page.own != 0 && mappers(machine, page.own) == 1;
    if (restores && is_last && page.is_owner) {
      machine.promised_when_free.insert(page.own);
      page.is_reserved = true;
      let_go(machine, page);
    } else if (too_early && promise_when_free(machine, page)) {
      page.is_reserved = true;
      let_go(machine, page);
    } else {
      let_go(machine, page);
    }
  }
}

void punch_huge_pages(Machine& machine, FileId file, std::uint64_t offset, Address length) {
  const Range hole = whole_pages({offset, offset + length});
  const std::uint64_t first = hole.start / kHugePageSize;
  const std::uint64_t end = hole.end / kHugePageSize;
  for (const auto& [pgoff, part] : private_parts(machine, file, first, end))
    discard_huge_pages(*part.space, part.vma, part.range);
  HugeFile& pages = machine.huge_file(file);
  for (auto it = pages.present.lower_bound(first); it != pages.present.lower_bound(end);) {
    // Nor is it reserved any more; what was not there stays so.
    pages.reserved.erase(*it);
    it = pages.present.erase(it);
    machine.pool.give_back();
  }
}

void move_huge_pages(AddressSpace& space, const Vma& source, Range from, Address to) {
  std::map<Address, HugePage> moved;
  for (auto it = space.huge_pages.lower_bound(source.start);
       it != space.huge_pages.end() && it->first < source.end;) {
    if (it->first >= from.start && it->first < from.end) {
      moved[to + (it->first - from.start)] = it->second;
      it = space.huge_pages.erase(it);
    } else {
      it->second.is_owner = it->second.is_reserved = it->second.has_lost = false;
      ++it;
    }
  }
  space.huge_pages.merge(moved);
}

void inherit_huge_pages(AddressSpace& child) {
  for (auto it = child.huge_pages.begin(); it != child.huge_pages.end();) {
    const Vma* const vma = child.vmas.at(it->first);
    // Without pages of its own there is nothing to copy but what a fault brings back.
    const bool is_copied = vma != nullptr && vma->anon_vma != spec::kNoAnonVma;
    if (!is_copied) {
      it = child.huge_pages.erase(it);
      continue;
    }
    it->second.is_owner = it->second.is_reserved = it->second.has_lost = false;
    ++it;
  }
}

void drop_unmapped_huge_files(Machine& machine) {
  std::erase_if(machine.huge_files, [&machine](const auto& entry) {
    const auto& [id, file] = entry;
    if (id.first != FileClass::kAnonHugetlb || is_mapped(machine, {id.first, id.second}))
      return false;
    empty(machine, file);
    return true;
  });
}

void drop_huge_files(Machine& machine) {
  for (const auto& [id, file] : machine.huge_files) empty(machine, file);
  machine.huge_files.clear();
}

}  // namespace vmadiff::model
