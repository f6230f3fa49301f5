// tests of cli: behaviours are found by what a kernel does. The kernels are models that show no
// more than a real kernel does.
#include "compare/identity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "compare/deciding_traces.h"
#include "compare/difference_cause.h"
#include "spec/trace_text.h"
#include "systems/systems.h"

namespace vmadiff::compare {
namespace {

constexpr spec::Observes kOfARealKernel{.anon_pgoff = false, .anon_vma = false};

/// A model that hides what a real kernel hides.
class Hiding final : public spec::System {
 public:
  explicit Hiding(const spec::KernelProfile& profile)
      : model_(systems::make_like(systems::kModel, profile)) {}
  [[nodiscard]] std::string_view name() const override { return model_->name(); }
  [[nodiscard]] spec::Observes observes() const override { return kOfARealKernel; }
  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    return model_->start(setup);
  }
  spec::Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    return model_->apply(process, call);
  }
  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    return model_->snapshot(process, out);
  }

 private:
  std::unique_ptr<spec::System> model_;
};

/// On a machine with 1 GiB: a charge can be refused.
compare::Identity identity_of(const spec::KernelProfile& profile) {
  Hiding kernel{profile};
  spec::Setup setup = spec::Setup::standard();
  setup.overcommit_pages = 0x40000;
  return compare::identify(kernel, setup).value();
}

TEST(DecidingTraces, EachBehaviourHasOneThatCanBeRead) {
  std::set<std::string_view> asked;
  for (const compare::DecidingTrace& trace : compare::deciding_traces()) {
    asked.insert(trace.behaviour);
    const auto parsed = spec::parse_trace(trace.text);
    EXPECT_TRUE(parsed.errors.empty()) << trace.text;
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

TEST(Identity, OneBehaviourThatIsAnotherKernelsIsSeen) {
  const auto base = *spec::profile_named("linux-6.18");
  for (const auto* other : {"linux-6.1", "linux-6.17", "linux-7.3"}) {
    const auto another = *spec::profile_named(other);
    for (const spec::Behaviour& behaviour : spec::behaviours()) {
      // Its other values are 6.18's in all that a real kernel shows.
      if (behaviour.name == "ksm_late" || behaviour.get(another) == behaviour.get(base)) continue;
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
        compare::cause_of(a, b, spec::parse_trace(trace->text).trace.sequence, kOfARealKernel);
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
  const auto cause = compare::cause_of(a, b, sequence, kOfARealKernel);
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->name(), kMachineCause);
}

}  // namespace
}  // namespace vmadiff::compare
