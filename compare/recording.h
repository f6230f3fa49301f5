// compare: what one system did with a sequence, step by step. No judgement: that is properties/.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/snapshot.h"
#include "spec/system.h"

namespace vmadiff::compare {

struct Recording {
  std::string system;
  spec::Observes observes;
  std::vector<spec::Outcome> outcomes;  ///< one per step
  /// With Snapshots::kEveryStep one per step, of the process that made it.
  std::vector<spec::Snapshot> snapshots;
  /// Process 0 after the last step; nothing after a death.
  std::optional<spec::Snapshot> end;
  /// The other processes that are there then.
  std::map<spec::ProcessId, spec::Snapshot> others;
};

/// The processes that are there, while calls are made.
class Processes {
 public:
  void note(const spec::Step& step, const spec::Outcome& outcome);
  [[nodiscard]] const std::set<spec::ProcessId>& all() const { return there_; }
  [[nodiscard]] bool has(spec::ProcessId process) const { return there_.contains(process); }

 private:
  std::set<spec::ProcessId> there_{0};
};

enum class Snapshots { kAtEnd, kEveryStep };

[[nodiscard]] std::expected<Recording, spec::ToolFault> record(spec::System& system,
                                                               const spec::Setup& setup,
                                                               const spec::Sequence& sequence,
                                                               Snapshots snapshots);

/// Makes a run, and again where a fault passes: an agent can be killed from outside.
[[nodiscard]] auto retried(auto run) {
  constexpr int kTriesMax = 4;
  auto result = run();
  for (int i = 1; i < kTriesMax && !result && result.error().passes; ++i) result = run();
  return result;
}

/// What an outcome is, without its value: "ok", "ENOMEM", "died".
[[nodiscard]] std::string kind_of(const spec::Outcome& outcome);

/// The lines of a layout, as far as it is `seen`: those of the trace, or (`all`) also those that
/// were there before.
[[nodiscard]] std::vector<std::string> layout_lines(const spec::Snapshot& snapshot,
                                                    const spec::Observes& seen, bool all);

}  // namespace vmadiff::compare
