// cli: the explain command.
#include "cli/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "cli/choices.h"
#include "cli/profile_spans.h"
#include "cli/trace_file.h"
#include "explain/story.h"
#include "reports/trace.h"
#include "spec/profile_text.h"

namespace vmadiff::cli {
namespace {

using explain::Boundary;

constexpr std::size_t kColumns = 100;
constexpr std::string_view kIndent = "      ";

void print_sentence(std::string_view sentence, std::string_view indent = kIndent) {
  bool is_first = true;
  for (const std::string& line : reports::wrapped(sentence, kColumns - indent.size())) {
    fmt::print("{}{}{}\n", indent, is_first ? "" : "  ", line);
    is_first = false;
  }
}

std::string_view side_text(Boundary::Side side) {
  switch (side) {
    case Boundary::Side::kBelow:
      return "below";
    case Boundary::Side::kAbove:
      return "above";
    case Boundary::Side::kInside:
      return "inside";
  }
  return {};
}

std::string_view fate_text(Boundary::Fate fate) {
  switch (fate) {
    case Boundary::Fate::kNothingThere:
      return "nothing adjoins";
    case Boundary::Fate::kJoined:
      return "joined";
    case Boundary::Fate::kCut:
      return "cut off";
    case Boundary::Fate::kApart:
      return "stays apart";
  }
  return {};
}

std::string answer_text(const explain::Answer& answer) {
  return fmt::format("{}: {}", explain::name(answer.criterion), answer.text);
}

void print_boundary(const Boundary& boundary) {
  fmt::print("{}{} {:#x}: {}{}{}\n", kIndent, side_text(boundary.side), boundary.at,
             fate_text(boundary.fate), boundary.neighbour.empty() ? "" : ": ", boundary.neighbour);
  const std::string indent = std::string{kIndent} + "  ";
  std::string held;
  for (const auto& answer : boundary.answers) {
    if (answer.holds) {
      held += fmt::format("{}{}", held.empty() ? "" : "; ", answer_text(answer));
    } else {
      print_sentence(fmt::format("not one for {} ({})", answer_text(answer),
                                 explain::source(answer.criterion)),
                     indent);
    }
  }
  const bool is_joined = boundary.fate == Boundary::Fate::kJoined;
  if (!held.empty() && (is_joined || !boundary.note.empty())) {
    print_sentence(fmt::format("alike in {}", held), indent);
  }
  if (!boundary.note.empty()) print_sentence(boundary.note, indent);
}

void print_otherwise(const explain::Otherwise& otherwise) {
  const bool is_short = otherwise.follows_from && otherwise.lines.empty();
  print_sentence(fmt::format(
      "otherwise on {}: it {}{}", profile_spans_text(otherwise.profiles), otherwise.what,
      is_short ? fmt::format(" (follows from step {})", *otherwise.follows_from + 1) : ""));
  if (is_short) return;
  for (const std::string& line : otherwise.lines) fmt::print("{}    {}\n", kIndent, line);
  const std::string indent = std::string{kIndent} + "  ";
  for (const auto& b : otherwise.behaviours) {
    print_sentence(fmt::format("since {}: {} there, {} here ({}{}{})", b.what, b.there, b.here,
                               b.name, b.origin.empty() ? "" : "; ", b.origin),
                   indent);
  }
  if (otherwise.follows_from) {
    print_sentence(fmt::format("which follows from step {}", *otherwise.follows_from + 1), indent);
  } else if (!otherwise.is_looked_into) {
    print_sentence("why is not looked into: the trace is long", indent);
  } else if (otherwise.behaviours.empty()) {
    print_sentence("not explained: no behaviour that is known makes it so", indent);
  }
}

void print_step(const explain::StepStory& story) {
  fmt::print("{:4}  {} = {}\n", story.index + 1,
             spec::text(spec::Step{story.step.process, story.step.call, {}}),
             spec::text(story.outcome));
  if (story.step.expected && *story.step.expected != story.outcome) {
    print_sentence(fmt::format("The trace says {}.", spec::text(*story.step.expected)));
  }
  for (const std::string& sentence : story.sentences) print_sentence(sentence);
  for (const std::string& line : story.gone) fmt::print("{}- {}\n", kIndent, line);
  for (const std::string& line : story.come) fmt::print("{}+ {}\n", kIndent, line);
  for (const Boundary& boundary : story.boundaries) print_boundary(boundary);
  for (const auto& otherwise : story.otherwise) print_otherwise(otherwise);
}

nlohmann::ordered_json json_of(const Boundary& boundary) {
  nlohmann::ordered_json out{{"at", boundary.at},
                             {"side", side_text(boundary.side)},
                             {"fate", fate_text(boundary.fate)},
                             {"neighbour", boundary.neighbour},
                             {"conditions", nlohmann::ordered_json::array()},
                             {"note", boundary.note}};
  for (const auto& answer : boundary.answers) {
    out["conditions"].push_back({{"name", explain::name(answer.criterion)},
                                 {"holds", answer.holds},
                                 {"what", answer.text},
                                 {"source", explain::source(answer.criterion)}});
  }
  return out;
}

nlohmann::ordered_json json_of(const explain::Otherwise& otherwise) {
  nlohmann::ordered_json out{{"profiles", otherwise.profiles},
                             {"what", otherwise.what},
                             {"vmas", otherwise.lines},
                             {"behaviours", nlohmann::ordered_json::array()}};
  for (const auto& b : otherwise.behaviours) {
    out["behaviours"].push_back(
        {{"name", b.name}, {"there", b.there}, {"here", b.here}, {"origin", b.origin}});
  }
  if (otherwise.follows_from) out["follows_from"] = *otherwise.follows_from + 1;
  return out;
}

void print_json(const explain::StepStory& story) {
  nlohmann::ordered_json out{
      {"step", story.index + 1},
      {"call", spec::text(spec::Step{story.step.process, story.step.call, {}})},
      {"outcome", spec::text(story.outcome)},
      {"sentences", story.sentences},
      {"gone", story.gone},
      {"come", story.come},
      {"boundaries", nlohmann::ordered_json::array()},
      {"otherwise", nlohmann::ordered_json::array()}};
  for (const Boundary& boundary : story.boundaries) out["boundaries"].push_back(json_of(boundary));
  for (const auto& otherwise : story.otherwise) out["otherwise"].push_back(json_of(otherwise));
  fmt::print("{}\n", out.dump());
}

}  // namespace

process::ExitStatus explain_trace(const ExplainOptions& options) {
  const auto file = read_trace(options.path);
  if (!file) return process::refuse_input(file.error());
  // As for an export: under which profile it holds, where it says so.
  auto words = profile_to_ask(*file, options.profile);
  if (words.empty()) words = file->directives.profile;
  const auto profile = choose_profile(words);
  if (!profile) return process::refuse(profile.error());
  const auto setup = setup_of(*file, spec::Setup::standard());
  if (!options.json) {
    fmt::print("{}, as {} has it\n", file->path, spec::profile_text(*profile));
  }
  explain::tell(file->trace.sequence, setup, *profile, options.json ? print_json : print_step);
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
