// tests/kernel: the code of Debian's source of 7.3, held against the model. They skip where the
// source is not at hand.
#include "kernel/tree/tree.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "kernel/store/kernel_source.h"
#include "kernel/tree/build.h"
#include "kernel/tree/own_tests.h"
#include "model/model.h"
#include "properties/checker.h"
#include "properties/generate/generator.h"
#include "properties/generate/setups.h"
#include "spec/kernel_profile.h"
#include "spec/trace_text.h"

namespace vmadiff::kernel {
namespace {

using spec::Outcome;

constexpr const char* kSource = "linux-7.3";
constexpr std::string_view kProfile = "linux-7.3";

class TreeSystem : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto source = find_source(kSource);
    if (!source) {
      why_not() = source.error();
      return;
    }
    const auto built = build_tree(*source);
    if (!built && built.error().message.contains("not installed")) {
      why_not() = built.error().message;
      return;
    }
    // A source that is there and cannot be built is no reason to skip.
    ASSERT_TRUE(built) << built.error().message;
    object() = built->object;
  }
  void SetUp() override {
    if (!why_not().empty()) GTEST_SKIP() << why_not();
    auto made = make_tree("tree", object());
    ASSERT_TRUE(made) << made.error().message;
    tree_ = std::move(*made);
    ASSERT_TRUE(tree_->start(setup_));
  }

  [[nodiscard]] spec::System& tree() { return *tree_; }
  [[nodiscard]] const spec::Setup& setup() const { return setup_; }

  Outcome run(std::string_view line) {
    const auto sequence = spec::parse_trace(line).trace.sequence;
    EXPECT_EQ(sequence.size(), 1U) << line;
    return tree_->apply(sequence.front().process, sequence.front().call);
  }
  /// The VMAs behind the program's own.
  std::vector<spec::Vma> vmas(spec::ProcessId process = 0) {
    spec::Snapshot snapshot;
    EXPECT_TRUE(tree_->snapshot(process, snapshot));
    return {snapshot.vmas.begin() + static_cast<std::ptrdiff_t>(setup_.initial.vmas.size()),
            snapshot.vmas.end()};
  }

  static properties::GeneratorOptions generator(const spec::Setup& setup) {
    properties::GeneratorOptions options;
    options.setup = setup;
    const auto has = tree_capabilities({});
    for (const Withheld& withheld : has.withheld) options.withheld.push_back(withheld.part);
    for (const spec::FileClass cls : spec::mappable_file_classes()) {
      if (has.file_counts[static_cast<std::size_t>(cls)] != 0) options.file_classes.push_back(cls);
    }
    return options;
  }

 private:
  static std::filesystem::path& object() {
    static std::filesystem::path path;
    return path;
  }
  static std::string& why_not() {
    static std::string reason;
    return reason;
  }
  spec::Setup setup_ = spec::Setup::standard();
  std::unique_ptr<spec::System> tree_;
};

constexpr std::string_view kMapTwo =
    "mmap(0x100000000000, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, "
    "0)";

TEST_F(TreeSystem, AgreesWithTheModelInThousandsOfSequences) {
  constexpr std::uint64_t kSequences = 3000;
  const auto model = model::make_model(*spec::profile_named(kProfile));
  properties::CheckerOptions options;
  options.profile = *spec::profile_named(kProfile);
  options.setup = setup();
  properties::Checker checker{{model.get(), &tree()}, options};
  const auto made = generator(setup());
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < kSequences; ++i) {
    properties::generate(properties::sequence_seed(2611, i), made, sequence);
    const auto found = checker.check(sequence, properties::Observation::kEveryStep);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_FALSE(*found) << (*found)->claim << ": " << (*found)->explanation;
  }
}

TEST_F(TreeSystem, ShowsAnonVmas) {
  EXPECT_TRUE(run(kMapTwo).is_ok());
  EXPECT_EQ(vmas().front().anon_vma, spec::kNoAnonVma);
  EXPECT_TRUE(run("touch(0x100000000000, 0x1000, WRITE)").is_ok());
  EXPECT_NE(vmas().front().anon_vma, spec::kNoAnonVma);
  EXPECT_EQ(vmas().front().anon_vma_links, 1U);
  EXPECT_EQ(run("fork()"), Outcome::ok(1));
  EXPECT_EQ(vmas(1).front().anon_vma_links, 2U);
}

TEST_F(TreeSystem, HasTheFilesThatNoRealKernelHas) {
  const auto map = [this](std::string_view file) {
    return run(std::string{"mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE, "} + std::string{file} +
               ":0, 0)");
  };
  EXPECT_EQ(map("two-hooks"), Outcome::fail(spec::Errno::kENODEV));
  EXPECT_EQ(map("unmappable"), Outcome::fail(spec::Errno::kENODEV));
  ASSERT_TRUE(map("prepared-pfnmap").is_ok());
  EXPECT_NE(vmas().front().flags & spec::kVmPfnmap, 0U);
}

TEST_F(TreeSystem, BeginsAnewWithWhateverIsAsked) {
  EXPECT_TRUE(run(kMapTwo).is_ok());
  spec::Setup other = spec::Setup::standard();
  other.max_map_count = 3;
  ASSERT_TRUE(tree().start(other));
  EXPECT_TRUE(vmas().empty());
  // A limit of three lets one more than three be made.
  EXPECT_TRUE(run(kMapTwo).is_ok());
  EXPECT_EQ(run("mprotect(0x100000000000, 0x1000, PROT_READ)"),
            Outcome::fail(spec::Errno::kENOMEM));
}

TEST_F(TreeSystem, CountsWhatStaysCommitted) {
  EXPECT_TRUE(run(kMapTwo).is_ok());
  EXPECT_EQ(tree().left_committed().value(), 0);
  // What a stack grows by is charged also where the stack is not, and is not given back.
  ASSERT_TRUE(tree().start(setup()));
  EXPECT_TRUE(run("mmap(0x100000008000, 0x1000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|"
                  "MAP_FIXED|MAP_GROWSDOWN|MAP_NORESERVE, -1, 0)")
                  .is_ok());
  EXPECT_TRUE(run("touch(0x100000007000, 0x1000, WRITE)").is_ok());
  EXPECT_EQ(tree().left_committed().value(), 1);
}

TEST_F(TreeSystem, GivesBackWhatItAllocates) {
  for (const std::string_view line :
       {kMapTwo, std::string_view{"touch(0x100000000000, 0x2000, WRITE)"},
        std::string_view{"madvise(0x100000000000, 0x1000, MADV_GUARD_INSTALL)"},
        std::string_view{"mbind(0x100000001000, 0x1000, MPOL_BIND, 0, 1, 0)"},
        std::string_view{"uffd_register(0x100000000000, 0x1000, WP)"},
        std::string_view{"mmap(0x100000400000, 0x2000, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, "
                         "memfd:0, 0)"},
        std::string_view{"mbind(0x100000400000, 0x1000, MPOL_BIND, 0, 1, 0)"},
        std::string_view{"mmap(NULL, 0x200000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE|"
                         "MAP_HUGETLB, -1, 0)"}})
    EXPECT_TRUE(run(line).is_ok()) << line;
  EXPECT_EQ(run("fork()"), Outcome::ok(1));
  EXPECT_EQ(tree().left_allocated().value(), 0);
}

TEST_F(TreeSystem, GuardsAreInPageTablesThatMoveAndAreCopied) {
  EXPECT_TRUE(run(kMapTwo).is_ok());
  EXPECT_TRUE(run("madvise(0x100000000000, 0x1000, MADV_GUARD_INSTALL)").is_ok());
  const auto is_guarded = [this](std::string_view where) {
    const auto outcome = run(std::string{where});
    EXPECT_TRUE(outcome.is_ok() || outcome == Outcome::fail(spec::Errno::kSIGSEGV));
    return !outcome.is_ok();
  };
  EXPECT_TRUE(is_guarded("touch(0x100000000000, 0x1000, READ)"));
  EXPECT_FALSE(is_guarded("touch(0x100000001000, 0x1000, READ)"));
  EXPECT_TRUE(run("mremap(0x100000000000, 0x2000, 0x2000, MREMAP_MAYMOVE|MREMAP_FIXED, "
                  "0x100000200000)")
                  .is_ok());
  EXPECT_TRUE(is_guarded("touch(0x100000200000, 0x1000, WRITE)"));
  EXPECT_EQ(run("fork()"), Outcome::ok(1));
  EXPECT_TRUE(run("madvise(0x100000200000, 0x1000, MADV_GUARD_REMOVE)").is_ok());
  EXPECT_FALSE(is_guarded("touch(0x100000200000, 0x1000, WRITE)"));
  EXPECT_TRUE(is_guarded("[pid 1] touch(0x100000200000, 0x1000, READ)"));
}

TEST_F(TreeSystem, HugePagesComeFromAPoolThatIsEmpty) {
  const std::string map =
      "mmap(0x100000000000, 0x400000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED";
  EXPECT_EQ(run(map + ", hugetlb:0, 0)"), Outcome::fail(spec::Errno::kENOMEM));
  EXPECT_TRUE(run(map + "|MAP_NORESERVE, hugetlb:0, 0)").is_ok());
  EXPECT_NE(vmas().front().flags & spec::kVmHugetlb, 0U);
  EXPECT_EQ(run("munmap(0x100000001000, 0x1000)"), Outcome::fail(spec::Errno::kEINVAL));
  EXPECT_TRUE(run("munmap(0x100000000000, 0x200000)").is_ok());
  EXPECT_EQ(run("touch(0x100000200000, 0x1000, READ)"), Outcome::fail(spec::Errno::kSIGBUS));
}

TEST_F(TreeSystem, AnAllocationFailsWhereItIsAsked) {
  auto* faults = tree().allocation_faults();
  ASSERT_NE(faults, nullptr);
  faults->fail(1);
  EXPECT_EQ(run(kMapTwo), Outcome::fail(spec::Errno::kENOMEM));
  EXPECT_TRUE(faults->cancel());
  EXPECT_TRUE(run(kMapTwo).is_ok());
  EXPECT_FALSE(faults->cancel());
}

TEST_F(TreeSystem, SurvivesWhateverAllocationFails) {
  auto* faults = tree().allocation_faults();
  for (const std::string_view call :
       {std::string_view{"fork()"}, std::string_view{"exec()"},
        std::string_view{"uffd_register(0x100000000000, 0x1000, WP)"},
        std::string_view{"mprotect(0x100000000000, 0x1000, PROT_READ)"}}) {
    for (std::uint64_t number = 1;; ++number) {
      ASSERT_TRUE(tree().start(setup()));
      EXPECT_TRUE(run(kMapTwo).is_ok());
      EXPECT_TRUE(run("set_mempolicy(MPOL_INTERLEAVE, 0, 1)").is_ok());
      EXPECT_TRUE(run("touch(0x100000000000, 0x1000, WRITE)").is_ok());
      faults->fail(number);
      const Outcome outcome = run(call);
      ASSERT_FALSE(outcome.is_death()) << call << ": " << tree().death_note();
      if (!faults->cancel()) break;
      EXPECT_EQ(outcome, Outcome::fail(spec::Errno::kENOMEM)) << call << ", allocation " << number;
    }
  }
}

TEST_F(TreeSystem, KeepsNames) {
  const auto name = [](std::string_view argument) {
    return "prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x100000000000, 0x1000, " +
           std::string{argument} + ")";
  };
  EXPECT_TRUE(run(kMapTwo).is_ok());
  EXPECT_TRUE(run(name("\"Go: heap\"")).is_ok());
  ASSERT_EQ(vmas().size(), 2U);
  EXPECT_EQ(vmas()[0].name, spec::VmaName::of("Go: heap"));
  EXPECT_TRUE(vmas()[1].name.is_none());
  EXPECT_EQ(run(name("0xffffffffffffffff")), Outcome::fail(spec::Errno::kEFAULT));
  EXPECT_EQ(run(name('"' + std::string(80, 'a') + '"')), Outcome::fail(spec::Errno::kEINVAL));
  EXPECT_TRUE(run(name('"' + std::string(79, 'a') + '"')).is_ok());
  EXPECT_TRUE(run(name("NULL")).is_ok());
  EXPECT_EQ(vmas().size(), 1U);
  auto without = setup();
  without.vma_names = false;
  ASSERT_TRUE(tree().start(without));
  EXPECT_TRUE(run(kMapTwo).is_ok());
  EXPECT_EQ(run(name("\"a\"")), Outcome::fail(spec::Errno::kEINVAL));
}

TEST_F(TreeSystem, GivesUpWithTheNameOfWhatIsNotBuiltAndBeginsAnew) {
  EXPECT_TRUE(run(kMapTwo).is_ok());
  // A call that no sequence makes.
  constexpr std::uint64_t kPrSetName = 15;
  EXPECT_EQ(tree().apply(0, spec::Prctl{.option = kPrSetName}), Outcome::died());
  EXPECT_TRUE(tree().death_note().ends_with("is called, which is not built from the tree"))
      << tree().death_note();
  EXPECT_EQ(run("munmap(0x100000000000, 0x1000)"), Outcome::died());
  ASSERT_TRUE(tree().start(setup()));
  EXPECT_TRUE(vmas().empty());
  EXPECT_TRUE(run(kMapTwo).is_ok());
}

TEST_F(TreeSystem, ProcessesAreThereAndGo) {
  EXPECT_EQ(run("[pid 1] munmap(0x100000000000, 0x1000)"), Outcome::fail(spec::Errno::kESRCH));
  EXPECT_EQ(run("fork()"), Outcome::ok(1));
  EXPECT_TRUE(run("[pid 1] munmap(0x100000000000, 0x1000)").is_ok());
  EXPECT_TRUE(run("[pid 1] exit()").is_ok());
  EXPECT_EQ(run("[pid 1] fork()"), Outcome::fail(spec::Errno::kESRCH));
  EXPECT_EQ(run("exit()"), Outcome::fail(spec::Errno::kEPERM));
}

TEST(OwnTests, OfThatSourcePassAndCompileTheFileThatDecides) {
  const auto source = find_source(kSource);
  if (!source) GTEST_SKIP() << source.error();
  const auto own = run_own_tests(*source, CountCoverage::kYes);
  for (const char* lack : {"apt-get install", "tools/scripts/Makefile.arch: not there"}) {
    if (!own && own.error().message.contains(lack)) GTEST_SKIP() << own.error().message;
  }
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_GT(own->count, 0U);
  EXPECT_EQ(own->passed, own->count) << text(*own);
  ASSERT_FALSE(own->coverage.empty());
  EXPECT_EQ(own->coverage.front().file, "mm/vma.c");
  EXPECT_GT(own->coverage.front().lines, 30);
}

}  // namespace
}  // namespace vmadiff::kernel
