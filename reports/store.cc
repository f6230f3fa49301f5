// reports: writing files that are whole or absent.
#include "reports/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "reports/draft_test.h"
#include "reports/json.h"
#include "reports/quoting.h"
#include "reports/reproducer.h"
#include "reports/terminal.h"
#include "reports/trace.h"
#include "spec/trace_text.h"

namespace vmadiff::reports {
namespace {

namespace fs = std::filesystem;
using Result = std::expected<void, spec::ToolFault>;

std::unexpected<spec::ToolFault> fault(const fs::path& path, std::string_view what, int error) {
  return std::unexpected(
      spec::ToolFault{fmt::format("{}: {}: {}", path.string(), what, std::strerror(error))});
}

Result write_all(int descriptor, const fs::path& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(descriptor, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fault(path, "cannot be written", errno);
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

/// Writes, flushes and closes; each of the three can be where a full disk shows.
Result write_and_close(int descriptor, const fs::path& path, std::string_view text, bool flush) {
  auto result = write_all(descriptor, path, text);
  if (result && flush && ::fsync(descriptor) != 0) {
    result = fault(path, "cannot be flushed to the disk", errno);
  }
  if (::close(descriptor) != 0 && result) result = fault(path, "cannot be closed", errno);
  return result;
}

Result write_in_place(const fs::path& path, std::string_view text) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return fault(path, "cannot be opened", errno);
  return write_and_close(descriptor, path, text, false);
}

Result write_and_rename(const fs::path& path, std::string_view text) {
  std::string temporary = path.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0) return fault(path, "cannot be made", errno);
  // mkostemp's is 0600, and a report is there to be read. A file that is replaced stays its owner's
  // and as open as it was, as far as we may.
  struct ::stat was{};
  if (::stat(path.c_str(), &was) == 0) {
    static_cast<void>(::fchown(descriptor, was.st_uid, was.st_gid) == 0);
    ::fchmod(descriptor, was.st_mode & 07777U);
  } else {
    ::fchmod(descriptor, 0644);
  }
  auto result = write_and_close(descriptor, path, text, true);
  if (result && ::rename(temporary.c_str(), path.c_str()) != 0) {
    result = fault(path, "cannot be renamed into place", errno);
  }
  if (!result) ::unlink(temporary.c_str());
  return result;
}

}  // namespace

Result write_atomically(const fs::path& path, std::string_view text) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (fs::is_directory(status)) return fault(path, "cannot be written", EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) return write_in_place(path, text);
  // A link is followed: it is its target that is replaced.
  const auto target = fs::exists(status) ? fs::canonical(path, error) : path;
  return write_and_rename(error ? path : target, text);
}

std::string file_stem(const properties::Finding& finding) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a, 64 bits
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ 0xffU) * 0x100000001b3;
  };
  add(finding.fingerprint);
  add(finding.profile);
  for (const std::string& system : systems_of(finding)) add(system);
  return fmt::format("{:016x}", hash);
}

namespace {

/// How long a finding's trace is to its reader: calls, and limits that must be set up; then
/// letters.
using Length = std::pair<std::size_t, std::size_t>;

Length length_of(const spec::Sequence& sequence, std::string_view setup) {
  const auto words = static_cast<std::size_t>(std::ranges::count(setup, '='));
  return {sequence.size() + words, spec::print_trace(sequence).size()};
}

/// Of a trace that was written before; nothing where there is none that can be read.
std::optional<Length> length_of(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return std::nullopt;
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  auto parsed = spec::parse_trace(text);
  if (!parsed.errors.empty() || parsed.trace.sequence.empty()) return std::nullopt;
  std::string_view setup;
  constexpr std::string_view kSetup = "# setup: ";
  for (const std::string& line : parsed.trace.comments.front()) {
    if (line.starts_with(kSetup)) setup = std::string_view{line}.substr(kSetup.size());
  }
  // As it was found, without what was asserted since.
  for (spec::Step& step : parsed.trace.sequence) step.expected.reset();
  return length_of(parsed.trace.sequence, setup);
}

void write_one(FindingFiles& files, const fs::path& path, std::string_view text,
               fs::path& written) {
  if (auto result = write_atomically(path, text); result) {
    written = path;
  } else if (files.fault.empty()) {
    files.fault = result.error().message;
  }
}

/// Where it is there.
fs::path present(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored) ? path : fs::path{};
}

}  // namespace

FindingFiles write_trace(const fs::path& directory, const properties::Finding& finding,
                         bool replace) {
  FindingFiles files;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    files.fault = fmt::format("{}: cannot be made: {}", directory.string(), error.message());
    return files;
  }
  const auto stem = (directory / file_stem(finding)).string();
  auto plain = finding.sequence;
  for (spec::Step& step : plain) step.expected.reset();
  const auto there = replace ? std::nullopt : length_of(fs::path{stem + ".trace"});
  if (there && *there < length_of(plain, setup_directive(finding))) {
    return {.trace = stem + ".trace",
            .json = present(stem + ".json"),
            .reproducer = present(stem + ".c"),
            .text = present(stem + ".txt"),
            .log = present(stem + ".log"),
            .test = present(stem + ".test.cc"),
            .is_kept = true};
  }
  write_one(files, stem + ".trace", print_finding_trace(finding), files.trace);
  if (!finding.log.empty()) write_one(files, stem + ".log", finding.log, files.log);
  return files;
}

void write_reports(const properties::Finding& finding, FindingFiles& files) {
  if (files.is_kept || files.trace.empty()) return;
  const auto stem = fs::path{files.trace}.replace_extension().string();
  write_one(files, stem + ".json", dumped(json_with_files(finding, files), 2) + "\n", files.json);
  write_one(files, stem + ".c", c_reproducer(finding), files.reproducer);
  if (const auto draft = draft_regression_test(finding))
    write_one(files, stem + ".test.cc", *draft, files.test);
  write_one(files, stem + ".txt", printable(terminal_text(finding, files)), files.text);
}

FindingFiles write_finding(const fs::path& directory, const properties::Finding& finding) {
  auto files = write_trace(directory, finding);
  write_reports(finding, files);
  return files;
}

}  // namespace vmadiff::reports
