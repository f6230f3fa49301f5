// kernel/tree: asking addr2line.
#include "kernel/tree/source_lines.h"

#include <fmt/format.h>

#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "kernel/store/command.h"

namespace vmadiff::kernel {
namespace {

/// What stands for an address in a line, and the address: "0x5f23cd".
struct Mark {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view offset;
};

std::optional<Mark> mark_in(std::string_view line) {
  constexpr std::string_view kObject = "(/proc/self/fd/";
  const auto begin = line.find(kObject);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto plus = line.find("+0x", begin);
  const auto end = line.find(')', begin);
  if (plus == std::string_view::npos || end == std::string_view::npos || plus > end)
    return std::nullopt;
  return Mark{begin, end + 1, line.substr(plus + 1, end - plus - 1)};
}

template <typename Body>
void for_each_line(std::string_view text, const Body& body) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    body(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace

void SourceLines::look_up(std::string_view report) {
  std::vector<std::string> asked;
  for_each_line(report, [&](std::string_view line) {
    const auto mark = mark_in(line);
    if (mark && known_.try_emplace(std::string{mark->offset}).second)
      asked.emplace_back(mark->offset);
  });
  if (asked.empty()) return;
  std::vector<std::string> words{"addr2line", "-f", "-e", object_.string()};
  words.insert(words.end(), asked.begin(), asked.end());
  const auto said = run_command(words);
  if (!said) return;
  // Two lines each: the function, then the file, its number, and perhaps more. Files of the build
  // are named from its directory on.
  const auto directory = object_.parent_path().string() + "/";
  std::istringstream lines{said->output};
  std::string function;
  std::string place;
  for (const std::string& offset : asked) {
    if (!std::getline(lines, function) || !std::getline(lines, place)) return;
    if (place.starts_with("??")) continue;
    if (place.starts_with(directory)) place.erase(0, directory.size());
    known_[offset] = fmt::format("{} in {}", place.substr(0, place.find(' ')), function);
  }
}

std::string SourceLines::in(std::string_view report) {
  look_up(report);
  std::string out;
  bool was_in_tree = false;  // a frame above, of the same stack
  for_each_line(report, [&](std::string_view line) {
    const bool is_frame = line.starts_with("    #");
    const auto mark = mark_in(line);
    if (!is_frame) was_in_tree = false;
    if (is_frame && was_in_tree && !mark) return;
    was_in_tree = was_in_tree || (is_frame && mark);
    const auto known = mark ? known_.find(mark->offset) : known_.end();
    if (known == known_.end() || known->second.empty()) {
      out += fmt::format("{}\n", line);
    } else {
      out += fmt::format("{}{}{}\n", line.substr(0, mark->begin), known->second,
                         line.substr(mark->end));
    }
  });
  return out;
}

}  // namespace vmadiff::kernel
