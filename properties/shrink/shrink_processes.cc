// properties: fewer processes. A fork that is dropped takes a number with it: the processes of
// later forks are one less, and what the one that never was would have called goes as well, or is
// its parent's to call.
#include <rapidcheck/seq/Create.h>
#include <rapidcheck/seq/Transform.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "properties/shrink/shrink.h"

namespace vmadiff::properties {
namespace {

using spec::ProcessId;
using spec::Sequence;

/// Whose the calls of a process become that is forked no more.
enum class Heir { kNobody, kParent };

struct DroppedFork {
  std::size_t fork;  ///< index of the call
  Heir heir;
};

/// Who the processes of a sequence are once some forks are gone.
class Census {
 public:
  /// A fork that was in the sequence: as `child`, or as nobody.
  void born(std::optional<ProcessId> child) { now_.push_back(child); }
  [[nodiscard]] std::optional<ProcessId> of(ProcessId process) const {
    // Beyond what was forked is nobody, before as well as now: it keeps its place behind them.
    if (process >= now_.size()) return static_cast<ProcessId>(process - dropped_);
    return now_[process];
  }
  void dropped() { ++dropped_; }
  [[nodiscard]] std::size_t next() const { return now_.size() - dropped_; }

 private:
  std::vector<std::optional<ProcessId>> now_{ProcessId{0}};
  std::size_t dropped_ = 0;
};

/// The sequence without that fork. A fork is taken to make the next number: one that fails does
/// not, and what comes of it then is a candidate like any other.
Sequence without_fork(const Sequence& sequence, const DroppedFork& cut) {
  Sequence out;
  out.reserve(sequence.size());
  Census census;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    const auto process = census.of(sequence[i].process);
    const bool is_fork = std::holds_alternative<spec::Fork>(sequence[i].call);
    if (is_fork && (i == cut.fork || !process)) {
      census.dropped();
      census.born(cut.heir == Heir::kParent && i == cut.fork ? process : std::nullopt);
      continue;
    }
    if (!process) continue;
    out.push_back(sequence[i]);
    out.back().process = *process;
    // What it gave was another number.
    if (is_fork) {
      out.back().expected.reset();
      census.born(static_cast<ProcessId>(census.next()));
    }
  }
  return out;
}

}  // namespace

rc::Seq<Sequence> with_fewer_processes(const Sequence& sequence) {
  std::vector<DroppedFork> cuts;
  for (const Heir heir : {Heir::kNobody, Heir::kParent}) {
    for (std::size_t i = 0; i < sequence.size(); ++i) {
      if (std::holds_alternative<spec::Fork>(sequence[i].call)) cuts.push_back({i, heir});
    }
  }
  return rc::seq::map(rc::seq::fromContainer(std::move(cuts)),
                      [sequence](const DroppedFork& cut) { return without_fork(sequence, cut); });
}

}  // namespace vmadiff::properties
