// kernel/tree: a kernel's source as text.
#include "kernel/tree/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

namespace vmadiff::kernel {
namespace {

using spec::ToolFault;

bool is_of_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// The value of "NAME = value" among the first lines of a Makefile.
std::string make_value(std::string_view text, std::string_view name) {
  const auto line = fmt::format("\n{} = ", name);
  const auto at = text.find(line);
  if (at == std::string_view::npos) return {};
  const auto value = text.substr(at + line.size());
  return std::string{value.substr(0, value.find('\n'))};
}

}  // namespace

bool TreeSource::has(std::string_view file) const {
  std::error_code error;
  return std::filesystem::exists(directory_ / file, error);
}

std::expected<std::string, ToolFault> TreeSource::read(std::string_view file) const {
  const auto path = directory_ / file;
  std::ifstream stream{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{stream}, {}};
  if (!stream.is_open() || stream.bad()) {
    return std::unexpected(
        ToolFault{fmt::format("{}: {} is not there, expected a file of the kernel's source ({})",
                              directory_.string(), file, std::strerror(errno))});
  }
  return text;
}

bool TreeSource::says(std::string_view file, std::string_view text) const {
  const auto all = read(file);
  return all && all->contains(text);
}

std::expected<std::string, ToolFault> TreeSource::version() const {
  const auto text = read("Makefile");
  if (!text) return std::unexpected(text.error());
  const auto with_line = "\n" + *text;
  const auto major = make_value(with_line, "VERSION");
  const auto minor = make_value(with_line, "PATCHLEVEL");
  const auto stable = make_value(with_line, "SUBLEVEL");
  if (major.empty() || minor.empty()) {
    return std::unexpected(
        ToolFault{fmt::format("{}: no kernel's source: its Makefile has no VERSION and PATCHLEVEL",
                              directory_.string())});
  }
  return fmt::format("{}.{}.{}", major, minor, stable.empty() ? "0" : stable);
}

std::expected<FunctionText, std::string> find_function(std::string_view text,
                                                       std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos;
       at = text.find(name, at + 1)) {
    const auto after = at + name.size();
    if (after >= text.size() || text[after] != '(') continue;
    if (at > 0 && is_of_name(text[at - 1])) continue;
    const auto line = text.rfind('\n', at) + 1;  // of the first line: 0
    if (line >= text.size() || std::isalpha(static_cast<unsigned char>(text[line])) == 0) continue;
    // A definition: parameters, then a line that is a brace.
    const auto body = text.find("\n{\n", after);
    const auto statement = text.find(';', after);
    if (body == std::string_view::npos || statement < body) continue;
    const auto end = text.find("\n}\n", body);
    if (end == std::string_view::npos) continue;
    return FunctionText{line, body + 1, end + 3};
  }
  return std::unexpected(fmt::format("no definition of {}()", name));
}

std::expected<std::string, std::string> without_body(std::string_view text, std::string_view name) {
  const auto found = find_function(text, name);
  if (!found) return std::unexpected(found.error());
  // As many lines as before, so that what the compiler says of the rest is true.
  const auto lines = std::ranges::count(text.substr(found->body, found->end - found->body), '\n');
  return fmt::format("{};{}{}", text.substr(0, found->body - 1),
                     std::string(static_cast<std::size_t>(lines) + 1, '\n'),
                     text.substr(found->end));
}

std::expected<std::vector<std::string>, std::string> parameters_of(std::string_view text,
                                                                   std::string_view name) {
  const auto found = find_function(text, name);
  if (!found) return std::unexpected(found.error());
  const auto head = text.substr(found->begin, found->body - found->begin);
  const auto open = head.find('(', head.find(name));
  const auto close = head.rfind(')');
  std::vector<std::string> parameters(1);
  for (const char c : head.substr(open + 1, close - open - 1)) {
    const bool is_space = std::isspace(static_cast<unsigned char>(c)) != 0;
    if (c == ',') {
      parameters.emplace_back();
    } else if (!is_space) {
      parameters.back() += c;
    } else if (!parameters.back().empty() && parameters.back().back() != ' ') {
      parameters.back() += ' ';
    }
  }
  return parameters;
}

}  // namespace vmadiff::kernel
