// tests of explain: every trace of the corpus is told, each step in a sentence at least, under
// every profile; what is not explained is rare, and known.
#include "explain/story.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "cli/trace_file.h"
#include "properties/generate/generator.h"
#include "spec/profile_text.h"

namespace vmadiff::explain {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Story, OfEveryTraceHasASentenceForEveryStep) {
  std::size_t steps = 0;
  std::size_t failures = 0;
  std::size_t not_explained = 0;
  std::size_t otherwise = 0;
  for (const std::string& path :
       cli::find_traces({std::string{VMADIFF_SOURCE_DIR} + "/corpus"}).value()) {
    const auto file = cli::read_trace(path).value();
    const auto own = spec::read_profile_text(file.directives.profile);
    const auto profile = own ? *own : spec::profile_named(spec::kDefaultProfileName).value();
    const auto setup = cli::setup_of(file, spec::Setup::standard());
    std::size_t told = 0;
    tell(file.trace.sequence, setup, profile, [&](const StepStory& story) {
      EXPECT_EQ(story.index, told++);
      ASSERT_FALSE(story.sentences.empty()) << path << ", step " << told;
      for (const std::string& sentence : story.sentences) {
        EXPECT_TRUE(sentence.ends_with('.')) << path << ": " << sentence;
        not_explained += has(sentence, "not explained") ? 1U : 0U;
      }
      ++steps;
      failures += story.outcome.is_error() ? 1U : 0U;
      for (const Boundary& boundary : story.boundaries) {
        EXPECT_FALSE(has(boundary.note, "not explained")) << path << ", step " << told;
      }
      for (const Otherwise& other : story.otherwise) {
        ++otherwise;
        EXPECT_FALSE(other.profiles.empty());
        EXPECT_TRUE(!other.behaviours.empty() || other.follows_from || !other.is_looked_into)
            << path << ", step " << told << ": " << other.what;
      }
    });
    EXPECT_EQ(told, file.trace.sequence.size()) << path;
  }
  EXPECT_GT(steps, 3000U);
  EXPECT_GT(failures, 500U);
  EXPECT_GT(otherwise, 500U);
  EXPECT_EQ(not_explained, 0U);
}

TEST(Story, OfGeneratedSequencesExplainsNearlyEveryFailure) {
  constexpr std::uint64_t kSequences = 40;
  properties::GeneratorOptions options;
  options.setup = spec::Setup::standard();
  options.openings = false;
  const auto classes = spec::mappable_file_classes();
  options.file_classes.assign(classes.begin(), classes.end());
  const auto profile = spec::profile_named(spec::kDefaultProfileName).value();
  std::size_t failures = 0;
  std::size_t not_explained = 0;
  std::size_t without_cause = 0;
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < kSequences; ++i) {
    properties::generate(properties::sequence_seed(5, i), options, sequence);
    tell(sequence, options.setup, profile, [&](const StepStory& story) {
      ASSERT_FALSE(story.sentences.empty());
      for (const Otherwise& other : story.otherwise) {
        const bool is_explained =
            !other.behaviours.empty() || other.follows_from || !other.is_looked_into;
        without_cause += is_explained ? 0U : 1U;
      }
      if (!story.outcome.is_error()) return;
      ++failures;
      not_explained += has(story.sentences.front(), "not explained") ? 1U : 0U;
    });
  }
  EXPECT_EQ(without_cause, 0U);
  EXPECT_GT(failures, 200U);
  EXPECT_LT(not_explained, failures / 50);
}

/// The story of two steps, the second of which is looked at.
StepStory second(const std::string& first, const std::string& last, std::string_view profile_name) {
  const auto file = cli::trace_of_text("x.trace", first + "\n" + last + "\n").value();
  const auto profile = spec::profile_named(profile_name).value();
  const auto setup = spec::Setup::standard();
  StepStory out;
  tell(file.trace.sequence, setup, profile, [&out](const StepStory& story) { out = story; });
  return out;
}

const std::string kMap =
    "mmap(0x100000000000, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)";

TEST(Story, OfARefusalNamesTheRule) {
  struct Case {
    std::string call;
    std::string why;
  };
  const Case cases[] = {
      {"mprotect(0x100000000000, 0x4000, PROT_READ)",
       "ENOMEM: at 0x100000002000 nothing is mapped"},
      {"munmap(0x100000000001, 0x1000)", "EINVAL: the address is not page-aligned"},
      {"touch(0x100000000000, 0x1000, WRITE)", "SIGSEGV: 100000000000-100000002000 r--p"},
      {"touch(0x100000000000, 0x3000, READ)", "SIGSEGV: at 0x100000002000 nothing is mapped"},
      {"mremap(0x100000000000, 0x3000, 0x4000, MREMAP_MAYMOVE)",
       "EFAULT: the range reaches over the end of its VMA, 100000000000-100000002000"},
      {"mremap(0x100000003000, 0x1000, 0x1000, MREMAP_FIXED)",
       "EINVAL: MREMAP_FIXED and MREMAP_DONTUNMAP need MREMAP_MAYMOVE"},
      {"mmap(0x1000, 0x1000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 1)",
       "EINVAL: the offset is not page-aligned"},
      {"mmap(0x100000001000, 0x1000, PROT_READ, "
       "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED_NOREPLACE, -1, 0)",
       "EEXIST: 100000000000-100000002000"},
      {"[pid 7] munmap(0x1000, 0x1000)", "ESRCH: there is no such process"},
      {"mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE, -1, 0)", "EBADF: there is no file"},
      {"mmap(NULL, 0x1000, PROT_READ, MAP_PRIVATE, unmappable:0, 0)",
       "ENODEV: a file is mapped by .mmap or by .mmap_prepare, and unmappable:0 has neither"},
  };
  for (const auto& [call, why] : cases) {
    const auto story = second(kMap, call, "linux-6.18");
    ASSERT_TRUE(story.outcome.is_error()) << call;
    EXPECT_TRUE(story.sentences.front().starts_with(why))
        << call << ": " << story.sentences.front();
  }
}

TEST(Story, OfALimitIsAskedOfTheModelWithoutIt) {
  const auto story = second("setrlimit(RLIMIT_AS, 0x200000)",
                            "mmap(0x100000000000, 0x200000, PROT_READ, "
                            "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, -1, 0)",
                            "linux-6.18");
  ASSERT_TRUE(story.outcome.is_error());
  EXPECT_TRUE(has(story.sentences.front(), "with more it is over RLIMIT_AS"))
      << story.sentences.front();
}

TEST(Story, OfKsmIsAnotherUnderEachPatch) {
  const std::string on = "prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0)";
  const auto said = [&](std::string_view profile, std::string_view words) {
    const auto story = second(on, kMap, profile);
    return std::ranges::any_of(
        story.sentences, [words](const std::string& sentence) { return has(sentence, words); });
  };
  EXPECT_TRUE(said("linux-6.12", "VM_MERGEABLE comes after the merge is tried: ksm_late="));
  EXPECT_TRUE(said("linux-6.18", "has VM_MERGEABLE before the merge is tried: it has no file"));
  EXPECT_FALSE(said("linux-6.1", "VM_MERGEABLE"));
}

}  // namespace
}  // namespace vmadiff::explain
