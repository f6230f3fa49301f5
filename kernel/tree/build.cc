// kernel/tree: building, step by step: what is read of the tree and written beside it, configuring,
// and two links, between which it is found out what neither the tree nor the glue has.
#include "kernel/tree/build.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

#include "kernel/failed.h"
#include "kernel/store/command.h"
#include "kernel/store/place.h"
#include "kernel/tree/makefile.h"
#include "kernel/tree/missing.h"
#include "kernel/tree/parts.h"
#include "kernel/tree/probes.h"
#include "kernel/tree/source.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;
using spec::ToolFault;

std::expected<void, ToolFault> write_if_changed(const fs::path& path, std::string_view text) {
  {
    std::ifstream old{path, std::ios::binary};
    std::ostringstream content;
    if (old.is_open()) {
      content << old.rdbuf();
      if (content.str() == text) return {};
    }
  }
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  if (!file) return failed(path, "it cannot be written");
  return {};
}

class Build {
 public:
  Build(TreeSource source, fs::path directory, const TreeOptions& options)
      : source_(std::move(source)), directory_(std::move(directory)), options_(options) {}

  std::expected<fs::path, ToolFault> run() {
    if (auto there = find_parts(); !there) return std::unexpected(there.error());
    if (auto written = write_sources(); !written) return std::unexpected(written.error());
    if (auto made = configure(); !made) return std::unexpected(made.error());
    const auto is_made = run_command({"make", "-q", "-C", directory_.string(), "first.so"});
    if (!is_made || is_made->status != 0) say("compiling the tree's memory calls");
    if (auto made = make("first.so"); !made) return std::unexpected(made.error());
    const auto missing = what_is_missing(directory_ / "first.so");
    if (!missing) return std::unexpected(missing.error());
    if (auto written = write_if_changed(directory_ / "missing.c", *missing); !written)
      return std::unexpected(written.error());
    if (auto made = make("tree.so"); !made) return std::unexpected(made.error());
    return directory_ / "tree.so";
  }

 private:
  void say(std::string_view what) const {
    if (options_.on_step) options_.on_step(what);
  }

  /// The parts that this tree has.
  std::expected<void, ToolFault> find_parts() {
    std::string missing;
    for (const TreePart& part : tree_parts()) {
      if (!part.beside.empty() && !source_.has(part.beside)) continue;
      if (source_.has(part.file)) {
        parts_.push_back(part);
      } else if (!part.may_be_absent) {
        missing += fmt::format("{}{}", missing.empty() ? "" : ", ", part.file);
      }
    }
    if (missing.empty()) return {};
    return failed(source_.directory(),
                  fmt::format("{}: not there, expected where the kernel's source has it", missing));
  }

  std::expected<void, ToolFault> write_sources() {
    for (const GlueFile& file : glue_files()) {
      if (auto written = write_if_changed(directory_ / kGlueFolder / file.name, file.text);
          !written)
        return written;
    }
    const auto probes = probe(source_);
    if (!probes) return std::unexpected(probes.error());
    if (auto written = write_if_changed(directory_ / "probes.h", *probes); !written) return written;
    const auto gup = source_.read("mm/gup.c");
    if (!gup) return std::unexpected(gup.error());
    const auto cut = without_body(*gup, "follow_page_mask");
    if (!cut) return failed(source_.directory() / "mm/gup.c", cut.error());
    if (auto written = write_if_changed(
            directory_ / "gup.c",
            fmt::format("#line 1 \"{}\"\n{}", (source_.directory() / "mm/gup.c").string(), *cut));
        !written)
      return written;
    if (auto written = write_if_changed(directory_ / "configuration", tree_configuration());
        !written)
      return written;
    return write_if_changed(directory_ / "Makefile",
                            tree_makefile(source_.directory(), parts_,
                                          {.sanitize = options_.sanitize,
                                           .coverage = options_.coverage,
                                           .tells_blocks = options_.tells_blocks}));
  }

  /// The tree, or where somebody has built in it, links to all of it but what was built: a kernel
  /// is not configured elsewhere while it is configured in its source.
  std::expected<fs::path, ToolFault> clean_view() const {
    const auto& tree = source_.directory();
    if (!source_.has(".config") && !source_.has("include/config") &&
        !source_.has("arch/x86/include/generated"))
      return tree;
    auto view = directory_ / "view";
    std::error_code error;
    fs::remove_all(view, error);
    for (const auto& [below, but] : std::vector<std::pair<std::string, std::set<std::string>>>{
             {"", {"include", "arch", ".config", ".config.old", "view"}},
             {"include", {"config", "generated"}},
             {"arch", {"x86"}},
             {"arch/x86", {"include"}},
             {"arch/x86/include", {"generated"}}}) {
      const auto is_left_out = [&but](std::string_view name) {
        return but.contains(std::string{name});
      };
      if (auto linked = link_entries(tree / below, view / below, is_left_out); !linked)
        return std::unexpected(linked.error());
    }
    return view;
  }

  std::expected<void, ToolFault> configure() {
    const auto stamp = directory_ / "configured";
    std::error_code error;
    const auto is_older = [&](const fs::path& file) {
      const auto time = fs::last_write_time(file, error);
      return error || time > fs::last_write_time(stamp, error) || error;
    };
    if (fs::exists(stamp, error) && !is_older(directory_ / "configuration") &&
        !is_older(source_.directory() / "Makefile") &&
        !is_older(source_.directory() / "mm/Kconfig") &&
        !is_older(source_.directory() / "arch/x86/Kconfig"))
      return {};
    say("configuring a kernel out of the tree's directory");
    const auto view = clean_view();
    if (!view) return std::unexpected(view.error());
    const std::vector<std::string> common{"make", "-s",
                                          fmt::format("-j{}", std::thread::hardware_concurrency()),
                                          "-C", view->string(), "ARCH=x86_64",
                                          // Programs that are run for a moment.
                                          "HOSTCFLAGS=-O0", "O=" + (directory_ / "o").string()};
    auto first = common;
    first.insert(first.end(),
                 {"KCONFIG_ALLCONFIG=" + (directory_ / "configuration").string(), "allnoconfig"});
    auto second = common;
    second.emplace_back("prepare0");
    for (const auto& words : {first, second}) {
      if (auto ran = command(words, "its configuration"); !ran) return ran;
    }
    std::ofstream{stamp} << "\n";
    return {};
  }

  std::expected<void, ToolFault> make(const std::string& target) {
    return command({"make", "-s", fmt::format("-j{}", std::thread::hardware_concurrency()), "-C",
                    directory_.string(), target},
                   "it does not compile with the glue");
  }

  /// Runs it; where it fails, the first error is told, and where all that it said is.
  std::expected<void, ToolFault> command(const std::vector<std::string>& words,
                                         std::string_view what) {
    const auto result = run_command(words, directory_.string());
    if (!result) return std::unexpected(result.error());
    if (result->status == 0) return {};
    const auto log = directory_ / "log";
    std::ofstream{log} << result->output << result->errors;
    return failed(source_.directory(), fmt::format("{}: {} (all of it: {})", what,
                                                   first_error(result->errors), log.string()));
  }

  TreeSource source_;
  fs::path directory_;
  const TreeOptions& options_;
  std::vector<TreePart> parts_;
};

}  // namespace

std::expected<BuiltTree, ToolFault> build_tree(const fs::path& tree, const TreeOptions& options) {
  // Its runtime is for this program alone (sanitizer.h).
  if (!options.sanitize.empty()) ::unsetenv("LD_PRELOAD");  // NOLINT(concurrency-mt-unsafe)
  for (const char* program : {"make", "gcc", "flex", "bison", "bc", "nm", "readelf"}) {
    if (program_path(program).empty()) {
      return failed(program,
                    "not installed, and a tree is built with it: apt-get install make gcc "
                    "flex bison bc binutils");
    }
  }
  const auto path = path_of_tree(tree);
  if (!path) return std::unexpected(path.error());
  TreeSource source{*path};
  const auto traits = traits_of(source);
  const auto version = source.version();
  if (!version) return std::unexpected(version.error());
  const auto place =
      take_place(*path, fmt::format("{}{}{}{}", options.sanitize.empty() ? "" : "-",
                                    options.sanitize, options.coverage ? "-coverage" : "",
                                    options.tells_blocks ? "-blocks" : ""));
  if (!place) return std::unexpected(place.error());
  auto object = Build{std::move(source), place->directory, options}.run();
  if (!object) return std::unexpected(object.error());
  return BuiltTree{*std::move(object), *version, traits};
}

}  // namespace vmadiff::kernel
