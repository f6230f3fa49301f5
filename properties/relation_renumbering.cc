// properties: RenumberingAddressesMovesTheLayout.
//
// Adding a constant to every fixed address of a sequence moves the layout by it and changes nothing
// else: not the results, not the merges, not the counters. The offset of private anonymous memory
// is its address, so it moves too; that of a file does not.
// Source: no rule of the mmap path reads an address but to compare it with others, to look at its
// alignment, or to hold it against a limit.
// Not covered: hints, placement by the kernel, brk, and addresses out of a window in the middle of
// the address space: such calls are left out of both runs. The constant is a multiple of the huge
// page where a hugetlb file is mapped, since these are aligned to it.
#include <algorithm>

#include "properties/relation.h"

namespace vmadiff::properties {
namespace {

using spec::Address;

constexpr spec::Range kWindow{0x100000000000, 0x110000000000};
constexpr Address kMovedBy = 0x200000003000;
constexpr Address kMovedByHugePages = 0x200000200000;

bool is_in_window(const spec::Syscall& call) {
  if (std::holds_alternative<spec::Prctl>(call)) return true;
  const auto range = named_range(call);
  return range && range->start >= kWindow.start && range->end <= kWindow.end;
}

bool maps_huge_pages(const spec::Syscall& call) {
  const auto* mmap = std::get_if<spec::Mmap>(&call);
  return mmap != nullptr && mmap->file.cls == spec::FileClass::kHugetlb;
}

struct Move {
  Address by;
  spec::Syscall operator()(const spec::Prctl& call) const { return call; }
  spec::Syscall operator()(auto call) const {
    call.addr += by;
    return call;
  }
};

bool is_free(const spec::Setup& setup, spec::Range range) {
  return range.end <= setup.task_size &&
         std::ranges::none_of(setup.initial.vmas,
                              [&](const spec::Vma& vma) { return vma.end > range.start; });
}

}  // namespace

RelationResult renumbering_addresses_moves_the_layout(RelationRoom& room,
                                                      const spec::Sequence& sequence) {
  if (!is_free(*room.setup, kWindow) ||
      !is_free(*room.setup, {kWindow.start + kMovedBy, kWindow.end + kMovedBy})) {
    return std::nullopt;
  }
  const bool huge = std::ranges::any_of(
      sequence, [](const spec::Step& step) { return maps_huge_pages(step.call); });
  const Address by = huge ? kMovedByHugePages : kMovedBy;
  room.first.clear();
  room.second.clear();
  room.counterpart.clear();
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const spec::Step& step = sequence[i];
    if (!is_in_window(step.call)) continue;
    room.counterpart.push_back(room.first.sequence.size());
    room.first.add(step, i);
    room.second.add(
        {.process = step.process, .call = std::visit(Move{by}, step.call), .expected = {}}, i);
  }
  return run_both(room, {.leeway = {.flags = spec::kVmSoftdirty,
                                    .moved = by,
                                    .merge_any = false,
                                    .still_below = kWindow.start},
                         .anon_vmas = true,
                         .first_name = "the addresses as given",
                         .second_name = "all addresses moved"});
}

}  // namespace vmadiff::properties
