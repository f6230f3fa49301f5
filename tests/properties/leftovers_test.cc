// tests/properties: what a run leaves committed: found, blamed, made small, and excused where the
// profile is known for it.
#include "properties/leftovers.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/model.h"
#include "properties/checker.h"
#include "properties/shrink/minimize.h"
#include "support.h"

namespace vmadiff::properties {
namespace {

using spec::Outcome;

/// The model, on a machine of its own that loses charges: some pages with each madvise that
/// succeeds, what a shrinking mremap cuts off, and what a mapping asks for that is refused.
class Leaky final : public spec::System {
 public:
  explicit Leaky(const spec::KernelProfile& profile, bool remote = false)
      : model_(model::make_model(profile)), remote_(remote) {}
  [[nodiscard]] std::string_view name() const override { return "leaky"; }
  [[nodiscard]] spec::Observes observes() const override {
    return {.anon_vma = false, .committed = observes_committed, .allocated = true};
  }
  [[nodiscard]] bool is_remote() const override { return remote_; }
  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    left_ = 0;
    return model_->start(setup);
  }
  Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    const Outcome outcome = model_->apply(process, call);
    const auto* mremap = std::get_if<spec::Mremap>(&call);
    const auto* mmap = std::get_if<spec::Mmap>(&call);
    if (std::holds_alternative<spec::Madvise>(call) && outcome.is_ok()) left_ += by_madvise;
    if (mremap != nullptr && outcome.is_ok() && mremap->length > mremap->new_length)
      left_ += static_cast<std::int64_t>((mremap->length - mremap->new_length) >> spec::kPageShift);
    // A touch that a stack was made ready for.
    if (std::holds_alternative<spec::Touch>(call)) left_ += by_touch;
    if (mremap != nullptr && outcome.is_ok() && (mremap->flags & spec::kMremapDontunmap) != 0)
      left_ += by_dontunmap;
    if (mmap != nullptr && outcome.is_error())
      left_ += static_cast<std::int64_t>(mmap->length >> spec::kPageShift);
    return outcome;
  }
  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    return model_->snapshot(process, out);
  }
  std::expected<std::optional<std::int64_t>, spec::ToolFault> left_committed() override {
    ++asked;
    if (!death.empty()) return std::nullopt;
    if (!fault.empty()) return std::unexpected(spec::ToolFault{fault});
    if (forgets) return asked == 1 ? 5 : 0;
    return left_;
  }

  std::expected<std::optional<std::int64_t>, spec::ToolFault> left_allocated() override {
    return left_ * by_page;
  }
  [[nodiscard]] std::string_view death_note() const override {
    return asked > 0 ? std::string_view{death} : std::string_view{};
  }
  [[nodiscard]] std::string_view death_log() const override { return "a\nlog\n"; }

  bool observes_committed = true;
  std::int64_t by_page = 0;  ///< allocations for each page that is left
  bool forgets = false;      ///< what was left shows once
  std::int64_t by_madvise = 3;
  std::int64_t by_touch = 0;
  std::int64_t by_dontunmap = 0;
  int asked = 0;
  std::string fault;
  std::string death;  ///< of the end of its processes

 private:
  std::unique_ptr<spec::System> model_;
  bool remote_;
  std::int64_t left_ = 0;
};

const std::string kMap =
    "mmap(0x100000000000, 0x4000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)\n";
const std::string kTouch = "touch(0x100000000000, 0x1000, WRITE)\n";
const std::string kAdvise = "madvise(0x100000000000, 0x1000, MADV_COLD)\n";
const std::string kShrink =
    "mremap(0x100000000000, 0x3000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x100000008000)\n";
// The file system has no MAP_SYNC: its hook refuses it.
const std::string kRefused =
    "mmap(0x100000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_SYNC|MAP_FIXED, file:0, "
    "0)\n";
const std::string kRefusedElsewhere =
    "mmap(0x300000000000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_SYNC, file:0, 0)\n";

Checker checker_of(spec::System& system, std::string_view profile = "linux-7.3",
                   std::string_view properties = "NothingStaysCommitted") {
  return {{&system}, checker_options(profile, properties)};
}

std::optional<Finding> found(Checker& checker, const std::string& text,
                             Observation observation = Observation::kEveryStep) {
  auto result = checker.check(sequence_of(text), observation);
  EXPECT_TRUE(result) << result.error().message;
  return result ? *std::move(result) : std::nullopt;
}

TEST(Leftovers, TheCallBehindWhichSomethingIsLeftIsNamed) {
  for (const auto observation : {Observation::kEveryStep, Observation::kAtEnd}) {
    for (const bool remote : {false, true}) {
      Leaky leaky{*spec::profile_named("linux-7.3"), remote};
      auto checker = checker_of(leaky);
      const auto finding =
          found(checker, kMap + kTouch + kAdvise + kTouch + kTouch + kTouch, observation);
      ASSERT_TRUE(finding);
      EXPECT_EQ(finding->claim, "NothingStaysCommitted");
      EXPECT_EQ(finding->step, 2U);
      EXPECT_EQ(finding->sequence.size(), 3U);
      EXPECT_EQ(finding->fingerprint, "NothingStaysCommitted/madvise/more");
      EXPECT_EQ(finding->explanation,
                "leaky: 3 pages (12 kB) more are committed (Committed_AS) than before the run, "
                "when all its processes and mappings are gone");
      ASSERT_EQ(finding->views.size(), 1U);
      EXPECT_EQ(finding->views[0].snapshot.vmas.size(), 4U) << "as it was behind that call";
    }
  }
}

TEST(Leftovers, LessThanBeforeIsNoBetter) {
  Leaky leaky{*spec::profile_named("linux-7.3")};
  leaky.by_madvise = -1;
  auto checker = checker_of(leaky);
  const auto finding = found(checker, kMap + kAdvise);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->fingerprint, "NothingStaysCommitted/madvise/fewer");
  EXPECT_TRUE(finding->explanation.starts_with("leaky: 1 page (4 kB) fewer is committed"))
      << finding->explanation;
}

TEST(Leftovers, WhoDiesAtTheEndHasNotSurvived) {
  for (const std::string_view properties : {"SystemSurvives", "all"}) {
    Leaky leaky{*spec::profile_named("linux-7.3")};
    leaky.death = "BUG at mm/mmap.c:12";
    auto checker = checker_of(leaky, "linux-7.3", properties);
    const auto finding = found(checker, kMap + kTouch);
    ASSERT_TRUE(finding);
    EXPECT_EQ(finding->claim, "SystemSurvives");
    EXPECT_EQ(finding->step, 1U);
    EXPECT_EQ(finding->explanation,
              "leaky died when its processes ended behind touch: BUG at mm/mmap.c:12");
    EXPECT_EQ(finding->log, "a\nlog\n");
  }
  Leaky leaky{*spec::profile_named("linux-7.3")};
  leaky.death = "BUG at mm/mmap.c:12";
  auto other = checker_of(leaky, "linux-7.3", "NothingStaysCommitted");
  EXPECT_FALSE(found(other, kMap + kTouch));
}

TEST(Leftovers, NothingIsAskedWhereNothingIsToBeSeen) {
  Leaky leaky{*spec::profile_named("linux-7.3")};
  leaky.observes_committed = false;
  auto blind = checker_of(leaky);
  EXPECT_FALSE(found(blind, kMap + kAdvise));
  leaky.observes_committed = true;
  auto other = checker_of(leaky, "linux-7.3", "VmasAreSortedAndDisjoint");
  EXPECT_FALSE(found(other, kMap + kAdvise));
  auto checker = checker_of(leaky);
  EXPECT_FALSE(found(checker, kMap + kTouch));
  EXPECT_EQ(leaky.asked, 1);
}

TEST(Leftovers, AllocationsAreAskedForAsWell) {
  Leaky leaky{*spec::profile_named("linux-7.3")};
  leaky.by_page = 2;
  auto checker = checker_of(leaky, "linux-7.3", "NothingStaysAllocated");
  const auto finding = found(checker, kMap + kTouch + kAdvise + kTouch);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->step, 2U);
  EXPECT_EQ(finding->fingerprint, "NothingStaysAllocated/madvise/more");
  EXPECT_EQ(finding->explanation,
            "leaky: 6 allocations (or counted writers of files) more than before the run are there "
            "when all its processes and "
            "mappings are gone");
  EXPECT_FALSE(found(checker, kMap + kTouch));
}

TEST(Leftovers, AFaultIsTheToolsOwn) {
  Leaky leaky{*spec::profile_named("linux-7.3")};
  leaky.fault = "no answer";
  auto checker = checker_of(leaky);
  const auto result = checker.check(sequence_of(kMap), Observation::kEveryStep);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "no answer");
}

TEST(Leftovers, WhatDoesNotShowAgainIsSaidAllTheSame) {
  Leaky leaky{*spec::profile_named("linux-7.3")};
  leaky.forgets = true;
  auto checker = checker_of(leaky);
  const auto finding = found(checker, kMap + kAdvise + kTouch);
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->step, 2U);
  EXPECT_TRUE(finding->explanation.contains(" 5 pages ")) << finding->explanation;
}

TEST(Leftovers, AFindingIsMadeSmall) {
  Leaky leaky{*spec::profile_named("linux-7.3")};
  auto checker = checker_of(leaky);
  auto finding = found(checker, kMap + kTouch + kAdvise + kTouch);
  ASSERT_TRUE(finding);
  const auto small = minimize(checker, *std::move(finding), {});
  EXPECT_EQ(small.claim, "NothingStaysCommitted");
  ASSERT_EQ(small.sequence.size(), 2U);
  EXPECT_EQ(spec::name(small.sequence[1].call), "madvise");
}

TEST(Leftovers, ReleasesThatLoseAChargeAreExcusedForThat) {
  struct Case {
    std::string_view profile;
    std::string text;
    bool is_excused;
  };
  for (const auto& [profile, text, is_excused] : {
           Case{"linux-6.12", kMap + kShrink, false},
           Case{"linux-6.16", kMap + kShrink, true},
           Case{"linux-7.2", kMap + kShrink, true},
           Case{"linux-7.3", kMap + kShrink, false},
           Case{"linux-6.18", kMap + kRefused, true},
           Case{"linux-7.1", kMap + kRefused, true},
           Case{"linux-7.2", kMap + kRefused, true},
           Case{"linux-7.3", kMap + kRefused, false},
           Case{"linux-6.12", kMap + kRefused, false},
           Case{"linux-6.12", kRefusedElsewhere, false},
           Case{"linux-6.16", kMap + kRefused, true},
           Case{"linux-6.16", kRefusedElsewhere, false},
           Case{"linux-6.18", kRefusedElsewhere, true},
           Case{"linux-7.1", kRefusedElsewhere, true},
           Case{"linux-7.2", kRefusedElsewhere, false},
           Case{"linux-7.2", kMap + kAdvise + kShrink, false},
       }) {
    Leaky leaky{*spec::profile_named(profile)};
    auto checker = checker_of(leaky, profile);
    EXPECT_EQ(!found(checker, text), is_excused) << profile << ": " << text;
    EXPECT_EQ(checker.tally().exemptions.size(), is_excused ? 1U : 0U) << profile << ": " << text;
  }
}

TEST(Leftovers, ASourceThatWasLeftMappedIsExcusedFor) {
  const std::string leave =
      "mremap(0x100000000000, 0x3000, 0x3000, MREMAP_MAYMOVE|MREMAP_DONTUNMAP, 0)\n";
  struct Case {
    std::string_view profile;
    std::int64_t pages;
    bool is_excused;
  };
  for (const auto& [profile, pages, is_excused] :
       {Case{"linux-6.16", 7, true}, Case{"linux-6.16", 8, false}, Case{"linux-6.12", 3, false},
        Case{"linux-6.17", 3, false}}) {
    Leaky leaky{*spec::profile_named(profile)};
    leaky.by_dontunmap = pages;
    auto checker = checker_of(leaky, profile);
    EXPECT_EQ(!found(checker, kMap + leave), is_excused) << profile << ": " << pages;
  }
}

TEST(Leftovers, StacksThatAreNotChargedGrowCharged) {
  const std::string stack =
      "mmap(0x100000008000, 0x1000, PROT_READ|PROT_WRITE, "
      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_GROWSDOWN, -1, 0)\n";
  const std::string unreserved =
      "mmap(0x100000008000, 0x1000, PROT_READ|PROT_WRITE, "
      "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|MAP_GROWSDOWN|MAP_NORESERVE, -1, 0)\n";
  const std::string protect = "mprotect(0x100000008000, 0x1000, PROT_READ)\n";
  const std::string grow = "touch(0x100000007000, 0x1000, WRITE)\n";
  struct Case {
    std::string text;
    std::int64_t pages;
    bool is_excused;
  };
  for (const auto& [text, pages, is_excused] :
       {Case{stack + protect + grow, 1, true}, Case{unreserved + grow, 2048, true},
        Case{unreserved + grow, 2049, false}, Case{stack + grow, 1, false},
        Case{protect + stack + grow, 1, false}, Case{unreserved + grow, -1, false}}) {
    Leaky leaky{*spec::profile_named("linux-7.3")};
    leaky.by_touch = pages;
    auto checker = checker_of(leaky);
    EXPECT_EQ(!found(checker, text), is_excused) << pages << ": " << text;
  }
}

}  // namespace
}  // namespace vmadiff::properties
