// tests/properties: the ways.
#include "damage.h"

#include <array>
#include <iterator>

namespace vmadiff::properties {
namespace {

using spec::Snapshot;
using spec::Vma;

constexpr std::array kDamages{
    Damage{"a VMA more", Field::kVmaCount,
           [](Snapshot& s, std::size_t) {
             Vma more = s.vmas.back();
             more.start = s.vmas.back().end + spec::kPageSize;
             more.end = more.start + spec::kPageSize;
             s.vmas.push_back(more);
           }},
    Damage{"the last VMA lost", Field::kVmaCount,
           [](Snapshot& s, std::size_t) { s.vmas.pop_back(); }},
    Damage{"another start", Field::kStart,
           [](Snapshot& s, std::size_t i) { s.vmas[i].start -= spec::kPageSize; }},
    Damage{"another end", Field::kEnd,
           [](Snapshot& s, std::size_t i) { s.vmas[i].end += spec::kPageSize; }},
    Damage{"split", Field::kEnd,
           [](Snapshot& s, std::size_t i) {
             Vma high = s.vmas[i];
             high.start = high.end - spec::kPageSize;
             high.pgoff += (high.start - s.vmas[i].start) >> spec::kPageShift;
             s.vmas[i].end = high.start;
             s.vmas.insert(std::next(s.vmas.begin(), static_cast<std::ptrdiff_t>(i) + 1), high);
             ++s.counters.map_count;
           }},
    Damage{"another permission", Field::kPermissions,
           [](Snapshot& s, std::size_t i) { s.vmas[i].flags ^= spec::kVmRead; }},
    Damage{"another flag", Field::kFlags,
           [](Snapshot& s, std::size_t i) { s.vmas[i].flags ^= spec::kVmRandRead; }},
    Damage{"another file", Field::kFile,
           [](Snapshot& s, std::size_t i) {
             s.vmas[i].file = {s.vmas[i].file.cls == spec::FileClass::kZero
                                   ? spec::FileClass::kMemfd
                                   : spec::FileClass::kZero,
                               0};
           }},
    Damage{"another offset", Field::kPgoff, [](Snapshot& s, std::size_t i) { ++s.vmas[i].pgoff; }},
    Damage{"another policy", Field::kPolicy,
           [](Snapshot& s, std::size_t i) { ++s.vmas[i].policy.nodes; }},
    Damage{"an anon_vma come or gone", Field::kAnonVma,
           [](Snapshot& s, std::size_t i) {
             s.vmas[i].anon_vma = s.vmas[i].anon_vma == spec::kNoAnonVma ? 9999 : spec::kNoAnonVma;
           }},
    Damage{"a longer chain of anon_vmas", Field::kAnonVmaLinks,
           [](Snapshot& s, std::size_t i) { ++s.vmas[i].anon_vma_links; }},
    Damage{"map_count", Field::kMapCount, [](Snapshot& s, std::size_t) { ++s.counters.map_count; }},
    Damage{"total_vm", Field::kTotalVm, [](Snapshot& s, std::size_t) { ++s.counters.total_vm; }},
    Damage{"locked_vm", Field::kLockedVm, [](Snapshot& s, std::size_t) { ++s.counters.locked_vm; }},
    Damage{"data_vm for stack_vm", Field::kDataVm,
           [](Snapshot& s, std::size_t) {
             ++s.counters.data_vm;
             --s.counters.stack_vm;
           }},
    Damage{"stack_vm", Field::kDataAndStackVm,
           [](Snapshot& s, std::size_t) { ++s.counters.stack_vm; }},
    Damage{"exec_vm", Field::kExecVm, [](Snapshot& s, std::size_t) { ++s.counters.exec_vm; }},
    Damage{"the break", Field::kBrk, [](Snapshot& s, std::size_t) { s.brk += spec::kPageSize; }},
    Damage{"PR_GET_MEMORY_MERGE", Field::kMergeAny,
           [](Snapshot& s, std::size_t) { s.merge_any = !s.merge_any; }},
    Damage{"a free huge page more", Field::kFreeHugePages,
           [](Snapshot& s, std::size_t) { ++s.huge_pages.free; }},
    Damage{"a reserved huge page more", Field::kReservedHugePages,
           [](Snapshot& s, std::size_t) { ++s.huge_pages.reserved; }},
    Damage{"a surplus huge page more", Field::kSurplusHugePages,
           [](Snapshot& s, std::size_t) { ++s.huge_pages.surplus; }}};

}  // namespace

std::span<const Damage> damages() { return kDamages; }

}  // namespace vmadiff::properties
