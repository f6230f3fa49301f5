// nightly: the RapidCheck suites, again and again with other seeds.
#include <fmt/format.h>

#include <regex>

#include "nightly/attend.h"
#include "nightly/context.h"
#include "nightly/harvest.h"
#include "reports/store.h"

namespace vmadiff::nightly {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using std::chrono::milliseconds;

struct Failure {
  std::string test;  ///< "Suite.Case"
  std::string text;
};

/// Of the JSON that GoogleTest writes; nothing where it did not come to write it.
std::optional<std::vector<Failure>> failures_in(const fs::path& file, std::uint64_t& tests) {
  const auto json = read_json(file);
  if (!json || !json->is_object()) return std::nullopt;
  std::vector<Failure> out;
  for (const auto& suite : json->value("testsuites", ordered_json::array())) {
    for (const auto& test : suite.value("testsuite", ordered_json::array())) {
      ++tests;
      if (!test.contains("failures")) continue;
      std::string text;
      for (const auto& failure : test.at("failures")) text += failure.value("failure", "") + "\n";
      out.push_back({fmt::format("{}.{}", suite.value("name", ""), test.value("name", "")), text});
    }
  }
  return out;
}

/// The calls of the counterexample, which the suites print as trace text, under the profile that
/// the property's title names; empty where there are none.
std::string counterexample_of(const std::string& text) {
  static const std::regex kCall{R"(^(\[pid \d+\] )?[a-z_0-9]+\(.*\)( = .*)?$)"};
  static const std::regex kProfile{R"( under (linux-[0-9.]+|patch-v2(-review)?)\b)"};
  std::string out;
  std::smatch profile;
  if (std::regex_search(text, profile, kProfile))
    out = fmt::format("# profile: {}\n", profile[1].str());
  const auto head = out.size();
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    if (std::regex_match(line, kCall)) out += line + '\n';
    at = end + 1;
  }
  return out.size() == head ? std::string{} : out;
}

}  // namespace

StageResult run_suites(Context& context, const Stage& stage, StageRecord& record,
                       const Share& share) {
  const auto place = context.place_of(stage);
  if (auto made = make_directory(place); !made) return std::unexpected(made.error());
  const auto begun = record.spent;
  auto seed = seed_of(context, record);
  if (share.operations) record.numbers.clear();
  milliseconds longest{0};
  // At least once; then as long as another run is likely to come to its end.
  do {
    const auto before = record.spent;
    const auto answer = place / "answer.json";
    std::error_code ignored;
    fs::remove(answer, ignored);
    auto words = stage.words;
    words.push_back("--gtest_output=json:" + answer.string());
    Limits limits{.time = {}, .grace = milliseconds{0}, .is_enough = {}};
    if (share.time) limits.time = *share.time - (record.spent - begun);
    const auto ended = attend(context, record,
                              {.words = words,
                               .directory = {},
                               .out = place / "out",
                               .err = place / "err",
                               .environment = {{"VMADIFF_SUITE_SEED", fmt::format("{}", seed)}}},
                              limits);
    if (!ended) return std::unexpected(ended.error());
    if (ended->cut == Cut::kByInterrupt) return StageEnd{State::kRunning, ""};
    std::uint64_t tests = 0;
    const auto failures = failures_in(answer, tests);
    if (ended->cut == Cut::kByTime) break;
    if (!failures && ended->has_exited())
      return StageEnd{State::kBroken,
                      fmt::format("{}: {}", ended->how(), last_words(place / "err"))};
    ++record.numbers["runs"];
    record.numbers["properties"] = tests;
    std::vector<Found> found;
    auto seen = failures.value_or(std::vector<Failure>{});
    if (!ended->has_exited())
      seen.push_back({"the suites died of " + ended->how(), text_of(place / "out")});
    for (const Failure& failure : seen) {
      const auto key = fmt::format("suites: {}", failure.test);
      const auto text = place / (digest_of(key) + ".txt");
      if (auto written = reports::write_atomically(text, ends_of(failure.text, 1U << 20U));
          !written)
        return std::unexpected(written.error());
      std::vector<Found> by_check;
      if (const auto calls = counterexample_of(failure.text); !calls.empty()) {
        const auto trace = place / (digest_of(key) + ".trace");
        if (auto written = reports::write_atomically(trace, calls); !written)
          return std::unexpected(written.error());
        auto looked = seen_by_check(context, stage, record, trace);
        if (!looked) return std::unexpected(looked.error());
        by_check = *std::move(looked);
      }
      if (by_check.empty()) {
        by_check.push_back({.key = key,
                            .name = digest_of(key),
                            .claim = failure.test,
                            .explanation = failure.text.substr(0, failure.text.find('\n')),
                            .stage = stage.name,
                            .files = {{".txt", text}}});
      }
      found.insert(found.end(), by_check.begin(), by_check.end());
    }
    if (auto filed = file_all(context, record, found); !filed)
      return std::unexpected(filed.error());
    longest = std::max(longest, record.spent - before);
    ++seed;
  } while (share.time && record.spent - begun + longest < *share.time);
  return StageEnd{};
}

}  // namespace vmadiff::nightly
