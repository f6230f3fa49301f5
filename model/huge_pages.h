// model: what calls do to huge pages: mappings reserve them from the machine's pool, accesses take
// them, and what unmaps or discards gives them back. Requires the VMA that a function is given to
// be one of huge pages.
#pragma once

#include "model/address_space.h"
#include "model/machine.h"
#include "model/result.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"
#include "spec/units.h"

namespace vmadiff::model {

/// A new mapping, before it is there: reserves what it may use, unless it is MAP_NORESERVE. A file
/// that it may write grows to its end. ENOMEM: the pool has not so many.
[[nodiscard]] Result reserve_huge_pages(AddressSpace& space, const spec::Vma& mapping);

/// Whether an access to the huge page at `at` finds none, neither here nor in the file.
[[nodiscard]] bool misses_huge_page(AddressSpace& space, const spec::Vma& vma, spec::Address at);

/// Accesses to each page of `range`, within the VMA. SIGBUS: the pool is used up, the page lies
/// behind the end of its file, or was taken from this process for the sake of its parent.
[[nodiscard]] Result fault_in_huge(AddressSpace& space, spec::Vma& vma, spec::Range range,
                                   spec::Access access);

/// The mappings of `range` go: so do their pages and reservations.
void unmap_huge_pages(AddressSpace& space, spec::Range range);

/// The whole pages in `range`, within the VMA, are thrown away; it stays.
void discard_huge_pages(AddressSpace& space, const spec::Vma& vma, spec::Range range);

/// The whole pages in `length` bytes at byte `offset` of the file go, in the file and wherever they
/// are mapped.
void punch_huge_pages(Machine& machine, spec::FileId file, std::uint64_t offset,
                      spec::Address length);

/// What lay in `from`, part of the VMA `source`, lies at `to` now. The reservations of the rest of
/// that VMA are forgotten: nobody uses them or gives them back any more.
void move_huge_pages(AddressSpace& space, const spec::Vma& source, spec::Range from,
                     spec::Address to);

/// `child` is a copy of its parent's memory: it shares the pages, and has nothing reserved.
void inherit_huge_pages(AddressSpace& child);

/// Files that no name and no mapping holds any more go, with all they have.
void drop_unmapped_huge_files(Machine& machine);
/// All files go. Requires that nobody has one mapped.
void drop_huge_files(Machine& machine);

}  // namespace vmadiff::model
