// kernel: the directory where what took time to get is kept.
#include "kernel/store/cache.h"

#include <fmt/format.h>

#include <cstdlib>
#include <system_error>

namespace vmadiff::kernel {

namespace fs = std::filesystem;

fs::path cache_path() {
  // NOLINTBEGIN(concurrency-mt-unsafe)
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  const char* const home = std::getenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  if (cache != nullptr && *cache == '/') return fs::path{cache} / "vmadiff";
  std::error_code error;
  return fs::absolute(fs::path{home != nullptr && *home != '\0' ? home : "."} / ".cache/vmadiff",
                      error);
}

std::expected<fs::path, spec::ToolFault> cache_directory() {
  auto path = cache_path();
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) return path;
  return std::unexpected(spec::ToolFault{fmt::format(
      "{}: {} (XDG_CACHE_HOME may name another place)", path.string(), error.message())});
}

}  // namespace vmadiff::kernel
