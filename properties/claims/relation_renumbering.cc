// properties: RenumberingAddressesMovesTheLayout.
//
// Adding a constant to every fixed address of a sequence moves the layout by it and changes nothing
// else: not the results, not the merges, not the counters. The offset of private anonymous memory
// is its address, so it moves too; that of a file does not.
// Source: no rule of the mmap path reads an address but to compare it with others, to look at its
// alignment, or to hold it against a limit.
// Not covered: hints, placement by the kernel (mmap's and mremap's), brk, fork and exec, and
// addresses out of a window in the middle of the address space: such calls are left out of both
// runs. So is mremap where /dev/zero is mapped: offsets of its private mappings are addresses once
// they moved. The constant is a multiple of the huge page where a hugetlb file is mapped, since
// these are aligned to it.
#include <algorithm>

#include "properties/claims/relation.h"

namespace vmadiff::properties {
namespace {

using spec::Address;

constexpr spec::Range kWindow{0x100000000000, 0x110000000000};
constexpr Address kMovedBy = 0x200000003000;
constexpr Address kMovedByHugePages = 0x200000200000;

bool names_no_address(const spec::Syscall& call) {
  return std::holds_alternative<spec::Prctl>(call) ||
         std::holds_alternative<spec::Mlockall>(call) ||
         std::holds_alternative<spec::Munlockall>(call) ||
         std::holds_alternative<spec::Setrlimit>(call) ||
         std::holds_alternative<spec::PkeyAlloc>(call) ||
         std::holds_alternative<spec::PkeyFree>(call);
}

bool is_in_window(const spec::Syscall& call) {
  if (names_no_address(call)) return true;
  const auto inside = [](const std::optional<spec::Range>& range) {
    return range && range->start >= kWindow.start && range->end <= kWindow.end;
  };
  const auto [first, second] = named_ranges(call);
  if (const auto* mremap = std::get_if<spec::Mremap>(&call)) {
    const bool moves = (mremap->flags & spec::kMremapMaymove) != 0;
    const bool fixed = (mremap->flags & spec::kMremapFixed) != 0;
    return inside(first) && mremap->new_length < kWindow.size() &&
           (fixed ? inside(second) : !moves);
  }
  const auto* self = std::get_if<spec::ProcessMadvise>(&call);
  return inside(first) && (self == nullptr || !self->has_second() || inside(second));
}

bool maps_huge_pages(const spec::Syscall& call) {
  const auto* mmap = std::get_if<spec::Mmap>(&call);
  return mmap != nullptr &&
         (mmap->file.cls == spec::FileClass::kHugetlb || (mmap->flags & spec::kMapHugetlb) != 0);
}

bool maps_zero(const spec::Syscall& call) {
  const auto* mmap = std::get_if<spec::Mmap>(&call);
  return mmap != nullptr && mmap->file.cls == spec::FileClass::kZero;
}

struct MovedCall {
  Address by;
  void operator()(spec::Mremap& call) const {
    call.addr += by;
    call.new_addr += by;
  }
  void operator()(spec::ProcessMadvise& call) const {
    if (call.has_second()) call.second_addr += by;
    call.addr += by;
  }
  template <typename Call>
  void operator()(Call& call) const {
    if constexpr (requires { call.addr; }) call.addr += by;
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
  const bool zero =
      std::ranges::any_of(sequence, [](const spec::Step& step) { return maps_zero(step.call); });
  const Address by = huge ? kMovedByHugePages : kMovedBy;
  room.first.clear();
  room.second.clear();
  room.counterpart.clear();
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const spec::Step& step = sequence[i];
    if (!is_in_window(step.call)) continue;
    if (zero && std::holds_alternative<spec::Mremap>(step.call)) continue;
    room.counterpart.push_back(room.first.sequence.size());
    room.first.add(step, i);
    spec::Step elsewhere{.process = step.process, .call = step.call, .expected = {}};
    std::visit(MovedCall{by}, elsewhere.call);
    room.second.add(elsewhere, i);
  }
  return run_both(room, {.leeway = {.flags = spec::kVmSoftdirty,
                                    .moved = by,
                                    .merge_any = false,
                                    .still_below = kWindow.start},
                         .anon_vmas = true,
                         .has_halves = false,
                         .first_name = "the addresses as given",
                         .second_name = "all addresses moved"});
}

}  // namespace vmadiff::properties
