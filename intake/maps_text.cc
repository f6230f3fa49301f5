// intake: reading maps, one line a mapping; smaps has more lines behind each.
#include "intake/maps_text.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "spec/flags.h"

namespace vmadiff::intake {
namespace {

std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> number(std::string_view word, int base) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (error != std::errc{} || stop != word.data() + word.size()) return std::nullopt;
  return value;
}

/// "START-END PERMS OFFSET DEVICE INODE PATH".
std::optional<MapsEntry> entry_of(std::string_view line) {
  const auto range = take_word(line);
  const auto dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto start = number(range.substr(0, dash), 16);
  const auto end = number(range.substr(dash + 1), 16);
  const auto permissions = take_word(line);
  const auto offset = number(take_word(line), 16);
  take_word(line);
  const auto inode = number(take_word(line), 10);
  if (!start || !end || *start >= *end || permissions.size() != 4 || !offset || !inode) {
    return std::nullopt;
  }
  MapsEntry entry;
  entry.range = {*start, *end};
  if (permissions[0] == 'r') entry.prot |= spec::kProtRead;
  if (permissions[1] == 'w') entry.prot |= spec::kProtWrite;
  if (permissions[2] == 'x') entry.prot |= spec::kProtExec;
  entry.is_shared = permissions[3] == 's';
  entry.offset = *offset;
  entry.inode = *inode;
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  entry.path = line;
  return entry;
}

}  // namespace

std::vector<MapsEntry> read_maps(std::string_view text) {
  std::vector<MapsEntry> out;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    auto line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    constexpr std::string_view kAnonymous = "Anonymous:";
    if (line.starts_with(kAnonymous)) {
      line.remove_prefix(kAnonymous.size());
      if (!out.empty()) out.back().has_own_pages = take_word(line) != "0";
    } else if (auto entry = entry_of(line)) {
      out.push_back(*std::move(entry));
    }
  }
  return out;
}

}  // namespace vmadiff::intake
