// cli: flushing standard output.
#include "cli/output.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace vmadiff::cli {

ExitStatus finish_output(ExitStatus status) {
  errno = 0;
  const bool flushed = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (flushed) return status;
  const auto said = refuse_input(fmt::format("standard output cannot be written: {}",
                                             errno != 0 ? std::strerror(errno) : "write error"));
  return status == ExitStatus::kHeld ? said : status;
}

}  // namespace vmadiff::cli
