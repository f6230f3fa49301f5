// kernel: the resource limits of this process itself.
#include "kernel/host/own_limits.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <string_view>

#include "kernel/agent/protocol.h"

namespace vmadiff::kernel {
namespace {

/// The agent's own, our copies of its files above those, and what many threads have open besides.
constexpr rlim_t kFilesMin = kDescriptorEnd + 64;
constexpr rlim_t kFilesWanted = 4096;
/// The window is the largest of the files that an agent needs.
constexpr rlim_t kFileSizeMin = kWindowSize;

std::optional<spec::ToolFault> raise(__rlimit_resource resource, rlim_t least, rlim_t wanted,
                                     std::string_view what, std::string_view remedy) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur >= wanted) return std::nullopt;
  if (limit.rlim_max < least) {
    return spec::ToolFault{fmt::format("{} limited to {} here, and {} are needed: {}", what,
                                       limit.rlim_max, least, remedy)};
  }
  limit.rlim_cur = std::min(limit.rlim_max, wanted);
  ::setrlimit(resource, &limit);
  return std::nullopt;
}

}  // namespace

std::optional<spec::ToolFault> make_room() {
  if (auto fault = raise(RLIMIT_NOFILE, kFilesMin, kFilesWanted, "open files are",
                         "raise the hard limit (ulimit -Hn 1024)"))
    return fault;
  return raise(RLIMIT_FSIZE, kFileSizeMin, RLIM_INFINITY, "files in bytes are",
               "raise the hard limit (ulimit -Hf unlimited)");
}

}  // namespace vmadiff::kernel
