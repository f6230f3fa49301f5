// reports: the parts of a C program that are the same in all: the files of program/, carried inside
// the library.
#pragma once

#include <string>

namespace vmadiff::reports {

/// Before the tables: includes and types.
[[nodiscard]] std::string program_types();
/// Behind the tables: the process that makes the calls, the calls, what is held against what, main.
[[nodiscard]] std::string program_rest();

}  // namespace vmadiff::reports
