// kernel: a tree's place in the user's cache.
#include "kernel/store/place.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <sstream>
#include <string>
#include <system_error>

#include "kernel/failed.h"
#include "kernel/store/cache.h"

namespace vmadiff::kernel {

namespace fs = std::filesystem;
using spec::ToolFault;

std::expected<fs::path, ToolFault> path_of_tree(const fs::path& tree) {
  std::error_code error;
  auto path = fs::canonical(tree, error);
  if (error) return failed(tree, error.message() + ": expected the directory of a kernel's source");
  if (path.string().find_first_of(" '\"$#:\\") != std::string::npos)
    return failed(path, "make cannot be told a path with such letters in it: give it a link");
  return path;
}

std::expected<TreePlace, ToolFault> take_place(const fs::path& tree, std::string_view kind) {
  const auto cache = cache_directory();
  if (!cache) return std::unexpected(cache.error());
  TreePlace place;
  place.directory = *cache / "trees" /
                    fmt::format("{}-{:016x}{}", tree.filename().string(),
                                std::hash<std::string>{}(tree.string()), kind);
  std::error_code error;
  fs::create_directories(place.directory, error);
  if (error) return failed(place.directory, error.message());
  const auto lock = (place.directory / "lock").string();
  place.lock = Descriptor{::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!place.lock.is_open()) return failed(lock, std::strerror(errno));
  while (::flock(place.lock.number(), LOCK_EX) != 0 && errno == EINTR) {
  }
  return place;
}

std::expected<void, ToolFault> link_entries(
    const fs::path& from, const fs::path& to,
    const std::function<bool(std::string_view name)>& is_left_out) {
  std::error_code error;
  fs::create_directories(to, error);
  for (const auto& entry : fs::directory_iterator{from, error}) {
    const auto name = entry.path().filename().string();
    if (is_left_out(name) || fs::exists(fs::symlink_status(to / name, error))) continue;
    fs::create_symlink(entry.path(), to / name, error);
    if (error) return failed(to / name, error.message());
  }
  if (error) return failed(from, error.message());
  return {};
}

std::string first_error(const std::string& text) {
  std::istringstream lines{text};
  std::string line;
  std::string first;
  while (std::getline(lines, line)) {
    if (first.empty() && !line.empty()) first = line;
    if (line.contains("error:") || line.contains("undefined reference") ||
        line.contains("multiple definition") || line.contains("not found"))
      return line;
  }
  return first;
}

}  // namespace vmadiff::kernel
