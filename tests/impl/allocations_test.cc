// In its steady state the implementation allocates nothing, whatever is called: what a run had of
// memory, the next one has.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "counted_allocations.h"
#include "impl/implementation.h"
#include "properties/generate/generator.h"
#include "spec/kernel_profile.h"

namespace vmadiff::impl {
namespace {

struct Given {
  spec::Setup setup;
  spec::Sequence calls;
};

/// Some in set-ups of their own, with huge pages among them.
std::vector<Given> runs(std::size_t count) {
  properties::GeneratorOptions options;
  options.setup = spec::Setup::standard();
  const auto classes = spec::mappable_file_classes();
  options.file_classes.assign(classes.begin(), classes.end());
  std::vector<Given> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t seed = properties::sequence_seed(1, i);
    const auto varied = properties::varied_setup(seed, options.setup, options.setup_variation);
    out[i].setup = varied.value_or(options.setup);
    properties::generate(seed, options, out[i].calls);
  }
  return out;
}

using Count = std::map<std::string_view, std::uint64_t>;

/// How many allocations the calls made, by their names, and "start" and "snapshot". One that made
/// none is not named.
Count allocations_of(spec::System& system, const std::vector<Given>& all,
                     spec::Snapshot& snapshot) {
  Count out;
  std::uint64_t before = 0;
  const auto note = [&](std::string_view name) {
    if (allocations() != before) out[name] += allocations() - before;
    before = allocations();
  };
  for (const Given& run : all) {
    before = allocations();
    EXPECT_TRUE(system.start(run.setup));
    note("start");
    for (const spec::Step& step : run.calls) {
      before = allocations();
      static_cast<void>(system.apply(step.process, step.call));
      note(spec::name(step.call));
      static_cast<void>(system.snapshot(step.process, snapshot));
      note("snapshot");
    }
    static_cast<void>(system.left_in_pool());
    note("end");
  }
  return out;
}

TEST(ImplementationAllocations, none_in_a_run_like_one_before) {
  const auto all = runs(600);
  std::size_t calls = 0;
  for (const Given& run : all) calls += run.calls.size();
  EXPECT_GT(calls, 15'000U);
  for (const std::string_view profile : {"linux-7.3", "linux-6.18", "linux-6.1"}) {
    SCOPED_TRACE(profile);
    const auto system = make_implementation(spec::profile_named(profile).value());
    spec::Snapshot snapshot;
    EXPECT_FALSE(allocations_of(*system, all, snapshot).empty()) << "they are counted";
    EXPECT_EQ(allocations_of(*system, all, snapshot), Count{});
  }
}

}  // namespace
}  // namespace vmadiff::impl
