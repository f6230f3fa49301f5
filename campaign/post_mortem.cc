// campaign: the post-mortem. Every look at a sequence is a process of its own, since it may be the
// last. Long, since finding the sequence and making it small are the same look, with other
// patience.
#include "campaign/post_mortem.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <new>
#include <unordered_set>
#include <utility>
#include <vector>

#include "campaign/crew.h"
#include "compare/recording.h"
#include "process/child.h"
#include "process/interrupt.h"
#include "properties/shrink/shrink.h"
#include "spec/profile_text.h"
#include "spec/trace_text.h"
#include "systems/systems.h"

namespace vmadiff::campaign {
namespace {

using properties::Finding;

/// For each run of a sequence: without a remote system it takes milliseconds, even under a
/// sanitizer.
constexpr auto kLookPatience = std::chrono::milliseconds{400};
/// CPU time of the looks at smaller sequences. A sequence that hangs costs kLookPatience each.
constexpr auto kShrinkTime = std::chrono::seconds{15};
constexpr int kTimesOver = 30;
constexpr int kNothingSeen = 0;
constexpr int kFoundOne = 10;

/// Of those that were waited for, and of theirs.
std::chrono::microseconds cpu_time_of_children() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  return std::chrono::seconds{usage.ru_utime.tv_sec + usage.ru_stime.tv_sec} +
         std::chrono::microseconds{usage.ru_utime.tv_usec + usage.ru_stime.tv_usec};
}

enum class Look { kNothing, kFound, kDeath };

/// One finding in the making: what it is looked for on, and what it comes down to.
class Examination {
 public:
  Examination(const CampaignOptions& options, std::vector<std::string> systems)
      : options_(options), systems_(std::move(systems)), properties_(options.properties) {}

  /// Only this claim from here on.
  void narrow_to(const std::string& claim) {
    if (auto set = properties::PropertySet::parse(claim)) properties_ = *std::move(set);
  }
  void narrow_to_system(std::string name) { systems_ = {std::move(name)}; }
  /// Each look runs the sequence so often, on the same systems: for memory that is corrupted, which
  /// kills later.
  void repeat(int times) { times_ = times; }
  [[nodiscard]] const std::string& how() const { return how_; }

  Look look(const spec::Sequence& sequence) {
    const pid_t child = process::start_child([&] {
      const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      ::dup2(nowhere, STDERR_FILENO);
      return check_in_child(sequence);
    });
    if (child < 0) return Look::kNothing;
    const auto status = process::wait_for(child, kLookPatience * times_);
    if (!status) {
      process::kill_child(child);
      how_ = "hang";
      return Look::kDeath;
    }
    if (WIFEXITED(*status) && WEXITSTATUS(*status) == kFoundOne) return Look::kFound;
    if (WIFEXITED(*status) && WEXITSTATUS(*status) == kNothingSeen) return Look::kNothing;
    how_ = process::how_it_ended(*status);
    return Look::kDeath;
  }

  /// In this process: for a sequence that was survived. One that corrupts memory may do otherwise
  /// the next time, and take all memory that there is.
  std::expected<std::optional<Finding>, spec::ToolFault> check(const spec::Sequence& sequence) try {
    auto crew = Crew::make(systems_, options_.profile);
    if (!crew) return std::unexpected(crew.error());
    auto checker = make_checker(crew->systems(), options_.profile, options_.setup, properties_);
    return checker.check(sequence, properties::Observation::kEveryStep);
  } catch (const std::bad_alloc&) {
    return std::unexpected(spec::ToolFault{"out of memory in a look at a sequence"});
  }

  /// The smallest sequence found that still gives the same look.
  std::uint64_t shrink(spec::Sequence& sequence, Look wanted) {
    const auto end = cpu_time_of_children() + kShrinkTime;
    const auto is_over = [&] { return cpu_time_of_children() > end || process::is_interrupted(); };
    std::unordered_set<std::string> seen;
    std::uint64_t shrinks = 0;
    bool smaller = true;
    while (smaller && !is_over()) {
      smaller = false;
      auto candidates = properties::simpler(sequence, properties::Landmarks::of(options_.setup));
      while (!is_over()) {
        auto candidate = candidates.next();
        if (!candidate) break;
        if (!seen.insert(key(*candidate)).second || look(*candidate) != wanted) continue;
        sequence = *std::move(candidate);
        ++shrinks;
        smaller = true;
        break;
      }
    }
    return shrinks;
  }

 private:
  int check_in_child(const spec::Sequence& sequence) {
    if (times_ == 1) {
      const auto found = check(sequence);
      if (!found) std::abort();  // for the parent that is a death, as it would have been there
      return *found ? kFoundOne : kNothingSeen;
    }
    auto crew = Crew::make(systems_, options_.profile);
    if (!crew) return kNothingSeen;
    auto checker = make_checker(crew->systems(), options_.profile, options_.setup, properties_);
    for (int i = 0; i < times_; ++i) {
      static_cast<void>(checker.check(sequence, properties::Observation::kEveryStep));
    }
    return kNothingSeen;
  }

  static std::string key(const spec::Sequence& sequence) {
    std::string out;
    for (const spec::Step& step : sequence) {
      out += fmt::format("{} {}\n", step.process, spec::text(step.call));
    }
    return out;
  }

  const CampaignOptions& options_;
  std::vector<std::string> systems_;
  properties::PropertySet properties_;
  std::string how_;
  int times_ = 1;
};

/// What the systems that survive the sequence say of each call.
void annotate(const CampaignOptions& options, const std::vector<std::string>& survivors,
              spec::Sequence& sequence) {
  if (survivors.empty()) return;
  const auto system = systems::make_system(survivors.front(), options.profile);
  if (!system) return;
  const auto recording =
      compare::record(**system, options.setup, sequence, compare::Snapshots::kAtEnd);
  if (!recording) return;
  for (std::size_t i = 0; i < sequence.size(); ++i) sequence[i].expected = recording->outcomes[i];
}

/// Of a sequence that kills when it is run so many times over.
Finding death_of(const CampaignOptions& options, const std::vector<std::string>& systems,
                 spec::Sequence sequence, int times) {
  std::string dead;
  std::vector<std::string> survivors;
  for (const std::string& name : systems) {
    Examination alone{options, {name}};
    alone.repeat(times);
    (alone.look(sequence) == Look::kDeath ? dead = name : survivors.emplace_back(name));
  }
  Examination examination{options, systems};
  examination.repeat(times);
  if (dead.empty()) {
    // Allocations only fail where another system says what is right without.
    dead = systems.back();
    std::erase(survivors, dead);
  } else {
    examination.narrow_to_system(dead);
  }
  Finding finding;
  finding.shrinks = examination.shrink(sequence, Look::kDeath);
  // The call that kills is the last one that is needed.
  finding.reproducible = examination.look(sequence) == Look::kDeath;
  annotate(options, survivors, sequence);
  finding.claim = "SystemSurvives";
  finding.step = sequence.size() - 1;
  const auto call = spec::name(sequence.back().call);
  finding.explanation = fmt::format("{}: {} while it ran {}{}", examination.how(), dead, call,
                                    times > 1 ? fmt::format(", {} times over", times) : "");
  finding.fingerprint = fmt::format("SystemSurvives/{}/{}", call, examination.how());
  finding.views.push_back({dead, spec::Outcome::died(), {}, {}});
  finding.sequence = std::move(sequence);
  return finding;
}

/// What a thread was at.
struct Suspect {
  CampaignOptions options;  ///< with the sequence's own set-up
  std::uint64_t seed;
  spec::Sequence sequence;
};

Suspect suspect_of(const CampaignOptions& campaign, const InFlightSlot& slot, std::uint64_t seed) {
  Suspect suspect{campaign, seed, {}};
  if (auto setup = own_setup(campaign, suspect.seed)) suspect.options.setup = *std::move(setup);
  auto& generator = suspect.options.generator;
  generator.favoured = slot.favoured.load();
  generator.favour_madvised = slot.favour_madvised.load();
  draw(campaign, suspect.seed, generator, suspect.sequence);
  return suspect;
}

/// A finding that is not a death, made small.
std::optional<Finding> found_in(const Suspect& suspect, Examination& examination) {
  auto found = examination.check(suspect.sequence);
  if (!found || !*found) return std::nullopt;
  examination.narrow_to((*found)->claim);
  auto smaller = (*found)->sequence;
  const auto shrinks = examination.shrink(smaller, Look::kFound);
  auto again = examination.check(smaller);
  if (again && *again) found = std::move(again);
  (*found)->shrinks = shrinks;
  return *std::move(found);
}

/// What the sequence shows by itself, made small.
std::optional<Finding> examined(const Suspect& suspect, const std::vector<std::string>& systems) {
  Examination examination{suspect.options, systems};
  const Look once = examination.look(suspect.sequence);
  if (once == Look::kDeath) return death_of(suspect.options, systems, suspect.sequence, 1);
  // What corrupts memory kills when it is done again and again; this process must not be the one.
  Examination over_and_over{suspect.options, systems};
  over_and_over.repeat(kTimesOver);
  if (over_and_over.look(suspect.sequence) == Look::kDeath) {
    return death_of(suspect.options, systems, suspect.sequence, kTimesOver);
  }
  return once == Look::kFound ? found_in(suspect, examination) : std::nullopt;
}

/// The sequence is survived by itself: what killed came with the memory of those before it.
Finding unexplained(Suspect suspect, const std::string& death) {
  Finding finding;
  finding.claim = "SystemSurvives";
  finding.explanation =
      fmt::format("{}, in this sequence after others; by itself it is survived", death);
  finding.fingerprint = fmt::format("SystemSurvives/not by itself/{}", death);
  finding.reproducible = false;
  finding.sequence = std::move(suspect.sequence);
  finding.step = finding.sequence.size() - 1;
  finding.views.push_back({suspect.options.systems.back(), spec::Outcome::died(), {}, {}});
  return finding;
}

std::vector<std::string> systems_in_process(const CampaignOptions& campaign) {
  std::vector<std::string> systems;
  for (const std::string& name : campaign.systems) {
    if (systems::is_in_process(name)) systems.push_back(name);
  }
  return systems;
}

Finding completed(const Suspect& suspect, Finding finding) {
  finding.profile = spec::profile_text(suspect.options.profile);
  finding.setup = suspect.options.setup;
  finding.run_seed = suspect.options.seed;
  finding.sequence_seed = suspect.seed;
  return finding;
}

/// The thread's sequence; nothing between two of them.
std::optional<Suspect> present(const CampaignOptions& campaign, const InFlightSlot& slot) {
  if (slot.seed.load() == 0) return std::nullopt;
  return suspect_of(campaign, slot, slot.seed.load());
}

/// The one before it, generated with the present one's favours, which seldom change.
std::optional<Suspect> previous(const CampaignOptions& campaign, const InFlightSlot& slot) {
  if (slot.before.load() == 0) return std::nullopt;
  return suspect_of(campaign, slot, slot.before.load());
}

}  // namespace

std::vector<Finding> post_mortem(const CampaignOptions& campaign, const InFlight& in_flight,
                                 const std::string& death) {
  const auto systems = systems_in_process(campaign);
  if (systems.empty()) return {};
  std::vector<Finding> findings;
  for (const InFlightSlot& slot : in_flight.slots) {
    // Memory that a sequence corrupts can kill in the next one, too.
    for (const auto& suspect : {present(campaign, slot), previous(campaign, slot)}) {
      if (!suspect) continue;
      auto finding = examined(*suspect, systems);
      if (!finding) continue;
      findings.push_back(completed(*suspect, *std::move(finding)));
      break;
    }
  }
  return findings.empty() ? suspects(campaign, in_flight, death) : findings;
}

std::vector<Finding> suspects(const CampaignOptions& campaign, const InFlight& in_flight,
                              const std::string& death) {
  // Who is killed from outside (SIGKILL, for want of memory) proves nothing.
  if (systems_in_process(campaign).empty() || death == "SIGKILL") return {};
  std::optional<Suspect> last;
  for (const InFlightSlot& slot : in_flight.slots) {
    if (auto suspect = present(campaign, slot)) last = std::move(suspect);
  }
  if (!last) return {};
  return {completed(*last, unexplained(*last, death))};
}

}  // namespace vmadiff::campaign
