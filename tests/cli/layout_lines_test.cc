// tests/cli: no two lines of a layout that are equal but for their place stand side by side without
// a word why: over the corpus, and over generated sequences, under several profiles.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/trace_file.h"
#include "compare/recording.h"
#include "properties/claims/merge_due.h"
#include "properties/generate/generator.h"
#include "reports/vma_lines.h"
#include "spec/kernel_profile.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

/// A line without where it is, in memory and in its file.
std::string without_place(const std::string& line) {
  const auto permissions = line.find(' ');
  const auto offset = line.find(' ', permissions + 1);
  return line.substr(permissions, offset - permissions) + line.substr(line.find(' ', offset + 1));
}

class Neighbours {
 public:
  /// Looks at the layout after every step, or of every process at the end.
  void look(const std::string& what, const spec::Sequence& sequence, const spec::Setup& setup,
            const spec::KernelProfile& profile, compare::Snapshots when) {
    const auto model = systems::make_like("model", profile);
    auto recording = compare::record(*model, setup, sequence, when).value();
    if (when == compare::Snapshots::kAtEnd) {
      recording.snapshots.push_back(*recording.end);
      for (const auto& [process, end] : recording.others) recording.snapshots.push_back(end);
    }
    for (std::size_t i = 0; i < recording.snapshots.size(); ++i) {
      const auto& vmas = recording.snapshots[i].vmas;
      const auto lines = reports::lines_of(vmas, recording.observes);
      for (std::size_t v = 1; v < vmas.size(); ++v) {
        if (vmas[v - 1].end != vmas[v].start) continue;
        ++pairs;
        look(vmas[v - 1], vmas[v], lines[v - 1], lines[v],
             what + ", " + std::string{profile.name} + ", snapshot " + std::to_string(i + 1));
      }
    }
  }
  std::size_t pairs = 0;

 private:
  static void look(const spec::Vma& prev, const spec::Vma& next, const std::string& above,
                   const std::string& below, const std::string& where) {
    // What is said to be kept apart by nothing is not.
    const bool is_noted = below.ends_with(reports::kNothingKeepsApart);
    const bool is_one = properties::are_compatible(prev, next) && prev.anon_vma == next.anon_vma &&
                        prev.anon_vma_links == next.anon_vma_links;
    EXPECT_TRUE(!is_noted || is_one) << where << ":\n" << above << '\n' << below;
    if (is_noted || without_place(above) != without_place(below)) return;
    // Offsets that are shown and do not go on, or flags that never merge, say it.
    const bool says_offset =
        !next.file.is_none() && !spec::same_offset_in_bytes(prev.pgoff + prev.pages(), next.pgoff);
    const bool says_pgoff = below.find(" pgoff ") != std::string::npos;
    const bool says_flags = (next.flags & (spec::kVmSpecial | spec::kVmHugetlb)) != 0;
    // And a file whose VMAs have a close hook.
    const bool says_hook = next.file.cls == spec::FileClass::kSysv;
    EXPECT_TRUE(says_offset || says_pgoff || says_flags || says_hook) << where << ":\n"
                                                                      << above << '\n'
                                                                      << below;
  }
};

TEST(LayoutLines, OfTheCorpusDifferFromTheirNeighbours) {
  Neighbours neighbours;
  for (const std::string& path :
       find_traces({std::string{VMADIFF_SOURCE_DIR} + "/corpus"}).value()) {
    const auto file = read_trace(path).value();
    for (const char* name : {"linux-6.1", "linux-6.12", "linux-6.18", "linux-7.3"}) {
      neighbours.look(path, file.trace.sequence, setup_of(file, spec::Setup::standard()),
                      spec::profile_named(name).value(), compare::Snapshots::kEveryStep);
    }
  }
  EXPECT_GT(neighbours.pairs, 10000U);
}

TEST(LayoutLines, OfGeneratedSequencesDifferFromTheirNeighbours) {
  constexpr std::uint64_t kSequences = 5000;
  Neighbours neighbours;
  properties::GeneratorOptions options;
  options.setup = spec::Setup::standard();
  const auto classes = spec::mappable_file_classes();
  options.file_classes.assign(classes.begin(), classes.end());
  constexpr std::array kProfiles{"linux-6.12", "linux-6.18", "linux-7.3"};
  spec::Sequence sequence;
  for (std::uint64_t i = 0; i < kSequences; ++i) {
    properties::generate(properties::sequence_seed(17, i), options, sequence);
    neighbours.look("sequence " + std::to_string(i), sequence, options.setup,
                    spec::profile_named(kProfiles.at(i % kProfiles.size())).value(),
                    compare::Snapshots::kAtEnd);
  }
  EXPECT_GT(neighbours.pairs, 30000U);
}

}  // namespace
}  // namespace vmadiff::cli
