// nightly: libFuzzer executables, and the corpora that they keep.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "nightly/attend.h"
#include "nightly/context.h"
#include "nightly/harvest.h"
#include "reports/store.h"

namespace vmadiff::nightly {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// With `-fork` a fuzzer goes on after a crash, and meets it again and again.
constexpr std::size_t kCrashesMax = 64;
/// Of these so many different ones are looked at.
constexpr std::size_t kKindsMax = 8;
/// What fuzzers are asked to keep within, as in docs/fuzzing.md.
constexpr std::string_view kLengthMax = "-max_len=600";
/// A harness runs some thousand inputs a second; a call of a campaign is some millionth.
constexpr std::uint64_t kOperationsPerInput = 20;
/// Of what the state may take, what one corpus may.
constexpr std::uint64_t kCorpusPartOfDisk = 8;

/// What libFuzzer prints of a crash that is the same for the same crash.
std::string complaint_of(const fs::path& err, const std::string& fuzzer) {
  const auto text = text_of(err);
  const auto line_at = [&](std::size_t at) { return text.substr(at, text.find('\n', at) - at); };
  if (const auto at = text.find(fuzzer + ": a finding\n\n"); at != std::string::npos)
    return line_at(at + fuzzer.size() + 13);
  for (const auto* words : {"SUMMARY: ", "ERROR: "}) {
    if (const auto at = text.find(words); at != std::string::npos) return line_at(at);
  }
  return "it crashes";
}

/// One input, given to the fuzzer alone.
std::expected<std::optional<std::string>, spec::ToolFault> complaint(Context& context,
                                                                     const Stage& stage,
                                                                     StageRecord& record,
                                                                     const fs::path& input) {
  const auto err = context.place_of(stage) / "err-of-one";
  const auto ended = attend(context, record,
                            {.words = {stage.words.front(), "-timeout=30", input.string()},
                             .directory = {},
                             .out = context.place_of(stage) / "out-of-one",
                             .err = err,
                             .environment = {}},
                            {.time = std::chrono::minutes{2}, .is_enough = {}});
  if (!ended) return std::unexpected(ended.error());
  if (ended->has_exited() && ended->status() == 0) return std::nullopt;
  return without_numbers(complaint_of(err, stage.fuzzer));
}

/// The input, with as few bytes as the fuzzer finds.
std::expected<fs::path, spec::ToolFault> smallest(Context& context, const Stage& stage,
                                                  StageRecord& record, const fs::path& input) {
  const auto place = context.place_of(stage);
  const auto small = place / ("small-" + input.filename().string());
  const auto ended = attend(
      context, record,
      {.words = {stage.words.front(), "-minimize_crash=1", "-runs=20000", "-max_total_time=30",
                 "-exact_artifact_path=" + small.string(), input.string()},
       .directory = {},
       .out = place / "out-of-small",
       .err = place / "err-of-small",
       .environment = {}},
      {.time = std::chrono::minutes{2}, .is_enough = {}});
  if (!ended) return std::unexpected(ended.error());
  std::error_code ignored;
  return fs::exists(small, ignored) ? small : input;
}

/// The crash as a trace, where the fuzzer's inputs are sequences.
std::expected<std::optional<fs::path>, spec::ToolFault> as_trace(Context& context,
                                                                 const Stage& stage,
                                                                 StageRecord& record,
                                                                 const fs::path& input) {
  if (stage.fuzzer != "fuzz_differential") return std::nullopt;
  const auto place = context.place_of(stage);
  auto trace = place / (input.filename().string() + ".trace");
  const auto ended = attend(context, record,
                            {.words = {context.options.program.string(), "import", "crash",
                                       input.string(), "-o", trace.string()},
                             .directory = {},
                             .out = place / "out-of-import",
                             .err = place / "err-of-import",
                             .environment = {}},
                            {});
  if (!ended) return std::unexpected(ended.error());
  if (ended->status() != 0) return std::nullopt;
  return trace;
}

/// One crash of each kind, as findings.
std::expected<std::vector<Found>, spec::ToolFault> found_among(
    Context& context, const Stage& stage, StageRecord& record,
    const std::vector<fs::path>& crashes) {
  std::map<std::string, fs::path> kinds;
  for (const auto& crash : crashes) {
    if (kinds.size() >= kKindsMax) break;
    const auto said = complaint(context, stage, record, crash);
    if (!said) return std::unexpected(said.error());
    // One that is no crash when it comes alone is one all the same.
    kinds.emplace(said->value_or("it crashed once, and not when the input came alone"), crash);
  }
  std::vector<Found> out;
  for (const auto& [what, crash] : kinds) {
    const auto trace = as_trace(context, stage, record, crash);
    if (!trace) return std::unexpected(trace.error());
    if (*trace) {
      auto shown = seen_by_check(context, stage, record, **trace);
      if (!shown) return std::unexpected(shown.error());
      if (!shown->empty()) {
        out.insert(out.end(), shown->begin(), shown->end());
        continue;
      }
    }
    const auto small = smallest(context, stage, record, crash);
    if (!small) return std::unexpected(small.error());
    const auto key = fmt::format("{}: {}", stage.fuzzer, what);
    Found found{.key = key,
                .name = digest_of(key),
                .claim = stage.fuzzer,
                .explanation = what,
                .stage = stage.name,
                .files = {{".input", *small}}};
    if (*trace) found.files.emplace_back(".trace", **trace);
    out.push_back(std::move(found));
  }
  return out;
}

/// What a corpus may take: the largest inputs go first.
void keep_within(const fs::path& corpus, std::uint64_t bytes_max) {
  auto inputs = files_in(corpus);
  std::error_code ignored;
  std::uint64_t sum = size_of(corpus);
  if (sum <= bytes_max) return;
  std::ranges::sort(inputs, std::ranges::greater{}, [](const fs::path& input) {
    std::error_code none;
    return fs::file_size(input, none);
  });
  for (const auto& input : inputs) {
    if (sum <= bytes_max) break;
    constexpr std::uint64_t kBlock = 4096;
    const auto size = (fs::file_size(input, ignored) + kBlock - 1) / kBlock * kBlock;
    if (fs::remove(input, ignored)) sum -= std::min(sum, size);
  }
}

}  // namespace

StageResult run_fuzz(Context& context, const Stage& stage, StageRecord& record,
                     const Share& share) {
  const auto place = context.place_of(stage);
  const auto crashes = place / "crashes";
  const auto scratch = place / "scratch";
  const auto corpus = context.places.corpus(stage.fuzzer);
  std::error_code ignored;
  fs::remove_all(scratch, ignored);
  for (const auto& directory : {place, crashes, scratch, corpus}) {
    if (auto made = make_directory(directory); !made) return std::unexpected(made.error());
  }
  // The first is the fuzzer, what follows are its options and the directories that it only reads.
  std::vector<std::string> words{stage.words.front()};
  const auto seed = static_cast<std::uint32_t>(seed_of(context, record)) | 1U;
  for (auto word :
       {std::string{kLengthMax}, std::string{"-timeout=30"}, std::string{"-rss_limit_mb=4096"},
        std::string{"-print_final_stats=1"}, fmt::format("-seed={}", seed),
        fmt::format("-artifact_prefix={}/", crashes.string())})
    words.push_back(std::move(word));
  Limits limits{.time = {}, .grace = seconds{20}, .is_enough = [&] {
                  return files_in(crashes).size() > kCrashesMax;
                }};
  if (share.operations) {
    words.push_back(fmt::format(
        "-runs={}", std::max<std::uint64_t>(1, *share.operations / kOperationsPerInput)));
  } else {
    const auto left = std::chrono::ceil<seconds>(*share.time);
    words.push_back(fmt::format("-max_total_time={}", left.count()));
    // Goes on after a crash, on as many processors as there are jobs.
    for (auto word :
         {fmt::format("-fork={}", context.options.jobs), std::string{"-ignore_crashes=1"},
          std::string{"-ignore_ooms=1"}, std::string{"-ignore_timeouts=1"}})
      words.push_back(std::move(word));
    limits.time = left + seconds{30};
  }
  const auto first_directory =
      std::ranges::find_if(stage.words.begin() + 1, stage.words.end(),
                           [](const std::string& word) { return !word.starts_with('-'); });
  words.insert(words.end(), stage.words.begin() + 1, first_directory);
  words.push_back(corpus.string());
  words.insert(words.end(), first_directory, stage.words.end());
  const auto err = place / fmt::format("err-{}", record.attempts);
  const bool has_time = !share.time || *share.time >= seconds{1};
  if (has_time) {
    const auto ended = attend(context, record,
                              {.words = words,
                               .directory = {},
                               .out = place / "out",
                               .err = err,
                               .environment = {{"TMPDIR", scratch.string()}}},
                              limits);
    if (!ended) return std::unexpected(ended.error());
    if (ended->cut == Cut::kByInterrupt) return StageEnd{State::kRunning, ""};
    if (ended->cut == Cut::kByDisk)
      return StageEnd{State::kBroken, "it took more disk than a stage may"};
    if (ended->status() != 0 && ended->cut == Cut::kNot && files_in(crashes).empty())
      return StageEnd{State::kBroken, fmt::format("{}: {}", ended->how(), last_words(err))};
  }
  fs::remove_all(scratch, ignored);
  const auto all = files_in(crashes);
  record.numbers["inputs_kept"] = files_in(corpus).size();
  record.numbers["crashes"] = all.size();
  const auto found = found_among(context, stage, record, all);
  if (!found) return std::unexpected(found.error());
  if (auto filed = file_all(context, record, *found); !filed) return std::unexpected(filed.error());
  if (has_time) return StageEnd{};
  return StageEnd{record.attempts > 1 ? State::kDone : State::kSkipped, "no time was left for it"};
}

StageResult run_merge(Context& context, const Stage& stage, StageRecord& record,
                      const Share& share) {
  const auto place = context.place_of(stage);
  const auto corpus = context.places.corpus(stage.fuzzer);
  const fs::path fresh = corpus.string() + ".new";
  const auto scratch = place / "scratch";
  std::error_code ignored;
  fs::remove_all(fresh, ignored);
  const auto before = files_in(corpus).size();
  if (before == 0) return StageEnd{State::kSkipped, "its corpus is empty"};
  for (const auto& directory : {place, fresh, scratch}) {
    if (auto made = make_directory(directory); !made) return std::unexpected(made.error());
  }
  Limits limits{.time = share.time, .grace = milliseconds{0}, .is_enough = {}};
  const auto err = place / "err";
  auto words = stage.words;
  for (auto word :
       {std::string{"-merge=1"}, std::string{kLengthMax}, std::string{"-timeout=30"},
        fmt::format("-artifact_prefix={}/", scratch.string()), fresh.string(), corpus.string()})
    words.push_back(std::move(word));
  const auto ended = attend(context, record,
                            {.words = words,
                             .directory = {},
                             .out = place / "out",
                             .err = err,
                             .environment = {{"TMPDIR", scratch.string()}}},
                            limits);
  if (!ended) return std::unexpected(ended.error());
  fs::remove_all(scratch, ignored);
  if (ended->cut == Cut::kByInterrupt) return StageEnd{State::kRunning, ""};
  const auto bytes_max = context.options.bytes_max / kCorpusPartOfDisk;
  record.numbers["inputs_before"] = before;
  if (ended->cut != Cut::kNot || ended->status() != 0) {
    fs::remove_all(fresh, ignored);
    keep_within(corpus, bytes_max);
    record.numbers["inputs_after"] = files_in(corpus).size();
    if (ended->cut == Cut::kByTime) return StageEnd{State::kDone, "its time was up: kept as it is"};
    return StageEnd{State::kBroken, fmt::format("{}: {}", ended->how(), last_words(err))};
  }
  if (auto replaced = replace_directory(corpus, fresh); !replaced)
    return std::unexpected(replaced.error());
  keep_within(corpus, bytes_max);
  record.numbers["inputs_after"] = files_in(corpus).size();
  return StageEnd{};
}

StageResult run_distill(Context& context, const Stage& stage, StageRecord& record,
                        const Share& share) {
  const auto place = context.place_of(stage);
  const auto corpus = context.places.corpus(kTraces);
  const fs::path fresh = corpus.string() + ".new";
  std::error_code ignored;
  fs::remove_all(fresh, ignored);
  for (const auto& directory : {place, corpus, fresh}) {
    if (auto made = make_directory(directory); !made) return std::unexpected(made.error());
  }
  auto words = stage.words;
  const auto add = [&](std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
  };
  add({corpus.string(), "--out", fresh.string(), "--seed",
       fmt::format("{:#x}", seed_of(context, record))});
  const auto inputs = context.places.corpus("fuzz_differential");
  if (fs::exists(inputs, ignored)) add({inputs.string()});
  Limits limits;
  if (share.operations) {
    add({"--ops", fmt::format("{}", *share.operations)});
  } else {
    const auto left = std::chrono::ceil<seconds>(*share.time);
    add({"--time", fmt::format("{}s", left.count())});
    limits.time = left * 2 + std::chrono::minutes{1};
  }
  const auto before = files_in(corpus, ".trace").size();
  const auto err = place / "err";
  const auto ended =
      attend(context, record,
             {.words = words, .directory = {}, .out = place / "out", .err = err, .environment = {}},
             limits);
  if (!ended) return std::unexpected(ended.error());
  if (ended->cut == Cut::kByInterrupt) return StageEnd{State::kRunning, ""};
  if (ended->cut != Cut::kNot || ended->status() != 0) {
    fs::remove_all(fresh, ignored);
    return StageEnd{State::kBroken, fmt::format("{}: {}", ended->how(), last_words(err))};
  }
  if (auto replaced = replace_directory(corpus, fresh); !replaced)
    return std::unexpected(replaced.error());
  record.numbers["traces_before"] = before;
  record.numbers["traces_after"] = files_in(corpus, ".trace").size();
  return StageEnd{};
}

}  // namespace vmadiff::nightly
