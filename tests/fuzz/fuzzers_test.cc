// The three fuzzers as regression tests, without libFuzzer: over the corpus, over kept crash files,
// and over pseudo-random and mutated inputs with fixed seeds.
#include "fuzz/fuzzers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <set>
#include <string>
#include <string_view>

#include "fuzz/decode.h"
#include "fuzz/mutator.h"
#include "spec/syscall.h"
#include "support.h"

namespace vmadiff::fuzz {

/// GoogleTest's way to name a parameter.
void PrintTo(const Fuzzer& fuzzer, std::ostream* out) { *out << fuzzer.name; }

namespace {

namespace fs = std::filesystem;

/// Every regular file below corpus/FOLDER, sorted; none where the folder does not exist.
std::vector<fs::path> corpus_files(const std::string& folder) {
  std::vector<fs::path> files;
  std::error_code none;
  const fs::path root = fs::path{VMADIFF_SOURCE_DIR} / "corpus" / folder;
  for (const auto& entry : fs::recursive_directory_iterator(root, none)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

Bytes content_of(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// What libFuzzer reads: one quoted word a line, or a comment.
TEST(Dictionary, IsWellFormedAndKnowsEachCall) {
  std::ifstream in{fs::path{VMADIFF_SOURCE_DIR} / "fuzz" / "trace.dict"};
  std::set<std::string> words;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) continue;
    EXPECT_TRUE(line.size() > 2 && line.front() == '"' && line.back() == '"') << line;
    EXPECT_TRUE(words.insert(line).second) << line;
  }
  for (const std::string_view call : spec::call_names())
    EXPECT_TRUE(words.contains("\"" + std::string{call} + "(\"")) << call;
}

class FuzzersTest : public testing::TestWithParam<Fuzzer> {
 protected:
  static void run(const Bytes& bytes, const std::string& what) {
    EXPECT_EQ(GetParam().run(bytes).value_or("holds"), "holds") << what << "\nas a trace:\n"
                                                                << trace_from_bytes(bytes);
  }
};

TEST_P(FuzzersTest, holds_on_the_corpus) {
  for (const std::string folder : {"seeds", "regressions", "history", "selftests", "fuzz"}) {
    for (const fs::path& file : corpus_files(folder)) {
      const Bytes bytes = content_of(file);
      run(bytes, file.string());
      run(encode(decode(bytes)), file.string() + ", encoded");
      if (HasFailure()) return;
    }
  }
}

TEST_P(FuzzersTest, holds_on_random_bytes) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    run(seed % 8 == 0 ? random_bytes(seed, 600) : random_binary(seed, 600),
        "random bytes, seed " + std::to_string(seed));
    if (HasFailure()) return;
  }
}

/// What a campaign without coverage would do: mutate, cross, keep a small population.
TEST_P(FuzzersTest, holds_on_mutated_inputs) {
  std::vector<Bytes> population(1, Bytes{kCodecVersion, 3});
  for (std::uint32_t seed = 0; seed < 2000; ++seed) {
    Random random{seed};
    const Bytes& parent = population[random.below(population.size())];
    const Bytes& other = population[random.below(population.size())];
    Bytes child =
        random.one_in(4) ? cross_over(parent, other, 800, seed) : mutate(parent, 800, seed);
    run(child, "mutated input, seed " + std::to_string(seed));
    if (HasFailure()) return;
    if (population.size() < 64) {
      population.push_back(std::move(child));
    } else {
      population[random.below(population.size())] = std::move(child);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, FuzzersTest, testing::ValuesIn(fuzzers().begin(), fuzzers().end()),
                         [](const auto& fuzzer) { return std::string{fuzzer.param.name}; });

}  // namespace
}  // namespace vmadiff::fuzz
