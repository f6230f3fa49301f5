// compare: the traces by which a kernel shows its behaviours. A new behaviour needs a row here; a
// test sees that each behaviour has one, and that the row separates the values that can be told
// apart. Behind them what all profiles have in common; a kernel release that changes it gets a
// behaviour.
#include "compare/deciding_traces.h"

#include <array>

namespace vmadiff::compare {
namespace {

/// Mappings until there is no room for one more, some of them taken away again, and calls that ask
/// for room.
constexpr DecidingTrace kFewVmas{"mremap_room", R"(
mmap(0x100000000000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000004000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000006000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000008000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x10000000a000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x10000000c000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x10000000e000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000010000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000012000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000014000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000016000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000018000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x10000001a000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x10000001c000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x10000001e000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000020000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000022000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
munmap(0x100000004000, 0x7000)
mremap(0x100000000000, 0x2000, 0x1000, 0)
munmap(0x10000000c000, 0x1000)
mremap(0x100000000000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_DONTUNMAP, 0)
)",
                                 "max_map_count=16"};

constexpr std::array kTraces{
    DecidingTrace{"ksm_early", R"(
prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)
mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000001000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
)"},
    DecidingTrace{"ksm_late", R"(
prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)
mmap(0x100000000000, 0x200000, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, hugetlb:0, 0)
)"},
    DecidingTrace{"ksm_brk", R"(
prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)
brk(0x20021000)
brk(0x20022000)
)"},
    DecidingTrace{"anon_vma_merge", R"(
mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000001000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_LOCKED, -1, 0)
munlockall()
)"},
    DecidingTrace{"mmap_prepare", R"(
prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)
mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, file:0, 0)
mmap(0x100000001000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, file:0, 0x1000)
)"},
    DecidingTrace{"zero_placement", R"(
mmap(NULL, 0x200000, PROT_READ, MAP_PRIVATE, zero:0, 0)
)"},
    DecidingTrace{"hugetlb_placement", R"(
mmap(0x100000201000, 0x200000, PROT_READ, MAP_PRIVATE|MAP_NORESERVE, hugetlb:0, 0)
)"},
    DecidingTrace{"mremap_checks", R"(
mremap(0x100000000000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000008001)
mremap(0x100000000000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000000000)
)"},
    DecidingTrace{"mremap_move", R"(
mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000001000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mremap(0x100000000000, 0x2000, 0x2000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000008000)
)"},
    DecidingTrace{"dontunmap_source", R"(
mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mlock(0x100000000000, 0x3000)
mremap(0x100000001000, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED|MREMAP_DONTUNMAP, 0x100000008000)
)"},
    DecidingTrace{"sealed_discard", R"(
mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, zero:0, 0)
mseal(0x100000000000, 0x1000, 0)
madvise(0x100000000000, 0x1000, MADV_DONTNEED)
)"},
    DecidingTrace{"process_ksm", R"(
prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)
)"},
    DecidingTrace{"mseal", R"(
mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mseal(0x100000000000, 0x1000, 0)
)"},
    DecidingTrace{"droppable_maps", R"(
mmap(0x100000000000, 0x1000, PROT_READ, MAP_DROPPABLE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
)"},
    DecidingTrace{"stack_maps", R"(
mmap(0x100000000000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_STACK, -1, 0)
)"},
    DecidingTrace{"anon_placement", R"(
mmap(NULL, 0x200000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
)"},
    DecidingTrace{"uffd_droppable", R"(
mmap(0x100000000000, 0x1000, PROT_READ, MAP_DROPPABLE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
uffd_register(0x100000000000, 0x1000, WP)
)"},
    DecidingTrace{"guard_regions", R"(
mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
madvise(0x100000000000, 0x1000, MADV_GUARD_INSTALL)
)"},
    DecidingTrace{"zero_hook", R"(
prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)
mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, zero:0, 0)
mmap(0x100000002000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, zero:0, 0x2000)
)"},
    DecidingTrace{"anon_pgoff", R"(
mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, memfd:0, 0)
touch(0x100000000000, 0x2000, WRITE)
mremap(0x100000000000, 0x2000, 0x2000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000008000)
mmap(0x10000000a000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED, memfd:0, 0x2000)
)"},
    DecidingTrace{"uffd_move", R"(
mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mmap(0x100000008000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
uffd_register(0x100000000000, 0x2000, WP)
uffd_register(0x100000008000, 0x2000, WP)
mremap(0x100000000000, 0x2000, 0x2000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x10000000a000)
)"},
    kFewVmas,
    DecidingTrace{"dofork_refused", R"(
mmap(0x100000000000, 0x200000, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, hugetlb:0, 0)
madvise(0x100000000000, 0x200000, MADV_DOFORK)
)"},
    DecidingTrace{"mseal_over_sealed", R"(
mmap(0x100000000000, 0x6000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mseal(0x100000002000, 0x2000, 0)
mseal(0x100000000000, 0x6000, 0)
)"},
    DecidingTrace{"droppable_lock", R"(
mlockall(MCL_FUTURE)
mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_DROPPABLE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
)"},
    DecidingTrace{"shrinking_move", R"(
mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mremap(0x100000000000, 0x100000000000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x10000000000)
)"},
    // Results and layouts are one: what is left of the charge shows in Committed_AS alone.
    DecidingTrace{"failed_hook", R"(
mmap(0x100000000000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_SYNC, file:0, 0)
)"},
};

constexpr std::array kCommon{
    CommonTrace{"mlock2", R"(
mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mlock2(0x100000001000, 0x1000, MLOCK_ONFAULT)
)"},
    CommonTrace{"pkey_mprotect", R"(
mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
pkey_mprotect(0x100000001000, 0x1000, PROT_READ, -1)
)"},
    CommonTrace{"remap_file_pages", R"(
mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, memfd:0, 0)
remap_file_pages(0x100000001000, 0x1000, 0, 0, 0)
)"},
    CommonTrace{"mbind", R"(
mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
mbind(0x100000001000, 0x1000, MPOL_DEFAULT, 0, 0, 0)
)"},
    CommonTrace{"fork", R"(
mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)
touch(0x100000000000, 0x3000, WRITE)
fork()
)"},
};

}  // namespace

std::span<const DecidingTrace> deciding_traces() { return kTraces; }

std::span<const CommonTrace> common_traces() { return kCommon; }

}  // namespace vmadiff::compare
