// tests/properties: the other machines: kernels without NUMA or userfaultfd, the upward layout, a
// small address space, little memory. Model and implementation agree on all of them.
#include <gtest/gtest.h>

#include "impl/implementation.h"
#include "model/model.h"
#include "properties/generate/setups.h"
#include "support.h"

namespace vmadiff::properties {
namespace {

struct Machine {
  std::string_view name;
  void (*make)(spec::Setup& setup);
};

void PrintTo(const Machine& machine, std::ostream* out) { *out << machine.name; }

class Machines : public testing::TestWithParam<Machine> {};

TEST_P(Machines, SystemsAgree) {
  constexpr std::uint64_t kSequences = 400;
  for (const spec::KernelProfile& profile : spec::profiles()) {
    auto options = checker_options(profile.name, "equivalence,DataStructuresAreWellFormed");
    GetParam().make(options.setup);
    const auto model = model::make_model(profile);
    const auto impl = impl::make_implementation(profile);
    GeneratorOptions generator = generator_options();
    generator.setup = options.setup;
    Checker checker{{model.get(), impl.get()}, options};
    spec::Sequence sequence;
    for (std::uint64_t i = 0; i < kSequences; ++i) {
      generate(sequence_seed(6, i), generator, sequence);
      const auto found = checker.check(sequence, Observation::kEveryStep).value();
      ASSERT_FALSE(found) << profile.name << ' ' << found->explanation << '\n'
                          << print_trace(found->sequence);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, Machines,
    testing::Values(Machine{"without NUMA", [](spec::Setup& s) { s.nodes = 0; }},
                    Machine{"with nodes 0, 1 and 3", [](spec::Setup& s) { s.nodes = 0b1011; }},
                    Machine{"without userfaultfd", [](spec::Setup& s) { s.userfaultfd = false; }},
                    Machine{"with protection keys",
                            [](spec::Setup& s) { s.protection_keys = true; }},
                    Machine{"searched upwards", [](spec::Setup& s) { s.bottom_up = true; }},
                    Machine{"searched upwards with little memory",
                            [](spec::Setup& s) {
                              s.bottom_up = true;
                              s.overcommit_pages = 4;
                              s.max_map_count = s.initial.counters.map_count + 6;
                            }},
                    Machine{"without a guard gap", [](spec::Setup& s) { s.stack_guard_gap = 0; }},
                    Machine{"with a guard gap that is larger than what lies below",
                            [](spec::Setup& s) { s.stack_guard_gap = std::uint64_t{1} << 40; }},
                    Machine{"with address 0", [](spec::Setup& s) {
                              s.mmap_min_addr = 0;
                              s.placement_min_addr = 0;
                            }}));

/// As a campaign does it: one sequence in six has a machine of its own, mostly one with limits that
/// are soon met.
TEST(VariedMachines, SystemsAgree) {
  constexpr std::uint64_t kSequences = 6000;
  for (const spec::KernelProfile& profile : spec::profiles()) {
    const auto options = checker_options(profile.name, "equivalence,DataStructuresAreWellFormed");
    const auto model = model::make_model(profile);
    const auto impl = impl::make_implementation(profile);
    Checker checker{{model.get(), impl.get()}, options};
    GeneratorOptions generator = generator_options();
    spec::Sequence sequence;
    for (std::uint64_t i = 0; i < kSequences; ++i) {
      const std::uint64_t seed = sequence_seed(8, i);
      generator.setup =
          varied_setup(seed, options.setup, SetupVariation::kAll).value_or(options.setup);
      generate(seed, generator, sequence);
      checker.begin_in(generator.setup);
      const auto found = checker.check(sequence, Observation::kEveryStep).value();
      ASSERT_FALSE(found) << profile.name << ' ' << found->explanation << '\n'
                          << print_trace(found->sequence);
    }
  }
}

}  // namespace
}  // namespace vmadiff::properties
