// reports: what the expected results of a reproduction rest on besides the calls and the kernel:
// those traits of the machine (docs/machines.md) that its calls can meet, each with the value that
// was expected. A program that runs elsewhere measures them first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/reproduction.h"

namespace vmadiff::reports {

struct Requirement {
  std::string_view trait;  ///< as the C program names it (program/types.h)
  std::uint64_t value = 0;
  std::string text;  ///< a sentence that begins "the calls" or "it"
};

[[nodiscard]] std::vector<Requirement> requirements_of(const Reproduction& reproduction);

}  // namespace vmadiff::reports
