// fmt's own functions, for programs that are linked statically: Debian has them in a shared library
// alone. One source has them all, compiled without inlining so that they are there for the others.
#define FMT_HEADER_ONLY
#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace vmadiff {

/// These are never called: what they call is what is wanted.
[[gnu::used]] void error_of_fmt() { static_cast<void>(fmt::format_error{""}); }
[[gnu::used]] std::string all_of_fmt(fmt::string_view format, fmt::format_args arguments) {
  fmt::vprint(format, arguments);
  fmt::vprint(stdout, format, arguments);
  return fmt::vformat(format, arguments);
}

}  // namespace vmadiff
