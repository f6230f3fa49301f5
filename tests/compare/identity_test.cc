// tests of compare: behaviours are found by what a kernel does. The kernels are models that show no
// more than a real kernel does.
#include "compare/identity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "compare/deciding_traces.h"
#include "compare/difference_cause.h"
#include "compare/undecided.h"
#include "pretended.h"
#include "spec/setup_text.h"
#include "spec/trace_text.h"
#include "systems/systems.h"

namespace vmadiff::compare {
namespace {

compare::Identity identity_of(const spec::KernelProfile& profile) {
  Pretended kernel{"model", profile, {}};
  return compare::identify(kernel, plain_machine()).value();
}

TEST(DecidingTraces, EachBehaviourHasOneThatCanBeRead) {
  std::set<std::string_view> asked;
  for (const compare::DecidingTrace& trace : compare::deciding_traces()) {
    asked.insert(trace.behaviour);
    const auto parsed = spec::parse_trace(trace.text);
    EXPECT_TRUE(parsed.errors.empty()) << trace.text;
    auto setup = spec::Setup::standard();
    EXPECT_TRUE(spec::read_setup_text(trace.setup, setup)) << trace.setup;
  }
  for (const spec::Behaviour& behaviour : spec::behaviours())
    EXPECT_TRUE(asked.contains(behaviour.name)) << behaviour.name;
  EXPECT_EQ(asked.size(), spec::behaviours().size());
  for (const compare::CommonTrace& trace : compare::common_traces())
    EXPECT_TRUE(spec::parse_trace(trace.text).errors.empty()) << trace.text;
}

TEST(Identity, EveryProfileIsFoundToDoAsItDoes) {
  for (const spec::KernelProfile& profile : spec::profiles()) {
    const auto identity = identity_of(profile);
    EXPECT_TRUE(identity.is_exact) << profile.name;
    EXPECT_TRUE(identity.unknown.empty()) << profile.name << identity.unknown.front().about;
    for (const auto& [behaviour, traces, values, not_asked, invisible] : identity.findings) {
      EXPECT_EQ(not_asked, "");
      EXPECT_NE(std::ranges::find(values, behaviour->get(profile)), values.end())
          << profile.name << " " << behaviour->name;
    }
  }
}

TEST(Identity, ReleasedKernelsAreToldApart) {
  for (const spec::KernelProfile& profile : spec::profiles()) {
    if (!profile.name.starts_with("linux-")) continue;
    const auto identity = identity_of(profile);
    EXPECT_EQ(identity.nearest->name, profile.name);
    EXPECT_EQ(identity.alike.size(), 1U) << profile.name;
  }
}

// Between two releases in different things: neither is it, and they are not alike either.
TEST(Identity, WhoFitsAsMuchElsewhereIsNotTheSame) {
  auto kernel = *spec::profile_named("linux-6.18");
  kernel.dofork_refused = spec::DoforkRefused::kSpecial;
  const auto identity = identity_of(kernel);
  EXPECT_FALSE(identity.is_exact);
  EXPECT_EQ(identity.alike.size(), 1U);
}

/// Its other values are 6.18's in all that a real kernel shows, or shows where nothing is short of
/// memory.
bool is_hidden(std::string_view behaviour) {
  return behaviour == "ksm_late" || behaviour == "failed_hook";
}

TEST(Identity, OneBehaviourThatIsAnotherKernelsIsSeen) {
  const auto base = *spec::profile_named("linux-6.18");
  for (const auto* other : {"linux-6.1", "linux-6.17", "linux-7.3"}) {
    const auto another = *spec::profile_named(other);
    for (const spec::Behaviour& behaviour : spec::behaviours()) {
      if (is_hidden(behaviour.name) || behaviour.get(another) == behaviour.get(base)) continue;
      const auto identity = identity_of(behaviour.changed(base, behaviour.get(another)));
      EXPECT_FALSE(identity.is_exact && identity.nearest->name == base.name)
          << behaviour.name << " of " << other;
    }
  }
}

TEST(DifferenceCause, IsTheBehaviourThatDiffers) {
  const compare::ModelledKernel a{*spec::profile_named("linux-6.12"), spec::Setup::standard()};
  const compare::ModelledKernel b{*spec::profile_named("linux-6.18"), spec::Setup::standard()};
  const auto cause = [&](std::string_view name) {
    const auto trace =
        std::ranges::find(compare::deciding_traces(), name, &compare::DecidingTrace::behaviour);
    const auto found =
        compare::cause_of(a, b, spec::parse_trace(trace->text).trace.sequence, spec::kFromOutside);
    return found ? found->name() : "none";
  };
  EXPECT_EQ(cause("ksm_early"), "ksm_early");
  EXPECT_EQ(cause("mmap_prepare"), "ksm_early+mmap_prepare") << "a file needs both";
  EXPECT_EQ(cause("mremap_move"), "mremap_move");
  EXPECT_EQ(cause("ksm_late"), "none");
}

TEST(DifferenceCause, AMachineIsNoKernel) {
  const compare::ModelledKernel a{*spec::profile_named("linux-6.18"), spec::Setup::standard()};
  compare::ModelledKernel b = a;
  b.setup.overcommit_pages = 1;
  const auto sequence = spec::parse_trace(
                            "mmap(0x100000000000, 0x4000, PROT_READ|PROT_WRITE, "
                            "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)\n")
                            .trace.sequence;
  const auto cause = compare::cause_of(a, b, sequence, spec::kFromOutside);
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->name(), kMachineCause);
}

}  // namespace
}  // namespace vmadiff::compare
