// spec: outcomes as strace writes them.
#include "spec/outcome.h"

#include <fmt/format.h>

namespace vmadiff::spec {

std::string text(const Outcome& outcome) {
  if (outcome.is_death()) return "died";
  if (outcome.is_error()) {
    const auto known = name(outcome.error());
    return known.empty() ? fmt::format("-1 ERRNO_{}", static_cast<unsigned>(outcome.error()))
                         : fmt::format("-1 {}", known);
  }
  // Small values are counts and flags, the others addresses.
  return outcome.value() < 10 ? fmt::format("{}", outcome.value())
                              : fmt::format("{:#x}", outcome.value());
}

}  // namespace vmadiff::spec
