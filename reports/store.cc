// reports: writing files that are whole or absent.
#include "reports/store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "reports/json.h"
#include "reports/reproducer.h"
#include "reports/terminal.h"
#include "reports/trace.h"

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
  ::fchmod(descriptor, 0644);  // mkostemp's is 0600, and a report is there to be read
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
  for (const char c : finding.fingerprint) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return fmt::format("{:016x}", hash);
}

FindingFiles write_finding(const fs::path& directory, const properties::Finding& finding) {
  FindingFiles files;
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    files.fault = fmt::format("{}: cannot be made: {}", directory.string(), error.message());
    return files;
  }
  const auto stem = (directory / file_stem(finding)).string();
  const auto write = [&files](const fs::path& path, const std::string& text, fs::path& written) {
    if (auto result = write_atomically(path, text); result) {
      written = path;
    } else if (files.fault.empty()) {
      files.fault = result.error().message;
    }
  };
  write(stem + ".trace", print_finding_trace(finding), files.trace);
  if (!finding.log.empty()) write(stem + ".log", finding.log, files.log);
  write(stem + ".json", to_json(finding).dump(2) + "\n", files.json);
  write(stem + ".c", c_reproducer(finding), files.reproducer);
  write(stem + ".txt", terminal_text(finding, files), files.text);
  return files;
}

}  // namespace vmadiff::reports
