// cli: the show command.
#include "cli/show.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "cli/campaign_page.h"
#include "cli/cast.h"
#include "cli/choices.h"
#include "cli/fleet.h"
#include "cli/trace_file.h"
#include "compare/stories.h"
#include "reports/page/page.h"
#include "reports/quoting.h"
#include "reports/store.h"
#include "spec/profile_text.h"

namespace vmadiff::cli {
namespace {

namespace fs = std::filesystem;

/// What is to be shown: findings' files and traces' files.
struct FoundSequence {
  std::vector<fs::path> findings;
  std::vector<std::string> traces;
};

std::expected<FoundSequence, std::string> find(const std::vector<std::string>& paths) {
  FoundSequence out;
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      const auto findings = finding_files(path);
      std::ranges::copy(findings, std::back_inserter(out.findings));
      // A finding's trace says no more than it does.
      if (!findings.empty()) continue;
    } else if (fs::path{path}.extension() == ".json") {
      out.findings.emplace_back(path);
      continue;
    }
    const auto traces = find_traces({path});
    if (!traces) return std::unexpected(traces.error());
    std::ranges::copy(*traces, std::back_inserter(out.traces));
  }
  if (out.findings.empty() && out.traces.empty())
    return std::unexpected("there is no *.trace file and no finding's *.json in what was given");
  return out;
}

std::expected<reports::Story, process::Refusal> story_of(const TraceFile& file,
                                                         const ShowOptions& options, Fleet& fleet) {
  const auto asked = profile_to_ask(file, options.profile);
  const auto choice = choose(options.systems, asked.empty() ? file.directives.profile : asked);
  if (!choice) return std::unexpected(choice.error());
  const Cast cast = cast_of(file, choice->systems.systems);
  reports::Story head;
  head.title = file.path;
  head.path = file.path;
  head.facts = {{"profile", spec::profile_text(choice->profile)},
                {"systems", systems::joined(cast.systems)}};
  if (!cast.left_out.empty()) head.notes.push_back("Without " + cast.left_out + ".");
  std::vector<spec::System*> systems;
  for (const std::string& name : cast.systems) {
    const auto system = fleet.get(name, choice->profile);
    if (!system) return std::unexpected(system.error());
    systems.push_back(*system);
  }
  const auto lacks = [](std::string why) { return process::lacks(std::move(why)); };
  const auto setup = systems::setup_for(cast.systems);
  if (!setup) return lacks(setup.error().message);
  auto story = compare::story_of_run(std::move(head), file.trace, setup_of(file, *setup), systems);
  if (!story) return lacks(story.error().message);
  return *std::move(story);
}

/// A new file among temporary files.
std::expected<std::string, std::string> temporary_page() {
  const char* const directory = std::getenv("TMPDIR");
  constexpr std::string_view kSuffix = ".html";
  auto path = fmt::format("{}/vmadiff-XXXXXX{}",
                          directory == nullptr || *directory == '\0' ? "/tmp" : directory, kSuffix);
  const int descriptor = ::mkostemps(path.data(), kSuffix.size(), O_CLOEXEC);
  if (descriptor < 0) {
    return std::unexpected(fmt::format("{}: cannot be made: {}; --out names another file",
                                       reports::printable_line(path), std::strerror(errno)));
  }
  ::close(descriptor);
  return path;
}

/// Starts a program with one argument and waits for its end, which comes at once where it hands the
/// page to a browser that runs.
bool start(const std::string& program, std::string argument) {
  std::string name = program;
  const std::array<char*, 3> words{name.data(), argument.data(), nullptr};
  pid_t child = 0;
  if (::posix_spawnp(&child, name.c_str(), nullptr, nullptr, words.data(), environ) != 0)
    return false;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// $BROWSER is a list of programs; without it xdg-open, where there is a display.
bool open_page(const std::string& page) {
  const auto is_set = [](const char* name) {
    const char* const value = std::getenv(name);
    return value != nullptr && *value != '\0';
  };
  if (is_set("BROWSER")) {
    std::string_view list = std::getenv("BROWSER");
    while (!list.empty()) {
      const auto colon = std::min(list.find(':'), list.size());
      if (colon != 0 && start(std::string{list.substr(0, colon)}, page)) return true;
      list.remove_prefix(std::min(colon + 1, list.size()));
    }
    return false;
  }
  return (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")) && start("xdg-open", page);
}

std::string title_of(const FoundSequence& found, const std::vector<reports::Story>& stories) {
  if (stories.size() == 1) return stories.front().title;
  std::vector<std::string> parts;
  if (!found.findings.empty()) parts.push_back(fmt::format("{} findings", found.findings.size()));
  if (!found.traces.empty()) parts.push_back(fmt::format("{} traces", found.traces.size()));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

process::ExitStatus show(const ShowOptions& options) {
  const auto found = find(options.paths);
  if (!found) return process::refuse_input(found.error());
  // A wrong --profile or --systems is said once, not once a file.
  const auto systems = choose_systems(options.systems, options.profile);
  if (!systems) return process::refuse(systems.error());

  bool is_unreadable = false;
  std::vector<reports::Story> stories;
  for (const fs::path& path : found->findings) {
    if (auto story = read_finding_file(path)) {
      stories.push_back(*std::move(story));
    } else {
      is_unreadable = true;
      process::refuse_input(story.error());
    }
  }
  Fleet fleet;
  for (const std::string& path : found->traces) {
    const auto file = read_trace(path);
    if (!file) {
      is_unreadable = true;
      process::refuse_input(file.error());
      continue;
    }
    auto story = story_of(*file, options, fleet);
    if (!story) return process::refuse(story.error());
    stories.push_back(*std::move(story));
  }
  if (stories.empty()) return process::ExitStatus::kBadInput;

  const auto page = options.out.empty() ? temporary_page() : options.out;
  if (!page) return process::refuse({process::ExitStatus::kLacks, page.error()});
  if (auto written = reports::write_atomically(
          *page, reports::stories_page(title_of(*found, stories), stories));
      !written) {
    return process::refuse({process::ExitStatus::kLacks, written.error().message});
  }
  fmt::print("{}\n", *page);
  if (options.open) open_page(*page);
  return is_unreadable ? process::ExitStatus::kBadInput : process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
