// cli: reading trace files.
#include "cli/trace_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>

#include "cli/profile_spans.h"
#include "properties/claims/property.h"
#include "reports/quoting.h"
#include "spec/profile_text.h"
#include "spec/setup_text.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

namespace fs = std::filesystem;

/// A trace of a million calls is about 64 MiB. What is bigger (/dev/zero, say) is no trace.
constexpr std::size_t kTraceBytesMax = std::size_t{64} << 20;
constexpr std::size_t kErrorsListed = 20;

std::string reason(int error) { return std::strerror(error); }

/// The null device is an empty trace. Whatever else is no regular file may never end: a pipe that
/// nobody writes to, a terminal, /dev/zero.
bool may_be_read(const struct ::stat& status) {
  return S_ISREG(status.st_mode) || (S_ISCHR(status.st_mode) && status.st_rdev == ::makedev(1, 3));
}

/// The value of "# KEY: VALUE", if the line is that.
std::optional<std::string_view> directive(std::string_view line, std::string_view key) {
  const auto skip = [&line] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  };
  skip();
  if (!line.starts_with('#')) return std::nullopt;
  line.remove_prefix(1);
  skip();
  if (!line.starts_with(key)) return std::nullopt;
  line.remove_prefix(key.size());
  if (!line.starts_with(':')) return std::nullopt;
  line.remove_prefix(1);
  skip();
  const auto last = line.find_last_not_of(" \t\r");
  return line.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// Each function takes in one directive's value, or says what is wrong with it.
std::optional<std::string> take_profile(std::string_view value, Directives& out) {
  if (auto read = spec::read_profile_text(value); !read) return read.error();
  out.profile = value;
  return std::nullopt;
}

std::optional<std::string> take_systems(std::string_view value, Directives& out) {
  auto systems = systems::parse_systems(value);
  if (!systems) return systems.error();
  out.systems = *std::move(systems);
  return std::nullopt;
}

std::optional<std::string> take_setup(std::string_view value, Directives& out) {
  spec::Setup setup = spec::Setup::standard();
  if (auto read = spec::read_setup_text(value, setup); !read) return read.error();
  out.setup = value;
  return std::nullopt;
}

std::optional<std::string> take_expect(std::string_view value, Directives& out) {
  const auto known = properties::all_properties();
  if (std::ranges::find(known, value, &properties::Property::name) == known.end()) {
    return fmt::format("unknown claim '{}' (docs/properties.md lists them)", value);
  }
  // Said twice it is one claim, and looked at once.
  if (std::ranges::find(out.expect, value) == out.expect.end()) out.expect.emplace_back(value);
  return std::nullopt;
}

std::optional<std::string> take_holds(std::string_view value, Directives& out) {
  auto names = read_profile_spans(value);
  if (!names) return names.error();
  out.holds = *std::move(names);
  return std::nullopt;
}

std::optional<std::string> take_vmas(std::string_view profile, std::string_view value,
                                     Directives& out) {
  std::size_t count = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, count);
  if (error != std::errc{} || stop != end) return fmt::format("expected a number, got '{}'", value);
  out.vmas.push_back({std::string{profile}, count});
  return std::nullopt;
}

/// "# vmas: N", and "# vmas PROFILE: N" for each profile. What is wrong with it, if anything.
std::optional<std::string> read_vmas(std::string_view line, Directives& out) {
  if (const auto value = directive(line, "vmas")) return take_vmas({}, *value, out);
  for (const auto& profile : spec::profiles()) {
    const auto value = directive(line, fmt::format("vmas {}", profile.name));
    if (value) return take_vmas(profile.name, *value, out);
  }
  return std::nullopt;
}

/// What is wrong with the line as a directive, if it is one.
std::optional<std::string> read_directive(std::string_view line, Directives& out) {
  struct Row {
    std::string_view key;
    std::optional<std::string> (*take)(std::string_view, Directives&);
  };
  constexpr std::array kRows{Row{"profile", take_profile}, Row{"systems", take_systems},
                             Row{"expect", take_expect}, Row{"setup", take_setup},
                             Row{"holds", take_holds}};
  for (const Row& row : kRows) {
    const auto value = directive(line, row.key);
    if (!value) continue;
    auto wrong = row.take(*value, out);
    if (wrong) wrong = fmt::format("in '# {}:': {}", row.key, *wrong);
    return wrong;
  }
  auto wrong = read_vmas(line, out);
  if (wrong) wrong = fmt::format("in '# vmas:': {}", *wrong);
  return wrong;
}

/// Takes in a line that says something of the end.
std::optional<spec::ParseError> take_end(std::size_t number, std::string_view line,
                                         std::string_view text, Directives& out) {
  auto claim = read_end_claim(text);
  if (!claim) {
    const auto before = static_cast<std::size_t>(text.data() - line.data());
    return spec::ParseError{number, before + claim.error().at + 1,
                            fmt::format("in '#=': {}", claim.error().message)};
  }
  claim->line = number;
  out.ends.push_back(*std::move(claim));
  return std::nullopt;
}

/// Each error stands with its line, at the value of the directive.
std::vector<spec::ParseError> read_directives(std::string_view text, Directives& out) {
  std::vector<spec::ParseError> errors;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto newline = text.find('\n');
    const auto line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] != '#') continue;
    if (const auto end = end_claim_text(line)) {
      if (auto wrong = take_end(number, line, *end, out)) errors.push_back(*std::move(wrong));
    } else if (auto wrong = read_directive(line, out)) {
      const auto value = line.find_first_not_of(" \t", line.find(':') + 1);
      errors.push_back({number, std::min(value, line.size()) + 1, *std::move(wrong)});
    }
  }
  if (auto wrong = contradiction_in(out.ends)) {
    errors.push_back({wrong->line, 1, fmt::format("in '#=': {}", wrong->message)});
  }
  return errors;
}

std::string listed(const std::string& path, const std::vector<spec::ParseError>& errors) {
  std::string out;
  for (std::size_t i = 0; i < std::min(errors.size(), kErrorsListed); ++i) {
    out += fmt::format("{}{}", i == 0 ? "" : "\n", spec::text(path, errors[i]));
  }
  if (errors.size() > kErrorsListed) {
    out += fmt::format("\n{}: and {} more errors", path, errors.size() - kErrorsListed);
  }
  return out;
}

}  // namespace

std::expected<std::string, std::string> read_bytes(const std::string& path, std::string_view what,
                                                   std::size_t bytes_max) {
  const std::string shown = reports::printable_line(path);
  const auto cannot = [&](int error) {
    return std::unexpected(fmt::format("{}: cannot be read: {}", shown, reason(error)));
  };
  // Opening a pipe would wait for somebody to write to it.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) return cannot(errno);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{::fdopen(descriptor, "rb"),
                                                             std::fclose};
  struct ::stat status{};
  if (!file || ::fstat(descriptor, &status) != 0) return cannot(errno);
  if (S_ISDIR(status.st_mode)) {
    return std::unexpected(fmt::format("{}: is a directory, expected {} file", shown, what));
  }
  if (!may_be_read(status)) {
    return std::unexpected(
        fmt::format("{}: is no regular file: write {} to one first", shown, what));
  }
  const auto too_long = [&](std::uint64_t bytes) {
    return std::unexpected(fmt::format(
        "{}: is {} bytes long, and {} has at most {} (a million calls): cut it into parts", shown,
        bytes, what, bytes_max));
  };
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > bytes_max) return too_long(size);
  std::string text;
  std::array<char, 65536> buffer;
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), got);
    if (text.size() > bytes_max) return too_long(text.size());
  }
  if (std::ferror(file.get()) != 0) return cannot(errno);
  return text;
}

std::expected<std::string, std::string> read_trace_text(const std::string& path) {
  return read_bytes(path, "a trace", kTraceBytesMax);
}

std::expected<TraceFile, std::string> trace_of_text(const std::string& path,
                                                    std::string_view text) {
  const std::string shown = reports::printable_line(path);
  if (text.find('\0') != std::string_view::npos) {
    return std::unexpected(
        fmt::format("{}: is binary (byte {} is 0), expected trace text", shown, text.find('\0')));
  }
  auto parsed = spec::parse_trace(text);
  Directives directives;
  auto errors = read_directives(text, directives);
  std::ranges::move(parsed.errors, std::back_inserter(errors));
  std::ranges::sort(errors, {}, &spec::ParseError::line);
  if (!errors.empty()) return std::unexpected(listed(shown, errors));
  return TraceFile{shown, std::move(parsed.trace), std::move(directives)};
}

std::expected<TraceFile, std::string> read_trace(const std::string& path) {
  const auto text = read_trace_text(path);
  if (!text) return std::unexpected(text.error());
  return trace_of_text(path, *text);
}

spec::Setup setup_of(const TraceFile& file, spec::Setup setup) {
  // It was read once already, when the directive was taken in.
  static_cast<void>(spec::read_setup_text(file.directives.setup, setup));
  return setup;
}

std::string profile_to_ask(const TraceFile& file, std::string_view asked) {
  const auto& directives = file.directives;
  if (!asked.empty() || !directives.profile.empty() || directives.holds.empty())
    return std::string{asked};
  const auto& holds = directives.holds;
  const bool by_default = std::ranges::find(holds, spec::kDefaultProfileName) != holds.end();
  return by_default ? std::string{} : holds.back();
}

std::expected<std::vector<std::string>, std::string> find_traces(
    const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (!fs::exists(status)) {
      return std::unexpected(
          fmt::format("{}: {}", reports::printable_line(path),
                      error ? error.message() : std::string{"no such file or directory"}));
    }
    if (!fs::is_directory(status)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> below;
    fs::recursive_directory_iterator at{path, error};
    for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
      if (at->path().extension() == ".trace" && !at->is_directory(error)) {
        below.push_back(at->path().string());
      }
    }
    if (error) {
      return std::unexpected(
          fmt::format("{}: cannot be read: {}", reports::printable_line(path), error.message()));
    }
    std::ranges::sort(below);
    files.insert(files.end(), below.begin(), below.end());
  }
  return files;
}

}  // namespace vmadiff::cli
