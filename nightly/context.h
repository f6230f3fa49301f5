// nightly: what every stage of a night is given, and what it gives back.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nightly/journal.h"
#include "nightly/known.h"
#include "nightly/places.h"
#include "nightly/stage.h"
#include "process/budget.h"

namespace vmadiff::nightly {

struct Options {
  std::filesystem::path state;
  process::Budget
      budget;  ///< time or operations; of a night that goes on, what it began with counts
  std::optional<std::uint64_t> seed;
  std::size_t jobs = 1;
  std::uint64_t bytes_max = 0;    ///< that the state may take on the disk
  std::size_t nights_max = 0;     ///< that are kept
  std::string version;            ///< of this program
  std::filesystem::path program;  ///< this program itself
  std::vector<Stage> stages;      ///< in their order
};

/// Whom a night tells how far it is; always on the thread that runs it.
struct Listener {
  std::function<void(const Journal&, const StageRecord&)> on_begin;
  std::function<void(const Journal&, const StageRecord&)> on_end;
  /// Several times a second.
  std::function<void(const Journal&, const StageRecord&)> on_tick;
};

struct Context {
  const Options& options;
  Places places;
  Journal& journal;
  KnownFindings& known;
  const Listener& listener;

  [[nodiscard]] std::filesystem::path place_of(const Stage& stage) const {
    return journal.places.stage(stage.name);
  }
};

/// What a stage may take yet: one of the two.
struct Share {
  std::optional<std::chrono::milliseconds> time;
  std::optional<std::uint64_t> operations;
};

struct StageEnd {
  State state = State::kDone;
  std::string note;
};
/// The fault is of the state itself: it cannot be written, say, and ends the night.
using StageResult = std::expected<StageEnd, spec::ToolFault>;

/// A seed of the stage's own. With a budget of time each attempt has another, so that one that goes
/// on does not repeat what was done; with one of operations an attempt is made anew.
[[nodiscard]] std::uint64_t seed_of(const Context& context, const StageRecord& record);

StageResult run_check(Context& context, const Stage& stage, StageRecord& record,
                      const Share& share);
StageResult run_replay(Context& context, const Stage& stage, StageRecord& record);
StageResult run_known(Context& context, const Stage& stage, StageRecord& record);
StageResult run_suites(Context& context, const Stage& stage, StageRecord& record,
                       const Share& share);
StageResult run_fuzz(Context& context, const Stage& stage, StageRecord& record, const Share& share);
StageResult run_merge(Context& context, const Stage& stage, StageRecord& record,
                      const Share& share);
StageResult run_distill(Context& context, const Stage& stage, StageRecord& record,
                        const Share& share);

}  // namespace vmadiff::nightly
