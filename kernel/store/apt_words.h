// kernel: what apt says, read: how far it is, and why it has not read a suite. Text only, in the
// words of LC_ALL=C.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/store/debian_mirrors.h"

namespace vmadiff::kernel {

/// How far a download is, where the line says so (APT::Status-Fd).
[[nodiscard]] std::optional<int> percent_in(std::string_view line);

struct RefusedSuite {
  DebianSuite suite;
  std::string reason;
};

/// Suites that the mirror does not have, or that are not signed as they must be. A mirror that is
/// not reached is no reason to go on without it, and is not among them.
[[nodiscard]] std::vector<RefusedSuite> refused_in(std::string_view errors,
                                                   std::span<const DebianSuite> suites,
                                                   std::string_view keyring);

/// The first error, without "E: ".
[[nodiscard]] std::string first_error_in(std::string_view errors);

}  // namespace vmadiff::kernel
