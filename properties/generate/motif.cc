// properties: the plans.
#include "properties/generate/motif.h"

#include <algorithm>
#include <utility>

#include "properties/generate/ranges.h"

namespace vmadiff::properties {
namespace {

using spec::Address;

spec::Mmap map(const Look& look, Address start, Address length, Address offset) {
  return {.addr = start,
          .length = length,
          .prot = look.prot,
          .flags = look.flags | spec::kMapFixed,
          .file = look.file,
          .offset = look.file.is_none() ? 0 : offset};
}

spec::Touch write(Address start) { return {start, spec::kPageSize, spec::Access::kWrite}; }

}  // namespace

std::optional<spec::Syscall> Motif::next() {
  if (calls_.empty()) return std::nullopt;
  std::optional<spec::Syscall> call{calls_.front()};
  calls_.pop_front();
  return call;
}

void Motif::plan_marks(Random& random, Sketch& sketch, const Look& look, const Look& other,
                       const spec::Syscall& mark, bool madvised) {
  const bool is_huge = look.file.cls == spec::FileClass::kHugetlb;
  const Address unit = is_huge ? spec::kHugePageSize : spec::kPageSize;
  const Address start = is_huge ? kArena + unit * random.below(4)
                                : kArena + spec::kPageSize * random.below(kArenaPages);
  const Address offset = unit * random.below(8);
  const auto part = [&](Address index) { return start + index * unit; };
  calls_.clear();
  bool reversed = false;
  switch (random.below(5)) {
    case 0:  // one mapping: its middle is marked last
      calls_.emplace_back(map(look, start, 3 * unit, offset));
      break;
    case 1:  // two files
      calls_.emplace_back(map(look, start, unit, offset));
      calls_.emplace_back(map(other, part(1), 2 * unit, offset + unit));
      break;
    case 2:  // a file with a jump in it; memory without a file, that was elsewhere when written
      calls_.emplace_back(map(look, start, unit, offset));
      if (look.file.is_none()) {
        const Address from = start + 8 * unit;
        calls_.emplace_back(map(look, from, 2 * unit, 0));
        calls_.emplace_back(write(from));
        calls_.emplace_back(spec::Mremap{.addr = from,
                                         .length = 2 * unit,
                                         .new_length = 2 * unit,
                                         .flags = spec::kMremapMaymove | spec::kMremapFixed,
                                         .new_addr = part(1)});
      } else {
        calls_.emplace_back(map(look, part(1), 2 * unit, offset + 4 * unit));
      }
      break;
    case 3:  // two memory policies
      calls_.emplace_back(map(look, start, 3 * unit, offset));
      calls_.emplace_back(
          spec::Mbind{.addr = part(1), .length = unit, .mode = spec::kMpolBind, .nodes = 1});
      break;
    default:  // two anon_vmas
      calls_.emplace_back(map(look, start, unit, offset));
      calls_.emplace_back(map(look, part(2), unit, offset + 2 * unit));
      calls_.emplace_back(write(start));
      calls_.emplace_back(write(part(2)));
      calls_.emplace_back(map(look, part(1), unit, offset + unit));
      reversed = random.percent(50);
      break;
  }
  if (madvised) {
    calls_.emplace_back(spec::Madvise{start, 3 * unit, spec::kMadvMergeable});
  }
  calls_.push_back(on_range(mark, part(reversed ? 2 : 0), unit));
  calls_.push_back(on_range(mark, part(reversed ? 0 : 2), unit));
  calls_.push_back(on_range(mark, part(1), unit));
  sketch.add({.start = start, .end = part(3), .look = look, .offset = offset});
}

void Motif::plan_watched(Random& random, Sketch& sketch, const Look& look,
                         const spec::Syscall& mark, bool madvised) {
  const Address start = kArena + spec::kPageSize * random.below(kArenaPages);
  const auto part = [&](Address index) { return start + index * spec::kPageSize; };
  const auto watch = [&](Address at, std::uint64_t number) {
    calls_.emplace_back(spec::UffdRegister{at, spec::kPageSize, spec::kUffdModeWp, number});
  };
  const auto advise = [&](Address at, Address length) {
    if (madvised) calls_.emplace_back(spec::Madvise{at, length, spec::kMadvMergeable});
  };
  calls_.clear();
  if (random.percent(30)) {  // one of the two keeps what moves
    const Address from = part(8);
    calls_.emplace_back(spec::UffdOpen{1, spec::kUffdEventRemap});
    calls_.emplace_back(map(look, start, spec::kPageSize, 0));
    calls_.emplace_back(map(look, from, spec::kPageSize, spec::kPageSize));
    advise(start, spec::kPageSize);
    advise(from, spec::kPageSize);
    watch(start, 0);
    watch(from, 1);
    calls_.emplace_back(spec::Mremap{.addr = from,
                                     .length = spec::kPageSize,
                                     .new_length = spec::kPageSize,
                                     .flags = spec::kMremapMaymove | spec::kMremapFixed,
                                     .new_addr = part(1)});
    sketch.add({.start = start, .end = part(2), .look = look, .offset = 0});
    return;
  }
  calls_.emplace_back(map(look, start, 3 * spec::kPageSize, 0));
  advise(start, 3 * spec::kPageSize);
  if (random.percent(20)) {  // one: they are let go one after the other
    calls_.emplace_back(spec::UffdRegister{start, 3 * spec::kPageSize, spec::kUffdModeWp, 0});
    for (const Address index : {0U, 2U, 1U})
      calls_.emplace_back(spec::UffdUnregister{part(index), spec::kPageSize, 0});
    sketch.add({.start = start, .end = part(3), .look = look, .offset = 0});
    return;
  }
  watch(part(1), 1);
  watch(part(0), 0);
  watch(part(2), 0);
  for (const Address index : {0U, 2U, 1U})
    calls_.push_back(on_range(mark, part(index), spec::kPageSize));
  sketch.add({.start = start, .end = part(3), .look = look, .offset = 0});
}

void Motif::plan_return(Random& random, Sketch& sketch, const Look& look, const spec::Syscall& mark,
                        bool may_fork) {
  const Address start = kArena + spec::kPageSize * random.below(kArenaPages);
  const auto part = [&](Address index) { return start + index * spec::kPageSize; };
  const auto move = [](Address from, Address to) {
    return spec::Mremap{.addr = from,
                        .length = spec::kPageSize,
                        .new_length = spec::kPageSize,
                        .flags = spec::kMremapMaymove | spec::kMremapFixed,
                        .new_addr = to};
  };
  // Where the fresh part is, and where the other one that was written.
  const Address fresh = random.percent(50) ? 0 : 2;
  const Address written = 2 - fresh;
  calls_.clear();
  calls_.emplace_back(map(look, part(1), spec::kPageSize, 0));
  calls_.emplace_back(write(part(1)));
  calls_.emplace_back(move(part(1), part(8)));
  if (may_fork && random.percent(40)) {  // in a child, where it stays apart from the fresh one, too
    calls_.emplace_back(spec::Fork{});
    calls_.emplace_back(map(look, part(fresh), spec::kPageSize, 0));
    calls_.emplace_back(move(part(8), part(1)));
    sketch.add({.start = start, .end = part(3), .look = look, .offset = 0});
    return;
  }
  calls_.emplace_back(map(look, part(written), spec::kPageSize, 0));
  calls_.emplace_back(write(part(written)));
  calls_.emplace_back(map(look, part(fresh), spec::kPageSize, 0));
  calls_.emplace_back(move(part(8), part(1)));
  calls_.push_back(on_range(mark, part(written), spec::kPageSize));
  calls_.push_back(on_range(mark, part(std::min<Address>(fresh, 1)), 2 * spec::kPageSize));
  sketch.add({.start = start, .end = part(3), .look = look, .offset = 0});
}

void Motif::plan_heap_end(Random& random, Address brk, bool may_fork) {
  const Address from = kArena + spec::kPageSize * random.below(kArenaPages);
  const Address end = spec::page_up(brk) + 2 * spec::kPageSize;
  const Look plain{spec::kProtRead | spec::kProtWrite, spec::kMapPrivate | spec::kMapAnonymous, {}};
  calls_.clear();
  calls_.emplace_back(map(plain, from, spec::kPageSize, 0));
  calls_.emplace_back(write(from));
  calls_.emplace_back(spec::Brk{end});
  calls_.emplace_back(spec::Mremap{.addr = from,
                                   .length = spec::kPageSize,
                                   .new_length = spec::kPageSize,
                                   .flags = spec::kMremapMaymove | spec::kMremapFixed,
                                   .new_addr = end - spec::kPageSize});
  // What is left has the offset, but no anon_vma: in a child where it is wiped, or where it was.
  if (may_fork && random.percent(30)) {
    calls_.emplace_back(
        spec::Madvise{end - spec::kPageSize, spec::kPageSize, spec::kMadvWipeonfork});
    calls_.emplace_back(spec::Fork{});
    calls_.emplace_back(
        spec::Madvise{end - spec::kPageSize, spec::kPageSize, spec::kMadvKeeponfork});
  } else if (random.percent(30)) {
    calls_.emplace_back(spec::Mremap{.addr = end - spec::kPageSize,
                                     .length = spec::kPageSize,
                                     .new_length = spec::kPageSize,
                                     .flags = spec::kMremapMaymove | spec::kMremapDontunmap,
                                     .new_addr = 0});
  }
  calls_.emplace_back(spec::Brk{end + spec::kPageSize * (1 + random.below(3))});
}

void Motif::plan_inheritance(Random& random, spec::FileId file) {
  const Look look{spec::kProtRead | spec::kProtWrite, spec::kMapPrivate, file};
  constexpr Address kFrom = kArena + kArenaPages * spec::kPageSize;
  const Address to = kFrom + spec::kPageSize * (8 + random.below(8));
  const Address offset = spec::kPageSize * (1 + random.below(8));
  const bool is_behind = random.percent(50);
  calls_.clear();
  calls_.emplace_back(map(look, kFrom, spec::kPageSize, offset));
  calls_.emplace_back(write(kFrom));
  calls_.emplace_back(spec::Fork{});
  calls_.emplace_back(map(look, is_behind ? to + spec::kPageSize : to - spec::kPageSize,
                          spec::kPageSize,
                          is_behind ? offset + spec::kPageSize : offset - spec::kPageSize));
  calls_.emplace_back(spec::Mremap{.addr = kFrom,
                                   .length = spec::kPageSize,
                                   .new_length = spec::kPageSize,
                                   .flags = spec::kMremapMaymove | spec::kMremapFixed,
                                   .new_addr = to});
}

void Motif::plan_zero(Random& random) {
  const Look plain{spec::kProtRead | spec::kProtWrite, spec::kMapPrivate | spec::kMapAnonymous, {}};
  calls_.clear();
  calls_.emplace_back(map(plain, 0, 3 * spec::kPageSize, 0));
  calls_.emplace_back(
      spec::Mremap{.addr = spec::kPageSize * random.below(2),
                   .length = spec::kPageSize,
                   .new_length = spec::kPageSize,
                   .flags = spec::kMremapMaymove | spec::kMremapFixed,
                   .new_addr = kArena + spec::kPageSize * random.below(kArenaPages)});
}

void Motif::plan_low_stack(Random& random) {
  const Look stack{spec::kProtRead | spec::kProtWrite,
                   spec::kMapPrivate | spec::kMapAnonymous | spec::kMapGrowsdown,
                   {}};
  const std::uint64_t page = 1 + random.below(random.percent(50) ? 20 : 40);
  calls_.clear();
  calls_.emplace_back(map(stack, page * spec::kPageSize, spec::kPageSize, 0));
  if (random.percent(60)) {
    calls_.emplace_back(write(random.percent(30) ? 0 : spec::kPageSize * random.below(page)));
    return;
  }
  // Written to, it keeps its small offset wherever it goes, and is to grow there to below that.
  const Address to = kArena + spec::kPageSize * (kArenaPages + 64 * (1 + random.below(8)));
  calls_.emplace_back(write(page * spec::kPageSize));
  calls_.emplace_back(spec::Mremap{.addr = page * spec::kPageSize,
                                   .length = spec::kPageSize,
                                   .new_length = spec::kPageSize,
                                   .flags = spec::kMremapMaymove | spec::kMremapFixed,
                                   .new_addr = to});
  calls_.emplace_back(write(to - spec::kPageSize * (1 + random.below(2 * page))));
}

void Motif::plan_full_room(Random& random, Address mmap_base) {
  constexpr Address kAbove4G = Address{1} << 32;
  // Shared: KSM walks private memory page by page, which for terabytes takes longer than it may.
  const Look nothing{0, spec::kMapShared | spec::kMapAnonymous | spec::kMapNoreserve, {}};
  const Look stack{0, spec::kMapPrivate | spec::kMapAnonymous | spec::kMapGrowsdown, {}};
  const Address from = kAbove4G + spec::kPageSize * (2 + random.below(4));
  calls_.clear();
  calls_.emplace_back(map(nothing, from, mmap_base - from, 0));
  calls_.emplace_back(map(stack, from - spec::kPageSize, spec::kPageSize, 0));
  calls_.emplace_back(spec::Mmap{.addr = 0,
                                 .length = spec::kPageSize * (1 + random.below(2)),
                                 .prot = 0,
                                 .flags = nothing.flags | spec::kMapAbove4G,
                                 .file = {},
                                 .offset = 0});
}

void Motif::plan_remap(Random& random, spec::FileId huge_file) {
  constexpr std::uint64_t kProt = spec::kProtRead | spec::kProtWrite;
  constexpr Address kPages = 3;
  const Look huge{kProt, spec::kMapShared | spec::kMapNoreserve, huge_file};
  const Look shared{kProt, spec::kMapShared, {spec::FileClass::kMemfd, 0}};
  const Address start = kArena + spec::kHugePageSize * (1 + random.below(4));
  calls_.clear();
  calls_.emplace_back(map(huge, start - spec::kHugePageSize, spec::kHugePageSize, 0));
  calls_.emplace_back(
      map(shared, start, kPages * spec::kPageSize, spec::kPageSize * random.below(8)));
  calls_.emplace_back(spec::RemapFilePages{start, spec::kPageSize * (1 + random.below(kPages)), 0,
                                           random.below(8), 0});
}

void Motif::plan_hole(Random& random, spec::FileId huge_file) {
  constexpr Address kLow32BitStart = Address{1} << 30;
  constexpr Address kHugePages = spec::kHugePageSize / spec::kPageSize;
  Look plain{spec::kProtRead | spec::kProtWrite, spec::kMapPrivate | spec::kMapAnonymous, {}};
  const Address below = spec::kPageSize * (1 + random.below(4));
  const Address hole = spec::kPageSize * (2 * kHugePages - 3 + random.below(kHugePages + 6));
  calls_.clear();
  calls_.emplace_back(map(plain, kLow32BitStart, below, 0));
  if (random.percent(30)) plain.flags |= spec::kMapGrowsdown;
  calls_.emplace_back(map(plain, kLow32BitStart + below + hole, spec::kPageSize, 0));
  calls_.emplace_back(spec::Mmap{.addr = 0,
                                 .length = spec::kHugePageSize,
                                 .prot = plain.prot,
                                 .flags = spec::kMapPrivate | spec::kMapNoreserve | spec::kMap32Bit,
                                 .file = huge_file,
                                 .offset = 0});
}

}  // namespace vmadiff::properties
