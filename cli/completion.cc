// cli: completing command lines.
#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "kernel/store/built_kernels.h"
#include "kernel/store/kernel_source.h"
#include "kernel/store/kernel_store.h"
#include "process/output.h"
#include "properties/claims/property.h"
#include "spec/kernel_profile.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

using Words = std::span<const std::string>;
using Values = std::vector<Candidate> (*)();

std::vector<Candidate> profiles() {
  std::vector<Candidate> all{{"auto", "what the real kernel is found to be"}};
  for (const spec::KernelProfile& profile : spec::profiles())
    all.push_back({std::string{profile.name}, std::string{profile.summary}});
  return all;
}

std::vector<Candidate> systems_here() {
  std::vector<Candidate> all;
  for (const systems::SystemKind& kind : systems::system_kinds())
    all.push_back({std::string{kind.name}, std::string{kind.summary}});
  return all;
}

std::vector<Candidate> properties_here() {
  std::vector<Candidate> all{
      {"all", ""}, {"equivalence", ""}, {"invariants", ""}, {"relations", ""}, {"faults", ""}};
  for (const properties::Property& property : properties::all_properties())
    all.push_back({std::string{property.name}, std::string{property.claim}});
  return all;
}

std::vector<Candidate> kernels_here() {
  std::vector<Candidate> all;
  for (const kernel::StoredKernel& kernel : kernel::stored_kernels())
    all.push_back({kernel.name, kernel.release});
  for (const kernel::StoredKernel& kernel : kernel::built_kernels())
    all.push_back({kernel.name, kernel.release});
  return all;
}

std::vector<Candidate> trees_here() {
  std::vector<Candidate> all;
  for (std::string& source : kernel::stored_sources()) all.push_back({std::move(source), ""});
  return all;
}

std::vector<Candidate> swarmings() { return {{"none", ""}, {"calls", ""}, {"arena", ""}}; }
std::vector<Candidate> sanitizers() { return {{"address", ""}, {"undefined", ""}}; }

std::vector<Candidate> shells() {
  std::vector<Candidate> all;
  for (std::string& shell : completion_shells()) all.push_back({std::move(shell), ""});
  return all;
}

/// What an option's value can be.
struct WordKind {
  std::string_view option;
  Values values;
  bool is_list = false;  ///< separated by commas
  bool files = false;
};
constexpr std::array kKinds{
    WordKind{"--systems", systems_here, true},
    WordKind{"--system", systems_here},
    WordKind{"--profile", profiles},
    WordKind{"--properties", properties_here, true},
    WordKind{"--kernel", kernels_here, false, true},
    WordKind{"--kernels", kernels_here, true, true},
    WordKind{"--good", kernels_here, false, true},
    WordKind{"--bad", kernels_here, false, true},
    WordKind{"--between", kernels_here, true, true},
    WordKind{"--tree", trees_here, false, true},
    WordKind{"tree", trees_here, false, true},
    WordKind{"--swarm", swarmings},
    WordKind{"--sanitize", sanitizers, true},
    WordKind{"shell", shells},
};
/// Options with values of which none is a file, a number, say.
constexpr std::array<std::string_view, 13> kNoFiles{
    "--time", "--ops",    "--sequences",    "--seed",      "--jobs",   "--max-findings",
    "--cpus", "--memory", "--memory-limit", "--cpu-limit", "--append", "--kernel-command",
    "--as"};

bool begins_with(std::string_view text, std::string_view with) { return text.starts_with(with); }

/// Those that go on from what was typed; of a list, its last element.
void add_values(Completion& completion, const WordKind& kind, std::string_view typed) {
  const auto comma = kind.is_list ? typed.rfind(',') : std::string_view::npos;
  const auto before =
      comma == std::string_view::npos ? std::string_view{} : typed.substr(0, comma + 1);
  for (Candidate& candidate : kind.values()) {
    auto word = fmt::format("{}{}", before, candidate.word);
    if (begins_with(word, typed))
      completion.candidates.push_back({std::move(word), std::move(candidate.help)});
  }
  completion.files = kind.files;
}

Completion values_of(std::string_view option, std::string_view typed) {
  Completion completion;
  if (const auto* kind = std::ranges::find(kKinds, option, &WordKind::option);
      kind != kKinds.end()) {
    add_values(completion, *kind, typed);
  } else {
    completion.files = std::ranges::find(kNoFiles, option) == kNoFiles.end();
  }
  return completion;
}

const OptionText* option_named(const CommandText& command, std::string_view name) {
  const auto found = std::ranges::find_if(command.options, [name](const OptionText& option) {
    return std::ranges::find(option.names, name) != option.names.end();
  });
  return found == command.options.end() ? nullptr : &*found;
}

const CommandText* command_named(const CommandText& command, std::string_view name) {
  const auto found = std::ranges::find(command.commands, name, &CommandText::name);
  return found == command.commands.end() ? nullptr : &*found;
}

/// Where on the line the words before the last one lead.
struct Place {
  const CommandText* command = nullptr;
  const OptionText* wants_value = nullptr;  ///< the last option, where its value is still to come
  std::size_t positionals = 0;
  bool is_beyond = false;  ///< behind "--"
};

Place place_of(const CommandText& top, Words words) {
  Place at{.command = &top};
  for (const std::string& word : words) {
    if (std::exchange(at.wants_value, nullptr) != nullptr || at.is_beyond) continue;
    if (word == "--") {
      at.is_beyond = true;
    } else if (begins_with(word, "-")) {
      const auto* option = option_named(*at.command, word);
      if (option != nullptr && option->takes_value) at.wants_value = option;
    } else if (const auto* inner = command_named(*at.command, word); inner != nullptr) {
      at = {.command = inner};
    } else {
      ++at.positionals;
    }
  }
  return at;
}

/// The positional argument that comes next, or nullptr.
const OptionText* next_positional(const Place& at) {
  std::size_t number = 0;
  for (const OptionText& option : at.command->options) {
    if (option.positional.empty()) continue;
    if (number++ == at.positionals || option.takes_several) return &option;
  }
  return nullptr;
}

}  // namespace

Completion complete(const CommandText& top, Words words) {
  if (words.empty()) return {};
  const std::string& typed = words.back();
  const auto at = place_of(top, words.first(words.size() - 1));
  if (at.is_beyond) return {.candidates = {}, .files = true};
  if (at.wants_value != nullptr) return values_of(at.wants_value->names.front(), typed);
  Completion completion;
  if (begins_with(typed, "-")) {
    for (const OptionText& option : at.command->options) {
      for (const std::string& name : option.names) {
        if (begins_with(name, typed)) completion.candidates.push_back({name, option.help});
      }
    }
    return completion;
  }
  if (const auto* next = next_positional(at); next != nullptr)
    completion = values_of(next->positional, typed);
  for (const CommandText& inner : at.command->commands) {
    if (begins_with(inner.name, typed)) completion.candidates.push_back({inner.name, inner.help});
  }
  return completion;
}

process::ExitStatus complete_words(const CompleteWords& options) {
  const auto completion = complete(command_text(), options.words);
  std::string lines;
  for (const Candidate& candidate : completion.candidates)
    fmt::format_to(std::back_inserter(lines), "{}\t{}\n", candidate.word, candidate.help);
  if (completion.files) lines += ":files\n";
  process::print_raw(lines);
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
