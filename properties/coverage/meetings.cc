// properties: counting meetings.
#include "properties/coverage/meetings.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <map>

#include "spec/word_fields.h"

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::Range;

constexpr Range kEverywhere{0, std::numeric_limits<Address>::max()};
/// What is remembered of a process: the newest calls. More would make long sequences slow.
constexpr std::size_t kMarksMax = 40;
constexpr std::size_t kCalls = std::variant_size_v<spec::Syscall>;
constexpr std::size_t kTriples = kFamilyCount * kFamilyCount * kFamilyCount;

constexpr bool touch(const Range& a, const Range& b) {
  return a.start <= b.end && b.start <= a.end;
}

/// The values of a call's arguments, in order.
class Values : public spec::WordFields<Values> {
 public:
  explicit Values(const spec::Syscall& call) { spec::visit_fields(call, *this); }
  void file(spec::FileId f) { add(static_cast<std::uint64_t>(f.cls) << 32 | f.number); }
  void vma_name(spec::VmaName n) { add(n.digest()); }

  /// The one place in which the two differ.
  static std::optional<std::size_t> only_difference(const Values& a, const Values& b) {
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < a.size_; ++i) {
      if (a.values_[i] == b.values_[i]) continue;
      if (found) return std::nullopt;
      found = i;
    }
    return found;
  }

 private:
  friend spec::WordFields<Values>;
  void add(std::uint64_t value) { values_[size_++] = value; }
  std::array<std::uint64_t, kArgumentsMax> values_{};
  std::size_t size_ = 0;
};

std::uint32_t families_of(const ShapesOfCall& of_call) {
  std::uint32_t families = 0;
  for (const auto shape : of_call) {
    families |= std::uint32_t{1} << static_cast<unsigned>(shapes()[shape].family);
  }
  return families;
}

/// A call that succeeded, and where what it did is now.
struct Mark {
  Range range;
  ShapesOfCall shapes;
  std::uint32_t families;
  const spec::Syscall* call;
  bool stays_at_exec;
};

class Marks {
 public:
  void add(const Mark& mark) {
    if (marks_.size() == kMarksMax) marks_.erase(marks_.begin());
    marks_.push_back(mark);
  }
  [[nodiscard]] std::span<const Mark> all() const { return marks_; }
  void exec() {
    std::erase_if(marks_, [](const Mark& mark) { return !mark.stays_at_exec; });
  }
  /// What was in the range is gone.
  void cut(const Range& gone) {
    const std::size_t count = marks_.size();
    for (std::size_t i = 0; i < count; ++i) {
      if (marks_[i].range == kEverywhere || !marks_[i].range.overlaps(gone)) continue;
      Mark behind = marks_[i];
      behind.range.start = gone.end;
      marks_[i].range.end = gone.start;
      if (behind.range.start < behind.range.end) marks_.push_back(behind);
    }
    std::erase_if(marks_, [](const Mark& mark) { return mark.range.start >= mark.range.end; });
  }
  /// What was in the range is at `to`, too.
  void copy(const Range& from, Address to) {
    const std::size_t count = marks_.size();
    for (std::size_t i = 0; i < count; ++i) {
      Mark mark = marks_[i];
      if (mark.range == kEverywhere || !mark.range.overlaps(from)) continue;
      mark.range = {std::max(mark.range.start, from.start) - from.start + to,
                    std::min(mark.range.end, from.end) - from.start + to};
      marks_.push_back(mark);
    }
  }

 private:
  std::vector<Mark> marks_;
};

/// The range that the call is about; an empty one where it asked for nothing.
Range range_of(const spec::Syscall& call, const spec::Outcome& outcome, const spec::Setup& setup) {
  if (const auto* mmap = std::get_if<spec::Mmap>(&call)) {
    return {outcome.value(), outcome.value() + spec::page_up(mmap->length)};
  }
  if (std::holds_alternative<spec::Brk>(call)) {
    return {setup.start_brk, spec::page_up(outcome.value())};
  }
  if (const auto* mremap = std::get_if<spec::Mremap>(&call)) {
    return {outcome.value(), outcome.value() + spec::page_up(mremap->new_length)};
  }
  const bool has_range = std::visit([](const auto& c) { return requires { c.length; }; }, call);
  return spec::named_ranges(call).first.value_or(has_range ? Range{} : kEverywhere);
}

bool is_duplicate(const spec::Mremap& call) { return call.length == 0; }

/// What it moves, grows or shrinks; of a duplicate what is mapped a second time.
Range source_of(const spec::Mremap& call) {
  const Address length = is_duplicate(call) ? call.new_length : call.length;
  return {call.addr, call.addr + spec::page_up(length)};
}

}  // namespace

/// One sequence, as it is noted.
class MeetingsOfSequence {
 public:
  MeetingsOfSequence(Meetings& meetings, const spec::Setup& setup)
      : meetings_(meetings), setup_(setup) {}

  void note(const spec::Step& step, const spec::Outcome& outcome) {
    ++meetings_.calls_;
    if (!outcome.is_ok()) return;
    Marks& marks = processes_[step.process];
    Mark mark{.range = range_of(step.call, outcome, setup_),
              .shapes = shapes_of(step.call),
              .families = 0,
              .call = &step.call,
              .stays_at_exec = false};
    if (mark.range.start >= mark.range.end) return;  // nothing was asked for
    mark.families = families_of(mark.shapes);
    const auto* mremap = std::get_if<spec::Mremap>(&step.call);
    const Range source = mremap == nullptr ? mark.range : source_of(*mremap);
    meet(marks, mark, source);
    change(marks, mark, step, outcome, source);
  }

 private:
  void meet(const Marks& marks, const Mark& mark, const Range& source) {
    const std::size_t count = shapes().size();
    std::uint32_t families = 0;
    const Values values{*mark.call};
    for (const Mark& earlier : marks.all()) {
      if (!touch(earlier.range, mark.range) && !touch(earlier.range, source)) continue;
      families |= earlier.families;
      for (const auto first : earlier.shapes) {
        for (const auto second : mark.shapes) ++meetings_.pairs_[first * count + second];
      }
      if (earlier.call->index() != mark.call->index()) continue;
      if (const auto only = Values::only_difference(Values{*earlier.call}, values)) {
        ++meetings_.repetitions_[mark.call->index() * kArgumentsMax + *only];
      }
    }
    for (auto own = mark.families; own != 0; own &= own - 1) {
      const std::uint32_t others = families & ~(own & -own);
      for (auto low = others; low != 0; low &= low - 1) {
        for (auto high = low & (low - 1); high != 0; high &= high - 1) {
          std::array<int, 3> three{std::countr_zero(own), std::countr_zero(low),
                                   std::countr_zero(high)};
          std::ranges::sort(three);
          ++meetings_.triples_[(static_cast<std::size_t>(three[0]) * kFamilyCount +
                                static_cast<std::size_t>(three[1])) *
                                   kFamilyCount +
                               static_cast<std::size_t>(three[2])];
        }
      }
    }
  }

  void change(Marks& marks, Mark& mark, const spec::Step& step, const spec::Outcome& outcome,
              const Range& source) {
    if (std::holds_alternative<spec::Mmap>(step.call) ||
        std::holds_alternative<spec::Munmap>(step.call)) {
      marks.cut(mark.range);
    } else if (const auto* mremap = std::get_if<spec::Mremap>(&step.call)) {
      const bool leaves = is_duplicate(*mremap) || (mremap->flags & spec::kMremapDontunmap) != 0;
      move(marks, mark.range, source, leaves);
    } else if (std::holds_alternative<spec::Exec>(step.call)) {
      marks.exec();
    } else if (std::holds_alternative<spec::Exit>(step.call)) {
      const auto parent = parents_.find(step.process);
      if (parent != parents_.end()) processes_[parent->second].add(mark);
    }
    mark.stays_at_exec = std::holds_alternative<spec::Setrlimit>(step.call) ||
                         std::holds_alternative<spec::Prctl>(step.call) ||
                         std::holds_alternative<spec::SetMempolicy>(step.call);
    marks.add(mark);
    if (source.start < source.end && source != mark.range) {
      // What mremap leaves behind it is its doing, too.
      mark.range = source;
      marks.add(mark);
    }
    if (std::holds_alternative<spec::Fork>(step.call)) {
      const auto child = static_cast<spec::ProcessId>(outcome.value());
      parents_[child] = step.process;
      processes_[child] = marks;
    }
  }

  static void move(Marks& marks, const Range& to, const Range& from, bool leaves) {
    if (to.start == from.start) {
      if (to.end < from.end) marks.cut({to.end, from.end});
      return;
    }
    marks.cut(to);
    const Range moved{from.start, from.start + std::min(from.size(), to.size())};
    if (moved.start >= moved.end) return;
    marks.copy(moved, to.start);
    if (!leaves) marks.cut(from);
  }

  Meetings& meetings_;
  const spec::Setup& setup_;
  std::map<spec::ProcessId, Marks> processes_;
  std::map<spec::ProcessId, spec::ProcessId> parents_;
};

void Meetings::make_room() {
  if (!pairs_.empty()) return;
  pairs_.resize(shapes().size() * shapes().size());
  triples_.resize(kTriples);
  repetitions_.resize(kCalls * kArgumentsMax);
}

void Meetings::note(const spec::Sequence& sequence, std::span<const spec::Outcome> outcomes,
                    const spec::Setup& setup) {
  make_room();
  MeetingsOfSequence of_sequence{*this, setup};
  const std::size_t count = std::min(sequence.size(), outcomes.size());
  for (std::size_t i = 0; i < count; ++i) of_sequence.note(sequence[i], outcomes[i]);
}

void Meetings::add(const Meetings& other) {
  calls_ += other.calls_;
  if (other.pairs_.empty()) return;
  make_room();
  const auto sum = [](auto& to, const auto& from) {
    std::ranges::transform(to, from, to.begin(), std::plus{});
  };
  sum(pairs_, other.pairs_);
  sum(triples_, other.triples_);
  sum(repetitions_, other.repetitions_);
}

std::uint64_t Meetings::pair(std::size_t first, std::size_t second) const {
  return pairs_.empty() ? 0 : pairs_[first * shapes().size() + second];
}

std::uint64_t Meetings::triple(std::array<Family, 3> families) const {
  if (triples_.empty()) return 0;
  std::ranges::sort(families);
  std::size_t at = 0;
  for (const Family family : families) at = at * kFamilyCount + static_cast<std::size_t>(family);
  return triples_[at];
}

std::uint64_t Meetings::repetition(std::size_t call, std::size_t argument) const {
  return repetitions_.empty() ? 0 : repetitions_[call * kArgumentsMax + argument];
}

}  // namespace vmadiff::properties
