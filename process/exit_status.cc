// process: refusals are written to stderr, and nowhere else.
#include "process/exit_status.h"

#include <fmt/format.h>

#include <cstdio>

namespace vmadiff::process {

ExitStatus refuse(const Refusal& refusal) {
  fmt::print(stderr, "vmadiff: {}\n", refusal.message);
  return refusal.status;
}

ExitStatus refuse_input(std::string_view message) {
  return refuse({ExitStatus::kBadInput, std::string{message}});
}

}  // namespace vmadiff::process
