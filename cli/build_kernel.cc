// cli: the kernels build command.
#include "cli/build_kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "kernel/build/kernel_build.h"
#include "kernel/store/built_kernels.h"
#include "kernel/store/kernel_source.h"
#include "process/interrupt.h"
#include "process/terminal.h"

namespace vmadiff::cli {
namespace {

/// What make is at, on stderr; on a terminal with how many files are compiled, and the last.
class MakeLines {
 public:
  void begin(std::string_view what) {
    line_.end(false);
    line_.begin(what);
  }
  /// "  CC      mm/vma.o"
  void line(std::string_view text) {
    if (!text.starts_with("  ")) return;
    ++done_;
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const auto file = text.find_last_of(' ');
    if (file != std::string_view::npos)
      line_.more(fmt::format(": {} files, {}", done_, text.substr(file + 1)));
  }
  void end() { line_.end(false); }

 private:
  process::StepLine line_;
  std::size_t done_ = 0;
};

std::expected<std::vector<kernel::Wish>, std::string> read_fragment(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file.is_open() || file.bad())
    return std::unexpected(
        fmt::format("{}: cannot be read: expected a file with lines such as CONFIG_KSM=y", path));
  auto wishes = kernel::wishes_in(text);
  if (!wishes) return std::unexpected(fmt::format("{}: {}", path, wishes.error()));
  return wishes;
}

/// What is added to a tree's name.
std::string suffix_of(const BuildKernel& options, kernel::Flavour flavour) {
  auto suffix = kernel::suffix_of(flavour);
  if (!options.config.empty())
    suffix += "-" + std::filesystem::path{options.config}.stem().string();
  return suffix;
}

}  // namespace

process::ExitStatus build_kernel(const BuildKernel& options) {
  const kernel::Flavour flavour{.debug = options.debug, .kasan = options.kasan};
  std::vector<kernel::Wish> more;
  if (!options.config.empty()) {
    auto read = read_fragment(options.config);
    if (!read) return process::refuse_input(read.error());
    more = *std::move(read);
  }
  const auto tree = kernel::find_source(options.tree);
  if (!tree) return process::refuse({process::ExitStatus::kLacks, tree.error()});
  std::error_code error;
  const auto whole = std::filesystem::canonical(*tree, error);
  const auto name = options.as.empty() ? kernel::built_name_of(whole, suffix_of(options, flavour))
                                       : fmt::format("built-{}", options.as);
  if (!kernel::is_built_name(name)) {
    return process::refuse_input(
        fmt::format("--as '{}': expected letters, digits and . _ - + alone", options.as));
  }
  process::watch_for_interrupts();
  MakeLines lines;
  const auto built = kernel::build_kernel(
      whole,
      {.flavour = flavour,
       .more = std::move(more),
       .name = name,
       .jobs = options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency()),
       .on_step = [&lines](std::string_view what) { lines.begin(what); },
       .on_line = [&lines](std::string_view text) { lines.line(text); },
       .on_remark =
           [&lines](std::string_view what) {
             lines.end();
             fmt::print(stderr, "{}\n", what);
           },
       .interrupted = process::is_interrupted});
  lines.end();
  if (!built) return process::refuse({process::ExitStatus::kLacks, built.error().message});
  fmt::print("{}  {}  {}\n", built->name, built->release, built->image.string());
  return process::ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
