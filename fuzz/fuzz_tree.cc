// fuzz_tree: does the code of a kernel's source keep the rules?
//
// Strategy
//   The bytes are a sequence of calls (codec.h), run on the model and on the code of the source
//   tree that VMADIFF_TREE names (a directory, or linux-7.3 once it was fetched). The profile is
//   VMADIFF_PROFILE, or else the one under which most of a few sequences agree: the input's own
//   says nothing. What libFuzzer steers by is the kernel's code: each of its blocks counts, besides
//   the model's and the cells of behaviour.
//
// Invariants, after every call
//   - Model and tree gave the same outcome, and show the same VMAs, counters, break and KSM flag.
//   - Every invariant of one state holds on both, but for those that the profile is known to
//   violate.
//   - The kernel's code survives: no BUG, no WARN, nothing that the sanitizers see.
//
// It prints and returns; it writes nothing but what is built from the tree, into the cache.
#include "fuzz/fuzz_tree.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <expected>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/cell_counters.h"
#include "fuzz/decode.h"
#include "fuzz/fuzz_differential.h"
#include "fuzz/known_violations.h"
#include "kernel/agent/protocol.h"
#include "kernel/host/appetite.h"
#include "kernel/host/host.h"
#include "kernel/host/program.h"
#include "kernel/store/kernel_source.h"
#include "kernel/tree/build.h"
#include "kernel/tree/tree.h"
#include "model/model.h"
#include "properties/checker.h"
#include "properties/generate/generator.h"
#include "spec/profile_text.h"
#include "spec/trace_text.h"

namespace vmadiff::fuzz {
namespace {

constexpr std::size_t kBlockCounters = std::size_t{1} << 16;
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): libFuzzer's interface
[[gnu::section("__libfuzzer_extra_counters")]] std::array<std::uint8_t, kBlockCounters> blocks;

/// That one call may bring in.
constexpr std::uint64_t kPagesMax = 4096;

/// Of the tree, once it is there.
kernel::HostCapabilities& capabilities() {
  static kernel::HostCapabilities of_tree;
  return of_tree;
}

spec::Setup& machine() {
  static spec::Setup of_tree = spec::Setup::standard();
  return of_tree;
}

bool is_given(const spec::Syscall& call) {
  const auto is_of = [&](const kernel::Withheld& withheld) {
    return spec::is_of(call, withheld.part);
  };
  if (std::ranges::any_of(capabilities().withheld, is_of)) return false;
  const auto* mmap = std::get_if<spec::Mmap>(&call);
  return mmap == nullptr || mmap->file.is_none() ||
         mmap->file.number < capabilities().file_counts[static_cast<std::size_t>(mmap->file.cls)];
}

bool takes_long(const spec::Syscall& call, const spec::Setup& setup) {
  const std::array records{kernel::record_of(call, setup.task_size)};
  kernel::Appetite appetite;
  kernel::add_appetite(appetite, records, 0, false);
  return appetite.pages > kPagesMax * spec::kPageSize;
}

std::unique_ptr<properties::Checker> checker_of(spec::System& model, spec::System& tree,
                                                const spec::KernelProfile& profile,
                                                properties::Coverage* coverage) {
  return std::make_unique<properties::Checker>(
      std::vector<spec::System*>{&model, &tree},
      properties::CheckerOptions{.profile = profile,
                                 .setup = machine(),
                                 .properties = properties_for(profile),
                                 .coverage = coverage});
}

/// How many of a few sequences show that the tree is not of this profile; at most `enough`.
std::size_t differences_of(const spec::KernelProfile& profile, spec::System& tree,
                           std::size_t enough) {
  constexpr std::uint64_t kSequences = 60;
  constexpr std::uint64_t kSeed = 2611;
  const auto model = model::make_model(profile);
  const auto checker = checker_of(*model, tree, profile, nullptr);
  properties::GeneratorOptions options;
  options.setup = machine();
  const auto files = spec::mappable_file_classes();
  options.file_classes.assign(files.begin(), files.end());
  std::size_t differences = 0;
  Input input;
  for (std::uint64_t i = 0; i < kSequences && differences < enough; ++i) {
    properties::generate(properties::sequence_seed(kSeed, i), options, input.sequence);
    const auto found =
        checker->check(for_a_tree(input).sequence, properties::Observation::kEveryStep);
    if (!found || *found) ++differences;
  }
  return differences;
}

/// Of equals the newest.
spec::KernelProfile nearest_profile(spec::System& tree) {
  const auto profiles = spec::profiles();
  const auto* nearest = &profiles.back();
  auto fewest = differences_of(*nearest, tree, ~std::size_t{0});
  for (auto at = profiles.rbegin() + 1; at != profiles.rend() && fewest != 0; ++at) {
    const auto differences = differences_of(*at, tree, fewest);
    if (differences >= fewest) continue;
    fewest = differences;
    nearest = &*at;
  }
  return *nearest;
}

struct TreeBench {
  std::string why_not;
  std::string what;
  std::string profile;
  std::unique_ptr<spec::System> model;
  std::unique_ptr<spec::System> tree;
  std::unique_ptr<properties::Checker> checker;
  Input input;                    ///< the present one
  properties::Coverage coverage;  ///< of it

  static std::string variable(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? "" : value;
  }

  TreeBench() {
    const auto named = variable("VMADIFF_TREE");
    if (named.empty()) {
      why_not = "VMADIFF_TREE must name the directory of a kernel's source, or linux-7.3";
      return;
    }
    const auto source = kernel::find_source(named);
    if (!source) {
      why_not = source.error();
      return;
    }
    // AddressSanitizer's runtime is this program's, where it has one.
    const bool has_runtime = ::dlsym(RTLD_DEFAULT, "__asan_init") != nullptr;
    const auto built = kernel::build_tree(
        *source, {.sanitize = has_runtime ? "address,undefined" : "undefined",
                  .tells_blocks = true,
                  .on_step = [](std::string_view step) { fmt::print(stderr, "{}\n", step); }});
    if (!built) {
      why_not = built.error().message;
      return;
    }
    auto made = kernel::make_tree(fmt::format("tree:{}", named), built->object, blocks);
    if (!made) {
      why_not = made.error().message;
      return;
    }
    tree = *std::move(made);
    capabilities() = kernel::tree_capabilities(built->traits);
    machine() = kernel::tree_setup(built->traits);
    const auto words = variable("VMADIFF_PROFILE");
    const auto held_to =
        words.empty() ? std::expected<spec::KernelProfile, std::string>(nearest_profile(*tree))
                      : spec::read_profile_text(words);
    if (!held_to) {
      why_not = fmt::format("VMADIFF_PROFILE: {}", held_to.error());
      return;
    }
    profile = spec::profile_text(*held_to);
    what =
        fmt::format("the code of {} ({}), held to the profile {}", named, built->version, profile);
    model = model::make_model(*held_to);
    checker = checker_of(*model, *tree, *held_to, &coverage);
  }
};

TreeBench& bench() {
  static TreeBench one;
  return one;
}

}  // namespace

const std::string& why_no_tree() { return bench().why_not; }
const std::string& which_tree() { return bench().what; }

std::string present_trace() {
  return fmt::format("# profile: {}\n{}", bench().profile,
                     spec::print_trace(bench().input.sequence));
}

Input for_a_tree(Input input) {
  std::size_t processes = 1;
  input = runnable(std::move(input));
  std::erase_if(input.sequence, [&](const spec::Step& step) {
    if (!is_given(step.call) || takes_long(step.call, machine())) return true;
    return std::holds_alternative<spec::Fork>(step.call) && ++processes > kernel::kProcessCountMax;
  });
  return input;
}

std::optional<std::string> run_tree(std::span<const std::uint8_t> bytes) {
  TreeBench& here = bench();
  if (!here.why_not.empty()) return std::nullopt;
  here.input = for_a_tree(decode(bytes));
  here.coverage = {};
  const auto found = here.checker->check(here.input.sequence, properties::Observation::kEveryStep);
  count_cells(here.coverage);
  if (!found) return fmt::format("tool fault: {}\n\n{}", found.error().message, present_trace());
  if (!*found) return std::nullopt;
  return failure_text(**found, fmt::format("model,{}", here.tree->name()));
}

}  // namespace vmadiff::fuzz
