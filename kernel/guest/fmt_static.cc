// kernel/guest: fmt's own functions. Debian has them in a shared library alone, and this program is
// linked statically: one source has them all, compiled without inlining so that they are there for
// the others.
#define FMT_HEADER_ONLY
#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace vmadiff::kernel {

/// Never called: what it calls is what is wanted.
[[gnu::used]] std::string all_of_fmt(fmt::string_view format, fmt::format_args arguments) {
  fmt::vprint(format, arguments);
  fmt::vprint(stdout, format, arguments);
  return fmt::vformat(format, arguments);
}

}  // namespace vmadiff::kernel
