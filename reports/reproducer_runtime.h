// reports: the part of every C reproducer that is the same.
#pragma once

#include <string_view>

namespace vmadiff::reports {

/// Before the tables: includes and types.
[[nodiscard]] std::string_view reproducer_prologue();
/// Behind the tables: opening files, running calls, reading smaps, comparing, main.
[[nodiscard]] std::string_view reproducer_runtime();

}  // namespace vmadiff::reports
