// kernel/build: building, step by step: what is needed, the configuration, make, the image kept.
#include "kernel/build/kernel_build.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <utility>

#include "kernel/build/clean_view.h"
#include "kernel/failed.h"
#include "kernel/store/command.h"
#include "kernel/store/kernel_source.h"
#include "kernel/store/place.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;
using spec::ToolFault;

constexpr std::array kPrograms{"make", "gcc", "ld", "flex", "bison", "bc", "perl", "gzip"};
constexpr std::string_view kRemedy =
    "a kernel is built with it: apt-get install make gcc flex bison bc perl libelf-dev";

std::expected<void, ToolFault> look_for_tools() {
  for (const char* program : kPrograms) {
    if (program_path(program).empty())
      return failed(program, fmt::format("not installed, and {}", kRemedy));
  }
  const auto found = run_command({"gcc", "-E", "-include", "gelf.h", "-x", "c", "/dev/null"});
  if (!found) return std::unexpected(found.error());
  if (found->status != 0) return failed("gelf.h", fmt::format("not installed, and {}", kRemedy));
  return {};
}

/// What a directory has that a kernel can be built of. The last is not among what an older vmadiff
/// fetched of a source.
std::expected<void, ToolFault> look_at_tree(const fs::path& tree) {
  std::error_code error;
  for (const char* file :
       {"Makefile", "Kconfig", "mm/Kconfig", "arch/x86/Kconfig", "drivers/virtio/virtio.c"}) {
    if (fs::exists(tree / file, error)) continue;
    return failed(
        tree, fmt::format("{} is not there, expected where the kernel's source has it{}", file,
                          is_fetched_source(tree)
                              ? fmt::format(": vmadiff kernels fetch {}", tree.filename().string())
                              : ""));
  }
  return {};
}

std::string text_of(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// The first error of all that was said, with the lines of the source that stand below it.
std::string error_with_its_lines(const std::string& text) {
  const auto first = first_error(text);
  std::string told = first;
  std::istringstream lines{text};
  std::string line;
  while (std::getline(lines, line) && line != first) {
  }
  while (std::getline(lines, line) && line.starts_with(' ')) told += "\n" + line;
  return told;
}

class KernelBuild {
 public:
  KernelBuild(fs::path tree, fs::path directory, const KernelBuildOptions& options)
      : tree_(std::move(tree)), directory_(std::move(directory)), options_(options) {}

  std::expected<StoredKernel, ToolFault> run() {
    if (auto there = choose_source(); !there) return std::unexpected(there.error());
    if (auto made = configure(); !made) return std::unexpected(made.error());
    say("compiling");
    if (auto made = make({"bzImage"}, "it does not compile", options_.on_line); !made)
      return std::unexpected(made.error());
    return keep_built_kernel(objects() / "arch/x86/boot/bzImage", options_.name, tree_);
  }

 private:
  void say(std::string_view what) const {
    if (options_.on_step) options_.on_step(what);
  }
  [[nodiscard]] fs::path objects() const { return directory_ / "o"; }
  [[nodiscard]] fs::path fragment() const { return directory_ / "fragment"; }

  /// The tree, or links to its sources where somebody has built in it. Where there once were links
  /// the objects are of these.
  std::expected<void, ToolFault> choose_source() {
    source_ = tree_;
    std::error_code error;
    const auto view = directory_ / "view";
    if (!was_built_in(tree_) && !fs::exists(view, error)) return {};
    say("linking the sources, since somebody has built in the tree");
    source_ = view;
    return link_sources(tree_, view);
  }

  /// Whether that was wished the last time, of Kconfig files that are no newer.
  [[nodiscard]] bool is_configured(std::string_view wished) const {
    if (text_of(fragment()) != wished) return false;
    std::error_code error;
    const auto since = fs::last_write_time(fragment(), error);
    if (error || !fs::exists(objects() / ".config", error)) return false;
    std::ifstream files{objects() / "include/config/auto.conf.cmd"};
    bool is_known = false;
    for (std::string word; files >> word;) {
      if (!fs::path{word}.filename().string().starts_with("Kconfig")) continue;
      is_known = true;
      const auto changed = fs::last_write_time(source_ / word, error);
      if (error || changed > since) return false;
    }
    return is_known;
  }

  /// What make is told of ours where nothing else is said of it, then what somebody wants besides.
  std::expected<void, ToolFault> configure() {
    const auto ours = wishes_of(options_.flavour);
    std::string wished;
    for (const Wish& wish : ours) wished += line_of(wish) + '\n';
    for (const Wish& wish : options_.more) wished += line_of(wish) + '\n';
    if (!is_configured(wished)) {
      say("configuring");
      const auto fragment = this->fragment();
      std::ofstream file{fragment};
      file << wished;
      file.close();
      if (!file) return failed(fragment, "it cannot be written");
      if (auto made = make({"KCONFIG_ALLCONFIG=" + fragment.string(), "allnoconfig"},
                           "its configuration", {});
          !made) {
        std::error_code error;
        fs::remove(fragment, error);
        return made;
      }
    }
    const auto configuration = text_of(objects() / ".config");
    for (const Wish& wish : not_granted(options_.more, configuration))
      return failed(tree_, fmt::format("it does not take {}: {}", line_of(wish), why_not(wish)));
    for (const Wish& wish : not_granted(ours, configuration)) {
      const bool is_changed =
          std::ranges::find(options_.more, wish.symbol, &Wish::symbol) != options_.more.end();
      if (!is_changed && !is_had_otherwise(wish, configuration) && options_.on_remark)
        options_.on_remark(fmt::format("without {}: {}", line_of(wish), why_not(wish)));
    }
    return {};
  }

  [[nodiscard]] std::string why_not(const Wish& wish) const {
    return knows_symbol(tree_, wish.symbol)
               ? "its Kconfig files have it, and not with this value beside the others"
               : "no Kconfig file of the tree has it";
  }

  std::expected<void, ToolFault> make(const std::vector<std::string>& targets,
                                      std::string_view what,
                                      const std::function<void(std::string_view)>& on_line) {
    std::vector<std::string> words{"make",
                                   fmt::format("-j{}", options_.jobs),
                                   "--no-print-directory",
                                   "-C",
                                   source_.string(),
                                   "ARCH=x86_64",
                                   "O=" + objects().string()};
    words.insert(words.end(), targets.begin(), targets.end());
    const auto result = run_command(words, directory_.string(),
                                    {.on_line = on_line, .interrupted = options_.interrupted});
    if (!result) return std::unexpected(result.error());
    if (options_.interrupted && options_.interrupted()) return failed(tree_, "interrupted");
    if (result->status == 0) return {};
    const auto log = directory_ / "log";
    std::ofstream{log} << result->output << result->errors;
    return failed(tree_, fmt::format("{} (all of it: {}): {}", what, log.string(),
                                     error_with_its_lines(result->errors)));
  }

  fs::path tree_;
  fs::path source_;
  fs::path directory_;
  const KernelBuildOptions& options_;
};

}  // namespace

std::expected<StoredKernel, ToolFault> build_kernel(const fs::path& tree,
                                                    const KernelBuildOptions& options) {
  const auto path = path_of_tree(tree);
  if (!path) return std::unexpected(path.error());
  if (auto there = look_at_tree(*path); !there) return std::unexpected(there.error());
  if (auto there = look_for_tools(); !there) return std::unexpected(there.error());
  if (const auto other = tree_of_built(options.name); !other.empty() && other != *path) {
    return failed(
        options.name,
        fmt::format("that name has a kernel of {}: --as gives this one another", other.string()));
  }
  auto place = take_place(*path, "-" + options.name);
  if (!place) return std::unexpected(place.error());
  // make has it, too: where this process is killed, nobody builds there before make has ended.
  ::fcntl(place->lock.number(), F_SETFD, 0);
  return KernelBuild{*path, place->directory, options}.run();
}

}  // namespace vmadiff::kernel
