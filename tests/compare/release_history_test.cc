// tests of compare: one sequence on several kernels. The kernels are models that show no more than
// a real one does.
#include "compare/release_history.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "pretended.h"
#include "spec/trace_text.h"

namespace vmadiff::compare {
namespace {

constexpr std::string_view kDofork =
    "mmap(0x100000000000, 0x200000, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_NORESERVE, hugetlb:0, 0)\n"
    "madvise(0x100000000000, 0x200000, MADV_DOFORK)\n";

class Row {
 public:
  explicit Row(std::string_view trace) : sequence(spec::parse_trace(trace).trace.sequence) {}

  void ask(std::string_view profile, const Oddity& oddity = {}) {
    const auto is = *spec::profile_named(profile);
    Pretended kernel{"model", is, oddity};
    answers.push_back(answer_of({.name = std::string{profile},
                                 .system = &kernel,
                                 .model = {.profile = is, .setup = spec::Setup::standard()}},
                                "", sequence)
                          .value());
  }
  void leave_out() {
    answers.push_back(
        {.name = "gone", .model = {}, .recording = {}, .not_asked = "it is not here"});
  }
  [[nodiscard]] std::string eras() const {
    std::string out;
    for (const Era& era : eras_of(answers))
      out += std::to_string(era.first) + "-" + std::to_string(era.last) + " ";
    return out;
  }

  spec::Sequence sequence;
  std::vector<ReleaseAnswer> answers;
};

TEST(ReleaseHistory, NeighboursThatDoTheSameAreOneEra) {
  Row row{kDofork};
  row.leave_out();
  for (const auto* profile : {"linux-6.12", "linux-6.18", "linux-6.19"}) row.ask(profile);
  row.leave_out();
  row.ask("linux-6.19");
  for (const auto* profile : {"linux-7.0", "linux-7.3"}) row.ask(profile);
  EXPECT_EQ(row.eras(), "1-5 6-7 ");
  row.leave_out();
  EXPECT_EQ(row.eras(), "1-5 6-7 ");
  row.ask("linux-6.18");
  EXPECT_EQ(row.eras(), "1-5 6-7 9-9 ") << "what was mended and came back";
}

TEST(ReleaseHistory, AChangeIsToldWithItsStepAndItsCause) {
  Row row{kDofork};
  row.ask("linux-6.19");
  row.ask("linux-7.0");
  const auto change = change_between(row.answers[0], row.answers[1], row.sequence);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->step, 1U);
  EXPECT_EQ(change->what, "madvise gives EINVAL, not ok");
  ASSERT_TRUE(change->cause);
  EXPECT_EQ(change->cause->name(), "dofork_refused");
  EXPECT_FALSE(change_between(row.answers[0], row.answers[0], row.sequence));
}

TEST(ReleaseHistory, AChangeThatNoModelKnowsHasNoCause) {
  Row row{kDofork};
  row.ask("linux-6.19");
  row.ask("linux-7.0", [](const spec::Syscall& call) -> std::optional<spec::Outcome> {
    if (!std::holds_alternative<spec::Mmap>(call)) return std::nullopt;
    return spec::Outcome::fail(spec::Errno::kENODEV);
  });
  const auto change = change_between(row.answers[0], row.answers[1], row.sequence);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->step, 0U);
  EXPECT_FALSE(change->cause) << "the models differ at another step";
}

TEST(ReleaseHistory, ASetUpOfTheTracesOwnIsAskedFor) {
  const auto sequence =
      spec::parse_trace("mremap(0x100000000000, 0x1000, 0x800, 0)\n").trace.sequence;
  for (const auto& [setup, result] :
       {std::pair{"max_map_count=6", "-1 ENOMEM"}, {"", "-1 EFAULT"}}) {
    const auto is = *spec::profile_named("linux-7.1");
    Pretended kernel{"model", is, {}};
    const auto answer = answer_of({.name = "it",
                                   .system = &kernel,
                                   .model = {.profile = is, .setup = spec::Setup::standard()}},
                                  setup, sequence);
    ASSERT_TRUE(answer);
    EXPECT_EQ(spec::text(answer->recording.outcomes.front()), result);
  }
}

}  // namespace
}  // namespace vmadiff::compare
