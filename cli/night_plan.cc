// cli: what a night does.
#include "cli/night_plan.h"

#include <fmt/format.h>

#include <system_error>

#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

namespace fs = std::filesystem;
using nightly::Stage;

// Shares of the budget. What a stage that cannot run here would have had is the others'.
constexpr double kRandom = 20;
constexpr double kHost = 15;
constexpr double kGuests = 15;  ///< all of them
constexpr double kTrees = 15;   ///< all of them
constexpr double kRelations = 8;
constexpr double kFaults = 8;
constexpr double kSuites = 7;
constexpr double kDifferential = 10;
constexpr double kOtherFuzzer = 4;
constexpr double kMerge = 1;
constexpr double kDistill = 4;
constexpr double kWhatItTakes = 0;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return !path.empty() && fs::exists(path, ignored);
}

class NightPlan {
 public:
  explicit NightPlan(const NightTools& tools) : tools_(tools) {}

  std::vector<Stage> stages;

  void replay(std::string name, std::string asks, const fs::path& traces, std::string lacks,
              const std::string& systems = {}) {
    auto all = words({"replay", "--json", traces.string()});
    if (!systems.empty()) all.insert(all.end(), {"--systems", systems});
    add({.name = std::move(name),
         .asks = std::move(asks),
         .kind = nightly::Kind::kReplay,
         .share = kWhatItTakes,
         .words = std::move(all),
         .lacks = std::move(lacks)});
  }
  void known() {
    add({.name = "known",
         .asks = "Does what earlier nights found still show?",
         .kind = nightly::Kind::kKnown,
         .share = kWhatItTakes,
         .words = words({"replay", "--json"})});
  }
  void check(std::string name, std::string asks, double share, std::vector<std::string> more,
             std::string lacks = {}) {
    auto all = words({"check"});
    all.insert(all.end(), more.begin(), more.end());
    add({.name = std::move(name),
         .asks = std::move(asks),
         .kind = nightly::Kind::kCheck,
         .share = share,
         .words = std::move(all),
         .lacks = std::move(lacks)});
  }
  void suites() {
    add({.name = "suites",
         .asks = "Do the properties hold as RapidCheck asks them?",
         .kind = nightly::Kind::kSuites,
         .share = kSuites,
         .words = {tools_.suites.string()},
         .lacks = is_there(tools_.suites) ? ""
                                          : "the suites are not there: scripts/build release "
                                            "properties_rapidcheck_test, or --suites PROGRAM"});
  }
  /// The fuzzer, and then its corpus made small.
  void fuzz(const std::string& fuzzer, std::string asks, double share,
            const std::vector<std::string>& more) {
    const auto program = tools_.fuzzers / fuzzer;
    const auto lacks =
        is_there(program) && !tools_.fuzzers.empty()
            ? ""
            : fmt::format("it is not there: scripts/build fuzz {}, or --fuzzers DIRECTORY", fuzzer);
    std::vector<std::string> all{program.string()};
    all.insert(all.end(), more.begin(), more.end());
    add({.name = fuzzer,
         .asks = std::move(asks),
         .kind = nightly::Kind::kFuzz,
         .share = share,
         .words = all,
         .lacks = lacks,
         .fuzzer = fuzzer});
    // With the features by which it was kept.
    std::erase_if(all, [&](const std::string& word) {
      return word != all.front() && !word.starts_with("-use_value_profile");
    });
    add({.name = "merge-" + fuzzer,
         .asks = fmt::format("The corpus of {}, as small as its coverage allows", fuzzer),
         .kind = nightly::Kind::kMerge,
         .share = kMerge,
         .words = all,
         .lacks = lacks,
         .fuzzer = fuzzer});
  }
  void distill() {
    auto all = words({"distill"});
    if (is_there(tools_.corpus / "seeds")) all.push_back((tools_.corpus / "seeds").string());
    add({.name = "distill",
         .asks = "The few traces that meet all behaviours and meetings that were met",
         .kind = nightly::Kind::kDistill,
         .share = kDistill,
         .words = std::move(all)});
  }

 private:
  [[nodiscard]] std::vector<std::string> words(std::vector<std::string> more) const {
    more.insert(more.begin(), tools_.program.string());
    return more;
  }
  void add(Stage stage) { stages.push_back(std::move(stage)); }

  const NightTools& tools_;
};

}  // namespace

std::vector<Stage> night_plan(const NightTools& tools) {
  NightPlan plan{tools};
  plan.replay("corpus", "Does every trace of the corpus hold?", tools.corpus,
              is_there(tools.corpus) ? "" : "there is no corpus here: --corpus DIRECTORY");
  plan.known();
  const auto traces = tools.state / "corpus" / "traces";
  std::error_code ignored;
  const bool has_traces = is_there(traces) && !fs::is_empty(traces, ignored);
  plan.replay("traces", "Do the kept traces hold?", traces,
              has_traces ? "" : "no trace is kept yet", "model,impl");
  plan.check("random", "Do model and implementation agree, and keep the rules?", kRandom,
             {"--systems", "model,impl", "--coverage"});
  plan.check("relations", "Do runs that are related agree?", kRelations,
             {"--systems", "impl", "--properties", "relations"});
  plan.check("faults", "Are failed allocations undone?", kFaults,
             {"--faults", "--properties", "faults"});
  plan.suites();
  std::vector<std::string> seeds;
  for (const auto* folder : {"seeds", "regressions", "fuzz"}) {
    const auto path = tools.corpus / folder;
    if (!tools.corpus.empty() && is_there(path)) seeds.push_back(path.string());
  }
  auto for_differential = seeds;
  if (has_traces) for_differential.push_back(traces.string());
  plan.fuzz("fuzz_differential", "Can bytes find a difference?", kDifferential, for_differential);
  plan.fuzz("fuzz_maple_tree", "Is the maple tree a map of ranges?", kOtherFuzzer, {});
  // A parser compares words; of the others value profiles cost more than they find
  // (docs/nightly.md).
  std::vector<std::string> for_trace{"-use_value_profile=1"};
  if (is_there(tools.dictionary)) for_trace.push_back("-dict=" + tools.dictionary.string());
  for_trace.insert(for_trace.end(), seeds.begin(), seeds.end());
  plan.fuzz("fuzz_trace", "Does trace text survive being read and printed?", kOtherFuzzer,
            for_trace);
  plan.distill();
  // What takes long to begin comes last: it takes its time from nobody else.
  plan.check("host", "Does this machine's kernel agree with them?", kHost,
             {"--systems", "model,impl,host"},
             std::string{systems::why_not(systems::kHost).value_or("")});
  for (const std::string& kernel : tools.kernels)
    plan.check("guest-" + kernel, fmt::format("Does {} agree with the model?", kernel),
               kGuests / static_cast<double>(tools.kernels.size()),
               {"--systems", "model,guest", "--kernel", kernel});
  if (tools.kernels.empty())
    plan.check("guest", "Does another kernel agree with the model?", kGuests, {},
               "no kernel was fetched: vmadiff kernels fetch debian-6.12");
  for (const std::string& tree : tools.trees)
    plan.check("tree-" + tree, fmt::format("Does the code of {} agree with the model?", tree),
               kTrees / static_cast<double>(tools.trees.size()),
               {"--systems", "model,tree", "--tree", tree});
  if (tools.trees.empty())
    plan.check("tree", "Does the code of a kernel's source agree with the model?", kTrees, {},
               "no source was fetched: vmadiff kernels fetch linux-7.3");
  return plan.stages;
}

}  // namespace vmadiff::cli
