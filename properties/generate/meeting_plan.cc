// properties: the plan by which calls of any two or three shapes meet, each pair about as often as
// any other. What the calls need to succeed, the plan lays out: memory of a kind that all take, or
// of a kind of its own for each, side by side. Long: what each call needs is known here only.
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "properties/coverage/call_shapes.h"
#include "properties/generate/motif.h"
#include "properties/generate/ranges.h"
#include "properties/generate/variation.h"

namespace vmadiff::properties {
namespace {

using spec::Address;

constexpr std::uint64_t kReadWrite = spec::kProtRead | spec::kProtWrite;
/// Some meetings are beside what the rest of the sequence does, where room is free.
constexpr Address kAside = kArena + 4 * spec::kHugePageSize;

const Shape& any_shape(Random& random) {
  if (random.percent(55)) return random.of(shapes());
  // Families of few shapes would be rare otherwise.
  static const auto kByFamily = [] {
    std::array<std::vector<const Shape*>, kFamilyCount> out;
    for (const Shape& shape : shapes()) {
      auto& family = out[static_cast<std::size_t>(shape.family)];
      family.push_back(&shape);
      // It needs a key that was given, and memory that may be written: it mostly fails.
      if (std::holds_alternative<spec::PkeyMprotect>(shape.call) && shape.aspect != 0)
        family.insert(family.end(), 2, &shape);
    }
    return out;
  }();
  const auto& family = kByFamily[random.below(kFamilyCount)];
  return *family[random.below(family.size())];
}

bool is_offered(const Shape& shape, const GeneratorOptions& options, const MeetingRoom& room) {
  const auto has = [&](spec::FileClass cls) {
    return std::ranges::find(options.file_classes, cls) != options.file_classes.end();
  };
  if (shape.family == Family::kHuge && !has(spec::FileClass::kHugetlb)) return false;
  if (shape.family == Family::kName && !options.setup.vma_names) return false;
  if (shape.family == Family::kKsm && !options.ksm_calls) return false;
  if (shape.family == Family::kKeys && !room.has_keys) return false;
  if (std::holds_alternative<spec::Exec>(shape.call)) return room.may_exec;
  if (shape.family == Family::kProcess) return room.may_fork;
  const auto* mmap = std::get_if<spec::Mmap>(&shape.call);
  return mmap == nullptr || mmap->file.is_none() || has(mmap->file.cls);
}

bool goes_anywhere(const Shape& shape) {
  const auto* mmap = std::get_if<spec::Mmap>(&shape.call);
  return mmap != nullptr && mmap->addr == 0 &&
         (mmap->flags & (spec::kMapFixed | spec::kMapFixedNoreplace)) == 0;
}

/// Memory of one kind, [start, end).
struct Plot {
  std::uint8_t ground;
  Address start;
  Address end;
};

class Layout {
 public:
  Layout(Random& random, const GeneratorOptions& options, MeetingRoom& room)
      : random_(random), options_(options), room_(room) {}

  void draw() {
    const std::size_t count = random_.percent(45) ? 2 : 3;
    while (drawn_.size() < count) {
      const Shape& shape = any_shape(random_);
      if (is_offered(shape, options_, room_)) drawn_.push_back(&shape);
    }
    is_huge_ = has([](const Shape& shape) { return shape.family == Family::kHuge; });
    is_anywhere_ = has(goes_anywhere);
    lay_out();
  }

  [[nodiscard]] std::vector<spec::Syscall> calls() {
    for (const Plot& plot : plots_) prepare(plot);
    // What a child inherits, is its own meeting: the last call is then the child's.
    const bool inherits = room_.may_fork && random_.percent(12);
    for (std::size_t i = 0; i < drawn_.size(); ++i) {
      if (inherits && i + 1 == drawn_.size()) inherit();
      make(*drawn_[i], plots_.size() == 1 ? plots_[0] : plots_[i]);
      if (random_.percent(12)) make_again();
    }
    // What became of pages shows only when they are touched.
    if (random_.percent(inherits ? 70 : 20)) {
      const PageRange range = part_of(plots_.back());
      calls_.emplace_back(
          spec::Touch{range.start, std::min(range.length, 4 * spec::kPageSize),
                      random_.percent(50) ? spec::Access::kWrite : spec::Access::kRead});
    }
    return std::move(calls_);
  }
  [[nodiscard]] Region region() const {
    return {.start = plots_.front().start,
            .end = plots_.back().end,
            .look = look_of(plots_.front().ground),
            .offset = 0};
  }

 private:
  template <typename Holds>
  [[nodiscard]] bool has(const Holds& holds) const {
    return std::ranges::any_of(drawn_, [&](const Shape* shape) { return holds(*shape); });
  }

  std::uint8_t one_of(std::uint8_t grounds) {
    std::uint8_t left = grounds;
    for (auto skip = random_.below(static_cast<unsigned>(std::popcount(grounds))); skip > 0;
         --skip) {
      left &= static_cast<std::uint8_t>(left - 1);
    }
    return static_cast<std::uint8_t>(left & -left);
  }

  void lay_out() {
    std::uint8_t common = kOnAnything;
    const bool on_heap = has([](const Shape& shape) { return shape.on == kOnHeap; });
    for (const Shape* shape : drawn_) common &= shape->on;
    if (!on_heap && (common & ~kOnHeap) != 0 && random_.percent(95)) {
      common &= static_cast<std::uint8_t>(~kOnHeap);
    }
    // The heap comes first: nothing but the program's data lies below it.
    std::ranges::partition(drawn_, [](const Shape* shape) { return shape->on == kOnHeap; });
    if (common != 0 && random_.percent(90)) {
      plots_.push_back({one_of(common), 0, 0});
    } else {
      for (const Shape* shape : drawn_) {
        std::uint8_t own = shape->on;
        const bool is_first = plots_.empty();
        if (own != kOnHeap && (own & ~kOnHeap) != 0) own &= static_cast<std::uint8_t>(~kOnHeap);
        if (own == kOnHeap && !is_first) own = kOnPrivate;
        plots_.push_back({one_of(own), 0, 0});
      }
    }
    Address total = 0;
    for (Plot& plot : plots_) {
      plot.end = spec::kPageSize * (2 + random_.below(3));
      total += plot.end;
    }
    Address at = start(total);
    // A huge page behind it all, where the heap comes first.
    if (is_huge_) plots_.front().end += spec::huge_page_up(at + total) - (at + total);
    for (Plot& plot : plots_) {
      plot.start = at;
      plot.end += at;
      at = plot.end;
    }
  }

  Address start(Address total) {
    if (plots_.front().ground == kOnHeap) return spec::page_up(room_.brk);
    if (is_huge_) return kAside + spec::kHugePageSize * (1 + random_.below(4)) - total;
    if (is_anywhere_) {
      // What is placed without an address lies right below, or behind.
      const Address start = room_.is_upward ? room_.place : room_.place - total;
      room_.place = room_.is_upward ? start + total : start;
      return start;
    }
    const Address page = random_.below(kArenaPages);
    return (random_.percent(60) ? kArena : kAside) + page * spec::kPageSize;
  }

  static Look look_of(std::uint8_t ground) {
    const spec::FileId memfd{spec::FileClass::kMemfd, 0};
    switch (ground) {
      case kOnFile:
        return {kReadWrite, spec::kMapPrivate, memfd};
      case kOnShared:
        return {kReadWrite, spec::kMapShared, memfd};
      case kOnStack:
        return {kReadWrite, spec::kMapPrivate | spec::kMapAnonymous | spec::kMapGrowsdown, {}};
      case kOnDroppable:
        return {kReadWrite, spec::kMapDroppable | spec::kMapAnonymous, {}};
      default:
        return {kReadWrite, spec::kMapPrivate | spec::kMapAnonymous, {}};
    }
  }

  void inherit() {
    if (random_.percent(70)) {
      constexpr std::array kAdvice{spec::kMadvDontfork, spec::kMadvWipeonfork,
                                   spec::kMadvKeeponfork, spec::kMadvDofork};
      const PageRange range = part_of(plots_.front());
      calls_.emplace_back(spec::Madvise{range.start, range.length, random_.of(kAdvice)});
    }
    calls_.emplace_back(spec::Fork{});
  }

  /// The last call again, changed in one part, on its range or beside it.
  void make_again() {
    spec::Syscall call = calls_.back();
    const bool is_process_call =
        std::holds_alternative<spec::Fork>(call) || std::holds_alternative<spec::Exec>(call) ||
        std::holds_alternative<spec::Exit>(call) || std::holds_alternative<spec::Mmap>(call);
    if (is_process_call) return;
    change_one_part(call, random_);
    const auto* madvise = std::get_if<spec::Madvise>(&call);
    const bool is_about_ksm = madvise != nullptr && (madvise->advice == spec::kMadvMergeable ||
                                                     madvise->advice == spec::kMadvUnmergeable);
    if (is_about_ksm && !options_.ksm_calls) return;
    if (random_.percent(50)) move_beside(call, random_);
    calls_.push_back(call);
  }

  void prepare(const Plot& plot) {
    if (plot.ground == kOnHeap) {
      calls_.emplace_back(spec::Brk{plot.end});
    } else {
      Look look = look_of(plot.ground);
      const bool has_memfd = std::ranges::find(options_.file_classes, spec::FileClass::kMemfd) !=
                             options_.file_classes.end();
      if (!look.file.is_none() && !has_memfd) {
        look.flags |= spec::kMapAnonymous;
        look.file = {};
      }
      constexpr std::array<std::uint64_t, 4> kOthers{
          spec::kProtRead, spec::kProtRead, spec::kProtNone, spec::kProtRead | spec::kProtExec};
      if (random_.percent(20)) look.prot = random_.of(kOthers);
      calls_.emplace_back(spec::Mmap{.addr = plot.start,
                                     .length = plot.end - plot.start,
                                     .prot = look.prot,
                                     .flags = look.flags | spec::kMapFixed,
                                     .file = look.file,
                                     .offset = 0});
    }
    if (random_.percent(40)) {
      calls_.emplace_back(spec::Touch{plot.start, 2 * spec::kPageSize, spec::Access::kWrite});
    }
  }

  /// All of the plot, a part, or all there is.
  PageRange part_of(const Plot& plot) {
    const Address pages = (plot.end - plot.start) / spec::kPageSize;
    const Address part = 1 + random_.below(std::min<Address>(pages, 4));
    switch (random_.below(10)) {
      case 0:
      case 1:
        return {plot.start, part * spec::kPageSize};
      case 2:
      case 3:
        return {plot.end - part * spec::kPageSize, part * spec::kPageSize};
      case 4:
        return {plots_.front().start, plots_.back().end - plots_.front().start};
      default:
        return {plot.start, plot.end - plot.start};
    }
  }

  void make(const Shape& shape, Plot& plot) {
    PageRange range = part_of(plot);
    spec::Syscall call = shape.call;
    if (auto* mmap = std::get_if<spec::Mmap>(&call)) {
      if (shape.family == Family::kHuge) range = {plots_.back().end, spec::kHugePageSize};
      if (shape.family != Family::kHuge && random_.percent(50)) range.start = plots_.back().end;
      set_up(*mmap, shape, range, plot.start);
    } else if (auto* mremap = std::get_if<spec::Mremap>(&call)) {
      set_up(*mremap, range, plot);
    } else if (auto* limit = std::get_if<spec::Setrlimit>(&call)) {
      set_up(*limit);
    } else if (auto* brk = std::get_if<spec::Brk>(&call)) {
      brk->addr = plot.end + spec::kPageSize * random_.below(4) - spec::kPageSize;
    } else if (auto* remap = std::get_if<spec::RemapFilePages>(&call)) {
      remap->pgoff = random_.below(20);
      if (random_.percent(30)) remap->flags = spec::kMapNonblock;
    } else if (auto* touch = std::get_if<spec::Touch>(&call);
               touch != nullptr && plot.ground == kOnStack && random_.percent(40)) {
      range = {plot.start - spec::kPageSize * (1 + random_.below(3)), spec::kPageSize};
    } else if (std::holds_alternative<spec::Exit>(call)) {
      calls_.emplace_back(spec::Fork{});
    } else if (auto* shmat = std::get_if<spec::Shmat>(&call)) {
      set_up(*shmat, range);
    } else if (auto* shmdt = std::get_if<spec::Shmdt>(&call)) {
      shmdt->addr = plot.start;
      calls_.emplace_back(attachment_at(plot.start));
      if (random_.percent(25)) lay_over(plot.start);
      if (random_.percent(60)) {
        // What is left of it is in parts.
        calls_.emplace_back(
            spec::Mprotect{plot.start + spec::kPageSize, spec::kPageSize, spec::kProtRead});
      }
    } else if (std::holds_alternative<spec::UffdWriteprotect>(call)) {
      calls_.emplace_back(spec::UffdRegister{range.start, range.length, spec::kUffdModeWp});
    } else if (shape.family == Family::kKeys && !std::holds_alternative<spec::PkeyAlloc>(call)) {
      calls_.emplace_back(spec::PkeyAlloc{0, random_.percent(70) ? 0 : random_.below(4)});
      if (auto* free = std::get_if<spec::PkeyFree>(&call)) free->pkey = 1;
    }
    calls_.push_back(on_range(call, range.start, range.length));
    if (auto* mmap = std::get_if<spec::Mmap>(&calls_.back())) {
      constexpr std::uint64_t kFixed = spec::kMapFixed | spec::kMapFixedNoreplace;
      if (goes_anywhere(shape) && (mmap->flags & kFixed) == 0) mmap->addr = 0;
    }
    if (std::holds_alternative<spec::Exec>(call)) {
      for (const Plot& again : plots_) prepare(again);
    }
  }

  void set_up(spec::Mmap& call, const Shape& shape, const PageRange& range, Address base) {
    const bool must_be_placed = shape.name == "mmap anywhere";
    if (goes_anywhere(shape) && !must_be_placed && random_.percent(50)) {
      call.flags |= spec::kMapFixed;
    }
    if (!call.file.is_none() && shape.family != Family::kHuge) {
      call.offset = range.start >= base ? range.start - base : 0;
      if (shape.family == Family::kDriver) call.offset = 0;
      if (options_.files_per_class > 1 && random_.percent(20)) call.file.number = 1;
    }
  }

  void set_up(spec::Mremap& call, PageRange& range, Plot& plot) {
    const bool shrinks = call.new_length < call.length;
    const bool grows = call.length != 0 && call.new_length > call.length;
    if (shrinks && range.length < 2 * spec::kPageSize) range = {plot.start, plot.end - plot.start};
    const bool is_duplicate = call.length == 0;
    if (is_duplicate && random_.percent(50)) call.flags |= spec::kMremapFixed;
    call.new_length = shrinks ? range.length - spec::kPageSize
                      : grows ? range.length + spec::kPageSize * (1 + random_.below(2))
                              : range.length;
    if ((call.flags & spec::kMremapFixed) != 0) {
      Address behind = plots_.back().end;
      // A huge page there is not cut, so that the call fails: behind that one it does not.
      if (is_huge_ && random_.percent(50)) behind += spec::kHugePageSize;
      call.new_addr = random_.percent(50)   ? behind
                      : random_.percent(50) ? behind + spec::kPageSize * (1 + random_.below(8))
                                            : kArena + spec::kPageSize * random_.below(kArenaPages);
      if (random_.percent(50)) plot = {plot.ground, call.new_addr, call.new_addr + call.new_length};
    }
    call.addr = range.start;
    call.length = range.length;
    if (is_duplicate) range.length = 0;
  }

  spec::Shmat attachment_at(Address start) {
    return {
        .segment = random_.below(spec::kFilesPerClass), .addr = start, .flags = spec::kShmRemap};
  }

  /// The second page of what was just attached at `start` becomes that of another attachment.
  void lay_over(Address start) {
    auto other = std::get<spec::Shmat>(calls_.back());
    other.addr = plots_.back().end + 8 * spec::kPageSize;
    calls_.emplace_back(other);
    calls_.emplace_back(spec::Mremap{.addr = other.addr + spec::kPageSize,
                                     .length = spec::kPageSize,
                                     .new_length = spec::kPageSize,
                                     .flags = spec::kMremapMaymove | spec::kMremapFixed,
                                     .new_addr = start + spec::kPageSize});
  }

  void set_up(spec::Shmat& call, const PageRange& range) {
    call.segment = random_.below(spec::kFilesPerClass);
    if (call.addr == 0) return;
    call.addr = (call.flags & spec::kShmRemap) != 0 ? range.start : plots_.back().end;
  }

  void set_up(spec::Setrlimit& call) {
    if (call.limit == spec::kRlimInfinity) return;
    const auto& counters = options_.setup.initial.counters;
    const std::uint64_t pages = call.resource == spec::kRlimitAs     ? counters.total_vm + 16
                                : call.resource == spec::kRlimitData ? counters.data_vm + 8
                                : random_.percent(50)                ? counters.total_vm + 16
                                                                     : 0;
    call.limit = spec::kPageSize * (pages + random_.below(256));
    // An exec needs more.
    if (call.resource == spec::kRlimitStack && random_.percent(50))
      call.limit += 256 * spec::kPageSize;
  }

  Random& random_;
  const GeneratorOptions& options_;
  MeetingRoom& room_;
  std::vector<const Shape*> drawn_;
  std::vector<Plot> plots_;  ///< one for all, or one for each that was drawn
  std::vector<spec::Syscall> calls_;
  bool is_huge_ = false;
  bool is_anywhere_ = false;
};

}  // namespace

void Motif::plan_meeting(Random& random, Sketch& sketch, const GeneratorOptions& options,
                         MeetingRoom& room) {
  Layout layout{random, options, room};
  layout.draw();
  calls_.clear();
  for (const spec::Syscall& call : layout.calls()) calls_.push_back(call);
  sketch.add(layout.region());
  // What was lowered for a meeting would make the rest of the sequence fail.
  for (const std::uint64_t resource : {spec::kRlimitAs, spec::kRlimitData}) {
    const bool lowered = std::ranges::any_of(calls_, [&](const spec::Syscall& call) {
      const auto* limit = std::get_if<spec::Setrlimit>(&call);
      return limit != nullptr && limit->resource == resource;
    });
    if (lowered && random.percent(70)) {
      calls_.emplace_back(spec::Setrlimit{resource, spec::kRlimInfinity});
    }
  }
}

}  // namespace vmadiff::properties
