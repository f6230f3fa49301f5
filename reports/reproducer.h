// reports: a reproduction as a C program: one self-contained file that has a process of its own
// make the calls, and says whether results, layouts and counters are as expected.
//
// That process is not the program itself, which has libraries, a stack and a break where the calls
// may want to map: it begins in the very address space in which the expected results came about
// (Setup::standard()), has no C library that could map anything meanwhile, and is looked at from
// outside. So every address, limit and count is what it was where it was expected, and no call need
// be told differently. What else the results rest on (reports/requirements.h) is measured by the
// program before it begins, so that another machine is no finding.
#pragma once

#include <string>

#include "properties/claims/finding.h"
#include "reports/reproduction.h"

namespace vmadiff::reports {

/// C99 and later, for gcc and clang, glibc and musl. It exits with 0 where all is as expected, 1
/// where something is not, 3 where that cannot be said here; it prints why.
[[nodiscard]] std::string c_program(const Reproduction& reproduction);

/// The finding's sequence up to the failing step, against its first view. For a claim about one
/// state the expected side is the state that breaks the claim.
[[nodiscard]] std::string c_reproducer(const properties::Finding& finding);

}  // namespace vmadiff::reports
