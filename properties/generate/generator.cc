// properties: writes a sequence call by call from one random source, with a sketch of what is
// probably mapped so that calls meet. Long: one short function for each call there is.
#include "properties/generate/generator.h"

#include <algorithm>
#include <array>

#include "properties/generate/huge_calls.h"
#include "properties/generate/looks.h"
#include "properties/generate/motif.h"
#include "properties/generate/offered.h"
#include "properties/generate/opening.h"
#include "properties/generate/random.h"
#include "properties/generate/ranges.h"
#include "properties/generate/setups.h"
#include "properties/generate/sketch.h"
#include "properties/generate/swarm.h"
#include "properties/generate/variation.h"
#include "properties/generate/wild.h"

namespace vmadiff::properties {
namespace {

using spec::Address;

/// Some sequences also use places on huge page boundaries behind the arena.
constexpr std::uint64_t kHugePlaces = 6;
constexpr std::uint64_t kWildPercent = 8;
/// How often a meeting of calls is planned, where nothing else is; and how often a call comes
/// again, changed in one part.
constexpr std::uint64_t kMeetingPercent = 4;
/// Where the machine has huge pages, most calls are about them.
constexpr std::uint64_t kHugePercent = 80;
constexpr std::uint64_t kAgainPercent = 4;
/// With so large a stack every exec succeeds: it asks for 128 KiB.
constexpr std::uint64_t kStackOfExec = std::uint64_t{1} << 20;
constexpr std::uint64_t kPlacementFlags = spec::kMapFixed | spec::kMapFixedNoreplace |
                                          spec::kMap32Bit | spec::kMapAbove4G | spec::kMapPopulate |
                                          spec::kMapLocked;
/// Tells the source of plans at a sequence's beginning from the sequence's own.
constexpr std::uint64_t kLowPlans = 0x6c6f772d706c616eULL;
/// And that of mappings that are refused, and of how many percent of those that can be.
constexpr std::uint64_t kRefusals = 0x726566757365644dULL;
constexpr std::uint64_t kRefusedPercent = 12;
/// Where the arena's size is drawn: so many pages, or twice, four times, … as many.
constexpr std::uint64_t kArenaPagesMin = 6;
constexpr std::uint64_t kArenaSizes = 7;
/// Some sequences map files near the end that they can have (ext4's with blocks of 4 KiB, then any
/// regular file's, then any file's), a few pages before it.
constexpr std::array<std::uint64_t, 3> kFarOffsets{(std::uint64_t{1} << 44) - 24 * spec::kPageSize,
                                                   (std::uint64_t{1} << 63) - 24 * spec::kPageSize,
                                                   0 - 24 * spec::kPageSize};

std::optional<spec::Setup> own_setup(std::uint64_t seed, const GeneratorOptions& options) {
  return varied_setup(seed, options.setup, options.setup_variation);
}

Opening opening_of(std::uint64_t seed, const GeneratorOptions& options, const spec::Setup& setup) {
  if (!options.openings) return {};
  const Opening opening{seed, setup, options.teeth_max};
  return opening.touches_reserved(setup) ? Opening{} : opening;
}

std::size_t opening_size(std::uint64_t seed, const GeneratorOptions& options) {
  const auto own = own_setup(seed, options);
  return opening_of(seed, options, own ? *own : options.setup).size();
}

class Writer {
 public:
  Writer(std::uint64_t seed, const GeneratorOptions& options)
      : random_(seed),
        options_(options),
        own_setup_(own_setup(seed, options)),
        setup_(own_setup_ ? *own_setup_ : options.setup),
        looks_(random_, options),
        maps_huge_files_(std::ranges::find(options.file_classes, spec::FileClass::kHugetlb) !=
                         options.file_classes.end()),
        swarm_(random_, options, maps_huge_files_, setup_.protection_keys),
        opening_(opening_of(seed, options, setup_)),
        huge_(random_.percent(15)),
        far_(random_.percent(6) ? kFarOffsets[random_.below(kFarOffsets.size())] : 0),
        brk_(options.setup.start_brk),
        top_(setup_.mmap_base),
        bottom_(spec::page_up(setup_.task_size / 3)) {
    // From a source of their own: all other sequences are what they are without.
    Random own{mix(seed ^ kLowPlans)};
    if (own_setup_ && setup_.mmap_min_addr == 0 && own.percent(50)) {
      motif_.plan_zero(own);
    } else if (own.percent(2)) {
      motif_.plan_low_stack(own);
    } else if (own.percent(1)) {
      motif_.plan_full_room(own, setup_.mmap_base);
    }
    if (options.swarming == Swarming::kCallsAndArena) {
      sketch_.set_arena_pages(kArenaPagesMin << random_.below(kArenaSizes));
    }
  }

  spec::Step step(std::size_t index) {
    if (index < opening_.size()) {
      return {.process = 0, .call = opening_.call(index, setup_, sketch_), .expected = {}};
    }
    spec::Step out{.process = 0, .call = next(index - opening_.size()), .expected = {}};
    const bool is_exit = std::holds_alternative<spec::Exit>(out.call);
    if (forks_ > 0 && (is_exit || !random_.percent(35))) {
      // The newest process, mostly: the others stand for what must not change.
      out.process =
          static_cast<spec::ProcessId>(random_.percent(60) ? forks_ : random_.below(forks_ + 1));
      // One that is gone makes few calls.
      if ((exited_ >> out.process & 1) != 0 && random_.percent(90)) out.process = 0;
    }
    if (is_exit && out.process != 0) exited_ |= std::uint64_t{1} << out.process;
    note(out.call);
    return out;
  }

 private:
  spec::Syscall next(std::size_t index) {
    // KSM is on from the start in half of the sequences: that is the subject.
    const std::uint64_t process_wide = options_.favour_madvised ? 25 : 50;
    if (index == 0 && options_.ksm_calls && random_.percent(process_wide)) {
      return spec::Prctl{.arg2 = 1};
    }
    if (auto call = about_huge_pages()) return *std::move(call);
    if (auto call = planned()) return *std::move(call);
    if (auto call = again()) return *std::move(call);
    if (options_.favour_madvised && options_.ksm_calls && !sketch_.empty() && random_.percent(15)) {
      return madvise();
    }
    if (auto call = swarm_.process_call(random_); call && !sketch_.empty()) {
      const bool is_possible = std::holds_alternative<spec::Fork>(*call)   ? may_fork()
                               : std::holds_alternative<spec::Exec>(*call) ? may_exec()
                                                                           : true;
      if (is_possible) return *std::move(call);
    }
    for (int attempt = 0; attempt < 4; ++attempt) {
      spec::Syscall call = any();
      if (random_.percent(kWildPercent)) make_wild(call, random_, setup_);
      made_tame(call);
      if (!spec::touches_reserved(options_.setup, {.process = 0, .call = call, .expected = {}})) {
        return call;
      }
    }
    // Every attempt met reserved memory: a call that names none.
    return spec::Brk{brk_};
  }

  void made_tame(spec::Syscall& call) {
    tame(call, options_.driver_pages);
    const auto* mmap = std::get_if<spec::Mmap>(&call);
    has_driver_mapping_ = has_driver_mapping_ || (options_.driver_pages != 0 && mmap != nullptr &&
                                                  mmap->file.cls == spec::FileClass::kPfnmap);
  }

  /// What later calls go by.
  void note(const spec::Syscall& call) {
    if (std::holds_alternative<spec::Fork>(call)) ++forks_;
    if (const auto* limit = std::get_if<spec::Setrlimit>(&call)) {
      const std::uint64_t bit = std::uint64_t{1} << (limit->resource % 64);
      // In another process than this one, once there are several.
      const bool is_lifted = limit->limit == spec::kRlimInfinity && forks_ == 0;
      const bool has_room_for_exec =
          limit->resource == spec::kRlimitMemlock ||
          (limit->resource == spec::kRlimitStack && limit->limit >= kStackOfExec);
      if (!has_room_for_exec) lowered_ = is_lifted ? lowered_ & ~bit : lowered_ | bit;
    }
    made_[made_count_++ % made_.size()] = call;
  }

  [[nodiscard]] bool may_fork() const {
    return !has_driver_mapping_ && forks_ + 1 < spec::kProcessCountMax;
  }
  /// A limit can make an exec fail behind the point of no return, which kills the process.
  [[nodiscard]] bool may_exec() const { return lowered_ == 0; }

  /// A call that was made, on the same range or beside it, mostly changed in one part.
  std::optional<spec::Syscall> again() {
    if (!options_.meetings || made_count_ == 0 || !random_.percent(kAgainPercent)) {
      return std::nullopt;
    }
    spec::Syscall call = made_[random_.below(std::min(made_count_, made_.size()))];
    const bool is_process_call = std::holds_alternative<spec::Fork>(call) ||
                                 std::holds_alternative<spec::Exec>(call) ||
                                 std::holds_alternative<spec::Exit>(call);
    if (is_process_call) return std::nullopt;
    if (random_.percent(50)) move_beside(call, random_);
    if (random_.percent(85)) change_one_part(call, random_);
    const auto* madvise = std::get_if<spec::Madvise>(&call);
    const bool is_about_ksm = madvise != nullptr && (madvise->advice == spec::kMadvMergeable ||
                                                     madvise->advice == spec::kMadvUnmergeable);
    if (is_about_ksm && !options_.ksm_calls) return std::nullopt;
    made_tame(call);
    if (auto* mmap = std::get_if<spec::Mmap>(&call)) mmap->file.number %= options_.files_per_class;
    const bool is_mine =
        !spec::touches_reserved(options_.setup, {.process = 0, .call = call, .expected = {}});
    if (!is_mine) return std::nullopt;
    if (const auto* mmap = std::get_if<spec::Mmap>(&call); mmap != nullptr && mmap->addr != 0) {
      sketch_.add({.start = mmap->addr,
                   .end = mmap->addr + mmap->length,
                   .look = {mmap->prot, mmap->flags & ~kPlacementFlags, mmap->file},
                   .offset = mmap->offset});
    }
    return call;
  }

  std::optional<spec::Syscall> about_huge_pages() {
    if (!setup_.has_huge_pages() || !random_.percent(kHugePercent)) return std::nullopt;
    auto call = huge_call(random_, maps_huge_files_ ? options_.files_per_class : 0);
    const bool is_possible = std::holds_alternative<spec::Fork>(call)   ? may_fork()
                             : std::holds_alternative<spec::Exec>(call) ? may_exec()
                                                                        : true;
    return is_possible ? std::optional{call} : std::nullopt;
  }

  void plan_meeting() {
    MeetingRoom room{.brk = brk_,
                     .place = setup_.bottom_up ? bottom_ : top_,
                     .is_upward = setup_.bottom_up,
                     .may_fork = may_fork(),
                     .may_exec = may_exec(),
                     .has_keys = setup_.protection_keys};
    motif_.plan_meeting(random_, sketch_, options_, room);
    (setup_.bottom_up ? bottom_ : top_) = room.place;
  }

  /// The next call of a plan of several; begins one now and then.
  std::optional<spec::Syscall> planned() {
    auto call = motif_.next();
    if (!call && options_.meetings && random_.percent(kMeetingPercent)) {
      plan_meeting();
      call = motif_.next();
    }
    if (!call && random_.percent(options_.favoured != 0 ? 6 : 2)) {
      const auto favours = [this](const spec::Syscall& wanted) {
        return (options_.favoured >> wanted.index() & 1) != 0;
      };
      if (random_.percent(favours(spec::Brk{}) ? 40 : 5)) {
        motif_.plan_heap_end(random_, brk_, may_fork());
      } else if (maps_huge_files_ && random_.percent(favours(spec::RemapFilePages{}) ? 30 : 3)) {
        motif_.plan_remap(random_, {spec::FileClass::kHugetlb, 0});
      } else if (random_.percent(2)) {
        motif_.plan_zero(random_);
      } else if (may_fork() && random_.percent(4)) {
        motif_.plan_inheritance(random_, {spec::FileClass::kMemfd, 0});
      } else if (maps_huge_files_ && random_.percent(5)) {
        motif_.plan_hole(random_, {spec::FileClass::kHugetlb, 0});
      } else {
        const bool madvised = options_.ksm_calls && random_.percent(30);
        const Look look = looks_.any(random_);
        Look other = look;
        if (!look.file.is_none())
          other.file.number = (look.file.number + 1) % options_.files_per_class;
        const spec::Syscall mark = swarm_.mark(random_, looks_.any_prot(random_));
        if (swarm_.has_userfaultfds() && look.file.is_none() && random_.percent(40)) {
          motif_.plan_watched(random_, sketch_, look, mark, madvised);
        } else if (look.file.is_none() && random_.percent(15)) {
          motif_.plan_return(random_, sketch_, look, mark, may_fork());
        } else {
          motif_.plan_marks(random_, sketch_, look, other, mark, madvised);
        }
      }
      call = motif_.next();
    }
    if (!call) return std::nullopt;
    made_tame(*call);
    // What the plan did so far can forbid what it would do next.
    const bool is_forbidden = (std::holds_alternative<spec::Fork>(*call) && !may_fork()) ||
                              (std::holds_alternative<spec::Exec>(*call) && !may_exec());
    if (!is_forbidden &&
        !spec::touches_reserved(options_.setup, {.process = 0, .call = *call, .expected = {}})) {
      return call;
    }
    motif_.drop();
    return std::nullopt;
  }

  spec::Syscall any() {
    if (!sketch_.empty()) {
      if (auto call = swarm_.call(random_, sketch_)) return *std::move(call);
    }
    const auto kind = random_.below(100);
    if (sketch_.empty() || kind < 40) return mmap();
    if (kind < 52) return munmap();
    if (kind < 68) return mprotect();
    if (kind < 83) return touch();
    if (kind < 90 || !options_.ksm_calls) return brk();
    return kind < 96 ? spec::Syscall{madvise()} : spec::Syscall{prctl()};
  }

  /// Where rules about addresses begin or end: the lowest addresses, windows, the top.
  Address edge() {
    const std::array<Address, 7> edges{setup_.mmap_min_addr + 8 * spec::kPageSize,
                                       setup_.placement_min_addr + 8 * spec::kPageSize,
                                       Address{1} << 30,
                                       Address{1} << 31,
                                       Address{1} << 32,
                                       setup_.mmap_base,
                                       setup_.task_size - 8 * spec::kPageSize};
    return random_.of(edges) + spec::kPageSize * random_.below(16) - 8 * spec::kPageSize;
  }

  Address fresh_start() {
    if (random_.percent(3)) return edge();
    if (huge_ && random_.percent(50)) {
      return kArena + spec::kHugePageSize * (1 + random_.below(kHugePlaces));
    }
    return kArena + random_.below(sketch_.arena_pages()) * spec::kPageSize;
  }

  spec::Mmap mmap() {
    Region region;
    region.look = looks_.any(random_);
    Address length = few_pages(random_) * spec::kPageSize;
    if (huge_ && random_.percent(30)) length = spec::kHugePageSize * (1 + random_.below(2));
    const bool near = !sketch_.empty() && random_.percent(70);
    std::optional<Region> joined;
    if (near) {
      const Region& other = sketch_.any(random_);
      if (random_.percent(70)) region.look = other.look;
      const bool behind = random_.percent(60);
      region.start = behind ? other.end : other.start - length;
      // Contiguous with the neighbour, as the two halves of one mapping would be.
      region.offset = behind ? other.offset + (other.end - other.start) : other.offset - length;
      if (random_.percent(10)) region.start += spec::kPageSize * random_.below(3);
      if (random_.percent(12)) region.offset = random_.below(80) * spec::kPageSize;
      joined = other;
    } else {
      region.start = fresh_start();
      region.offset = far_ + random_.below(16) * spec::kPageSize;
    }
    if (region.look.file.cls == spec::FileClass::kHugetlb && random_.percent(80)) {
      region.start &= ~(spec::kHugePageSize - 1);
      region.offset &= ~(spec::kHugePageSize - 1);
    }
    // An offset below 0 is not contiguous with anything.
    if (far_ == 0 && region.offset > Address{1} << 40) region.offset = 0;
    if (region.look.file.is_none() && random_.percent(90)) region.offset = 0;
    const auto call = place(region, length);
    // What is probably one VMA now, for calls about all of it.
    if (joined && call.addr == region.start && random_.percent(25)) {
      if (joined->end == region.start) {
        region.start = joined->start;
        region.offset = joined->offset;
      } else if (region.end == joined->start) {
        region.end = joined->end;
      }
      sketch_.add(region);
    }
    return call;
  }

  spec::Mmap place(Region& region, Address length) {
    spec::Mmap call{.addr = region.start,
                    .length = length,
                    .prot = region.look.prot,
                    .flags = region.look.flags,
                    .file = region.look.file,
                    .offset = region.offset};
    const auto kind = random_.below(100);
    if (opening_.is_where_room_is_sought() && random_.percent(50)) {
      call.addr = 0;
      call.flags |= opening_.room_flags(random_);
    } else if (kind < 66) {
      call.flags |= spec::kMapFixed;
    } else if (kind < 74) {
      call.flags |= spec::kMapFixedNoreplace;
    } else if (kind < 90 || opening_.is_crowded()) {
      // The kernel places it: a guess at where.
      call.addr = 0;
      region.start = setup_.bottom_up ? bottom_ : top_ - length;
      bottom_ += length;
      top_ -= length;
    }
    region.end = region.start + length;
    sketch_.add(region);
    call.flags |= swarm_.map_flags(random_);
    if ((call.flags & spec::kMapType) == spec::kMapSharedValidate && random_.percent(15)) {
      call.flags |= spec::kMapSync;
    }
    return call;
  }

  spec::Munmap munmap() {
    if (sketch_.empty()) return {kArena, spec::kPageSize};
    const PageRange range = existing_range(random_, sketch_);
    return {range.start, range.length};
  }

  spec::Mprotect mprotect() {
    const PageRange range = existing_range(random_, sketch_);
    return {range.start, range.length, looks_.any_prot(random_)};
  }

  spec::Touch touch() {
    const PageRange range = existing_range(random_, sketch_);
    const Address pages = 1 + random_.below(4);
    if (swarm_.has_stacks() && random_.percent(25)) {
      // Below something: a stack grows there.
      return {range.start - spec::kPageSize * (1 + random_.below(random_.percent(80) ? 3 : 300)),
              spec::kPageSize, spec::Access::kWrite};
    }
    return {range.start, std::min(range.length, pages * spec::kPageSize),
            random_.percent(80) ? spec::Access::kWrite : spec::Access::kRead};
  }

  spec::Brk brk() {
    const auto kind = random_.below(100);
    if (kind < 65) {
      brk_ += spec::kPageSize * (1 + random_.below(4));
      // Soon the heap is something that other calls meet, too.
      sketch_.add({.start = options_.setup.start_brk,
                   .end = spec::page_up(brk_),
                   .look = {spec::kProtRead | spec::kProtWrite,
                            spec::kMapPrivate | spec::kMapAnonymous,
                            {}},
                   .offset = 0});
    } else if (kind < 90) {
      const Address down = spec::kPageSize * random_.below(5);
      brk_ = std::max(options_.setup.start_brk, brk_ < down ? 0 : brk_ - down);
    } else {
      brk_ += random_.below(spec::kPageSize);
    }
    return {brk_};
  }

  spec::Madvise madvise() {
    const PageRange range = existing_range(random_, sketch_);
    return {range.start, range.length,
            random_.percent(55) ? spec::kMadvMergeable : spec::kMadvUnmergeable};
  }

  spec::Prctl prctl() {
    if (random_.percent(15)) return {.option = spec::kPrGetMemoryMerge};
    return {.option = spec::kPrSetMemoryMerge, .arg2 = random_.percent(70) ? 1U : 0U};
  }

  Random random_;
  const GeneratorOptions& options_;
  const std::optional<spec::Setup> own_setup_;
  const spec::Setup& setup_;  ///< that the sequence is probably run in
  Looks looks_;
  bool maps_huge_files_;
  Swarm swarm_;
  Opening opening_;
  std::uint64_t forks_ = 0;
  std::uint64_t exited_ = 0;           ///< bit i: process i has probably left
  std::uint64_t lowered_ = 0;          ///< bit i: resource i may have a limit that an exec fails of
  std::array<spec::Syscall, 6> made_;  ///< the last calls, in a ring
  std::size_t made_count_ = 0;
  Sketch sketch_;
  Motif motif_;
  bool huge_;
  /// A real driver's: a fork of one that was written to fails on kernels before 6.15
  /// (corpus/kernel-findings/fork-written-pfn-mapping.c), by the page, which no system knows here.
  bool has_driver_mapping_ = false;
  std::uint64_t far_;  ///< where in their files mappings lie; 0: at the beginning
  Address brk_;
  Address top_;  ///< below which, and from where upwards, the kernel probably places mappings
  Address bottom_;
};

/// No file here has MAP_SYNC, which only its hook knows.
void refuse_some(spec::Sequence& sequence, std::uint64_t seed) {
  Random own{mix(seed ^ kRefusals)};
  for (spec::Step& step : sequence) {
    auto* mmap = std::get_if<spec::Mmap>(&step.call);
    const bool can_be_refused = mmap != nullptr && (mmap->flags & spec::kMapAnonymous) == 0 &&
                                (mmap->flags & spec::kMapType) == spec::kMapPrivate &&
                                (mmap->file.cls == spec::FileClass::kFile ||
                                 mmap->file.cls == spec::FileClass::kFileReadOnly ||
                                 mmap->file.cls == spec::FileClass::kLegacyFile);
    if (can_be_refused && own.percent(kRefusedPercent)) mmap->flags |= spec::kMapSync;
  }
}

/// Behind the first call that marks pages no guard is installed.
void keep_guards_from_marks(spec::Sequence& sequence) {
  bool may_be_marked = false;
  for (spec::Step& step : sequence) {
    if (auto* madvise = std::get_if<spec::Madvise>(&step.call)) {
      if (may_be_marked && madvise->advice == spec::kMadvGuardInstall)
        madvise->advice = spec::kMadvGuardRemove;
    } else if (auto* self = std::get_if<spec::ProcessMadvise>(&step.call)) {
      if (may_be_marked && self->advice == spec::kMadvGuardInstall)
        self->advice = spec::kMadvGuardRemove;
    } else {
      may_be_marked = may_be_marked || std::holds_alternative<spec::UffdWriteprotect>(step.call) ||
                      std::holds_alternative<spec::UffdRwprotect>(step.call);
    }
  }
}

}  // namespace

std::uint64_t sequence_seed(std::uint64_t run_seed, std::uint64_t index) {
  // 0 is reserved for "not generated" (finding.h).
  const std::uint64_t seed = mix(mix(run_seed) + index * 0x9e3779b97f4a7c15ULL);
  return seed == 0 ? 1 : seed;
}

std::size_t sequence_length(std::uint64_t seed, const GeneratorOptions& options) {
  return Random{mix(~seed)}.below(options.length_max - options.length_min + 1) +
         options.length_min + opening_size(seed, options);
}

void generate(std::uint64_t seed, const GeneratorOptions& options, spec::Sequence& out) {
  const std::size_t length = sequence_length(seed, options);
  Writer writer{seed, options};
  out.resize(length);
  for (std::size_t i = 0; i < length; ++i) {
    out[i] = writer.step(i);
  }
  for (spec::Step& step : out) make_offered(step.call, options);
  if (options.refused_maps) refuse_some(out, seed);
  if (!options.guards_behind_marks) keep_guards_from_marks(out);
}

}  // namespace vmadiff::properties
