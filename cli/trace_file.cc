// cli: reading trace files.
#include "cli/trace_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/systems.h"
#include "properties/property.h"
#include "spec/profile_text.h"
#include "spec/setup_text.h"

namespace vmadiff::cli {
namespace {

namespace fs = std::filesystem;

/// A trace of a million calls is about 64 MiB. What is bigger (/dev/zero, say) is no trace.
constexpr std::size_t kTraceBytesMax = std::size_t{64} << 20;
constexpr std::size_t kErrorsListed = 20;

std::string reason(int error) { return std::strerror(error); }

std::expected<std::string, std::string> read_bytes(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    return std::unexpected(fmt::format("{}: is a directory, expected a trace file", path));
  }
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen(path.c_str(), "rb"),
                                                             std::fclose};
  if (!file) return std::unexpected(fmt::format("{}: cannot be read: {}", path, reason(errno)));
  std::string text;
  std::array<char, 65536> buffer;
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    text.append(buffer.data(), got);
    if (text.size() > kTraceBytesMax) {
      return std::unexpected(
          fmt::format("{}: is over {} bytes long: no trace", path, kTraceBytesMax));
    }
  }
  if (std::ferror(file.get()) != 0) {
    return std::unexpected(fmt::format("{}: cannot be read: {}", path, reason(errno)));
  }
  return text;
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
  auto systems = parse_systems(value);
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
  out.expect.emplace_back(value);
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

/// "# vmas: N", and "# vmas PROFILE: N" for each profile.
std::optional<std::string> read_vmas(std::string_view line, Directives& out) {
  if (const auto value = directive(line, "vmas")) return take_vmas({}, *value, out);
  for (const auto& profile : spec::profiles()) {
    const auto value = directive(line, fmt::format("vmas {}", profile.name));
    if (value) return take_vmas(profile.name, *value, out);
  }
  return std::nullopt;
}

std::expected<Directives, std::string> read_directives(const spec::Trace& trace) {
  struct Row {
    std::string_view key;
    std::optional<std::string> (*take)(std::string_view, Directives&);
  };
  constexpr std::array kRows{Row{"profile", take_profile}, Row{"systems", take_systems},
                             Row{"expect", take_expect}, Row{"setup", take_setup}};
  Directives out;
  for (const auto& lines : trace.comments) {
    for (const std::string& line : lines) {
      if (const auto wrong = read_vmas(line, out)) {
        return std::unexpected(fmt::format("in '{}': {}", line, *wrong));
      }
      for (const Row& row : kRows) {
        const auto value = directive(line, row.key);
        if (!value) continue;
        if (const auto wrong = row.take(*value, out)) {
          return std::unexpected(fmt::format("in '# {}:': {}", row.key, *wrong));
        }
      }
    }
  }
  return out;
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

std::expected<TraceFile, std::string> read_trace(const std::string& path) {
  const auto text = read_bytes(path);
  if (!text) return std::unexpected(text.error());
  if (text->find('\0') != std::string::npos) {
    return std::unexpected(
        fmt::format("{}: is binary (byte {} is 0), expected trace text", path, text->find('\0')));
  }
  auto parsed = spec::parse_trace(*text);
  if (!parsed.errors.empty()) return std::unexpected(listed(path, parsed.errors));
  auto directives = read_directives(parsed.trace);
  if (!directives) return std::unexpected(fmt::format("{}: {}", path, directives.error()));
  return TraceFile{path, std::move(parsed.trace), *std::move(directives)};
}

spec::Setup setup_of(const TraceFile& file, spec::Setup setup) {
  // It was read once already, when the directive was taken in.
  static_cast<void>(spec::read_setup_text(file.directives.setup, setup));
  return setup;
}

std::expected<std::vector<std::string>, std::string> find_traces(
    const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    const auto status = fs::status(path, error);
    if (!fs::exists(status)) {
      return std::unexpected(fmt::format(
          "{}: {}", path, error ? error.message() : std::string{"no such file or directory"}));
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
      return std::unexpected(fmt::format("{}: cannot be read: {}", path, error.message()));
    }
    std::ranges::sort(below);
    files.insert(files.end(), below.begin(), below.end());
  }
  return files;
}

}  // namespace vmadiff::cli
