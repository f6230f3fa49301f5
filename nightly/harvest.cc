// nightly: findings of checks.
#include "nightly/harvest.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "nightly/attend.h"

namespace vmadiff::nightly {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr std::array<std::string_view, 6> kSuffixes{".trace", ".json", ".c",
                                                    ".txt",   ".log",  ".test.cc"};
/// For a trace alone: it is small, and what it shows is made smaller.
constexpr std::chrono::minutes kPatience{5};

/// The one that is wrong stands last: the expected side comes first.
std::string key_of(const ordered_json& json) {
  const auto systems = json.at("systems").get<std::vector<std::string>>();
  const auto fingerprint = json.at("fingerprint").get<std::string>();
  // Which claim it breaks depends on who looked.
  const auto symptom = fingerprint.substr(fingerprint.find('/') + 1);
  return fmt::format("{}: {} under {}", systems.empty() ? "vmadiff" : systems.back(), symptom,
                     json.at("profile").get<std::string>());
}

Found found_of(const ordered_json& json, const fs::path& file, std::string_view stage) {
  Found out{.key = key_of(json),
            .name = file.stem().string(),
            .claim = json.at("claim"),
            .explanation = json.at("explanation"),
            .stage = std::string{stage},
            .calls = json.at("sequence").size(),
            .by_nature = json.contains("known"),
            .reproducible = json.at("reproducible"),
            .replays = json.contains("replayed") && json.at("replayed") == true,
            .files = {}};
  for (const auto suffix : kSuffixes) {
    const auto path = file.parent_path() / (out.name + std::string{suffix});
    std::error_code ignored;
    if (fs::exists(path, ignored)) out.files.emplace_back(suffix, path);
  }
  return out;
}

/// What stands behind "# WHAT: " in a trace; or empty.
std::string directive(std::string_view text, std::string_view what) {
  const auto words = fmt::format("# {}: ", what);
  const auto at = text.find(words);
  if (at == std::string_view::npos) return {};
  const auto from = at + words.size();
  return std::string{text.substr(from, text.find('\n', from) - from)};
}

/// One whose reports were not written any more: its trace is all there is.
Found bare(const fs::path& trace, std::string_view stage) {
  const auto text = text_of(trace);
  return {.key = fmt::format("trace {}", trace.stem().string()),
          .name = trace.stem().string(),
          .claim = directive(text, "finding"),
          .explanation = "It was found, and killed before it was told; its trace is here.",
          .stage = std::string{stage},
          .calls = static_cast<std::uint64_t>(std::ranges::count(text, '\n')),
          .files = {{".trace", trace}}};
}

}  // namespace

std::string digest_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bits
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

std::string without_numbers(std::string_view message) {
  std::string out;
  bool in_number = false;
  for (const char c : message) {
    const auto u = static_cast<unsigned char>(c);
    const bool begins = std::isdigit(u) != 0;
    in_number = begins || (in_number && std::isxdigit(u) != 0) || (in_number && c == 'x');
    if (!in_number) {
      out += c;
    } else if (out.empty() || out.back() != 'N') {
      out += 'N';
    }
  }
  return out;
}

std::vector<Found> found_in(const fs::path& directory, std::string_view stage) {
  std::vector<Found> out;
  for (const auto& trace : files_in(directory, ".trace")) {
    const auto file = fs::path{trace}.replace_extension(".json");
    const auto json = read_json(file);
    try {
      out.push_back(json && !json->is_null() ? found_of(*json, file, stage) : bare(trace, stage));
    } catch (const ordered_json::exception&) {
      out.push_back(bare(trace, stage));
    }
  }
  return out;
}

std::expected<std::vector<Found>, spec::ToolFault> seen_by_check(Context& context,
                                                                 const Stage& stage,
                                                                 StageRecord& record,
                                                                 const fs::path& trace,
                                                                 std::string profile) {
  const auto place = context.place_of(stage) / ("check-" + digest_of(trace.string()));
  const auto sights = place / "sights";
  if (auto made = make_directory(sights); !made) return std::unexpected(made.error());
  if (auto copied = copy_whole(trace, sights / "seen.trace"); !copied)
    return std::unexpected(copied.error());
  if (profile.empty()) profile = directive(text_of(trace), "profile");
  const process::Program program{
      .words = {context.options.program.string(), "check", "--systems", "model,impl", "--profile",
                profile.empty() ? "auto" : profile, "--json", "--sequences", "1", "--seed", "1",
                "--sights", sights.string(), "--out", (place / "found").string()},
      .directory = {},
      .out = place / "out",
      .err = place / "err",
      .environment = {}};
  const auto ended = attend(context, record, program, {.time = kPatience, .is_enough = {}});
  if (!ended) return std::unexpected(ended.error());
  return found_in(place / "found", stage.name);
}

Result file_all(Context& context, StageRecord& record, const std::vector<Found>& found) {
  for (const Found& one : found) {
    if (auto filed = context.known.file(one, context.journal.night); !filed) return filed;
  }
  // Counted afresh: a stage that goes on finds again what it had.
  std::uint64_t seen = 0;
  for (const Known& known : context.known.all()) {
    const bool by_it = std::ranges::find(known.stages, record.name) != known.stages.end();
    if (by_it && known.last_night == context.journal.night) ++seen;
  }
  record.numbers["findings"] = seen;
  return {};
}

}  // namespace vmadiff::nightly
