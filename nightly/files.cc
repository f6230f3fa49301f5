// nightly: the files of a state.
#include "nightly/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>

#include "reports/store.h"

namespace vmadiff::nightly {
namespace {

namespace fs = std::filesystem;

spec::ToolFault fault(const fs::path& path, std::string_view what, std::string_view why) {
  return {fmt::format("{}: {}: {}", path.string(), what, why)};
}

}  // namespace

std::string text_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::expected<nlohmann::ordered_json, spec::ToolFault> read_json(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return nlohmann::ordered_json{};
  auto parsed = nlohmann::ordered_json::parse(text_of(file), nullptr, false);
  if (parsed.is_discarded())
    return std::unexpected(
        fault(file, "cannot be read", "expected JSON, as vmadiff nightly writes it"));
  return parsed;
}

Result write_json(const fs::path& file, const nlohmann::ordered_json& object) {
  using Json = nlohmann::ordered_json;
  return reports::write_atomically(
      file, object.dump(2, ' ', true, Json::error_handler_t::replace) + "\n");
}

Result make_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return std::unexpected(fault(directory, "cannot be made", error.message()));
  return {};
}

Result copy_whole(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::is_regular_file(from, error))
    return std::unexpected(fault(from, "cannot be copied", "expected a regular file"));
  return reports::write_atomically(to, text_of(from));
}

std::vector<fs::path> files_in(const fs::path& directory, std::string_view suffix) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator at{directory, error}, end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (!at->is_regular_file(ignored)) continue;
    if (at->path().filename().string().ends_with(suffix)) out.push_back(at->path());
  }
  std::ranges::sort(out);
  return out;
}

std::uint64_t size_of(const fs::path& directory) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at{directory, error}, end; !error && at != end;
       at.increment(error)) {
    // What somebody else takes away meanwhile is no error.
    struct stat status{};
    if (::lstat(at->path().c_str(), &status) == 0 && S_ISREG(status.st_mode))
      sum += static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  return sum;
}

Result replace_directory(const fs::path& place, const fs::path& fresh) {
  std::error_code error;
  if (!fs::exists(place, error)) {
    fs::rename(fresh, place, error);
    if (error) return std::unexpected(fault(fresh, "cannot be renamed", error.message()));
    return {};
  }
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, place.c_str(), RENAME_EXCHANGE) != 0) {
    // Some file systems cannot: then there is a moment in which it is not there.
    if (errno != EINVAL && errno != ENOSYS)
      return std::unexpected(fault(place, "cannot be replaced", std::strerror(errno)));
    const fs::path old = place.string() + ".old";
    fs::remove_all(old, error);
    fs::rename(place, old, error);
    if (!error) fs::rename(fresh, place, error);
    if (error) return std::unexpected(fault(place, "cannot be replaced", error.message()));
    fs::remove_all(old, error);
    return {};
  }
  fs::remove_all(fresh, error);
  return {};
}

std::string ends_of(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string{text};
  const auto half = bytes_max / 2;
  return fmt::format("{}\n[{} bytes are left out here]\n{}", text.substr(0, half),
                     text.size() - 2 * half, text.substr(text.size() - half));
}

}  // namespace vmadiff::nightly
