// cli: refusals are written to stderr, and nowhere else.
#include "cli/exit_status.h"

#include <fmt/format.h>

#include <cstdio>

namespace vmadiff::cli {

ExitStatus refuse(const Refusal& refusal) {
  fmt::print(stderr, "vmadiff: {}\n", refusal.message);
  return refusal.status;
}

ExitStatus refuse_input(std::string_view message) {
  return refuse({ExitStatus::kBadInput, std::string{message}});
}

}  // namespace vmadiff::cli
