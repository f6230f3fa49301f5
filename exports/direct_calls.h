// exports: a reproduction as calls that a test makes itself, in its own process, where a C library
// and a harness live too. That cannot say everything: what the kernel places, breaks, limits, locks
// on all memory and other processes depend on what else is in the process, or change it.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "reports/reproduction.h"
#include "spec/units.h"

namespace vmadiff::exports {

/// One line of the test: an expression in C and what it must be equal to, or a layout to look at.
struct DirectLine {
  std::string call;    ///< "do_munmap(0x1000, 0x2000)"; empty: look at the layout
  std::string wanted;  ///< "0x100000000000", "-ENOMEM", "SIGSEGV"; empty: anything
  std::string area;    ///< of a layout: the name of its table, or NULL
  std::size_t count = 0;
};

struct DirectCalls {
  /// What nothing else may lie in.
  spec::Range arena;
  std::string names;    ///< definitions of those that a C library's headers may lack, and of files
  std::string layouts;  ///< tables of areas, which the runtime declares
  std::string opening;  ///< statements that open the files, each "NAME = …;"
  std::vector<std::string> files;  ///< the variables, to be checked and closed
  std::vector<DirectLine> lines;
  bool ksm = false;
  bool hugetlb = false;  ///< it needs an empty pool of huge pages
};

/// The error says which call cannot be made in such a test, and why.
[[nodiscard]] std::expected<DirectCalls, std::string> direct_calls(
    const reports::Reproduction& reproduction);

/// What all such tests have in common, in C; it prints by a macro SAY(format, …).
[[nodiscard]] std::string direct_runtime();

/// The story as a comment of the kernel's style.
[[nodiscard]] std::string kernel_comment(const reports::Reproduction& reproduction);

/// A statement behind a tab, broken behind commas where it is longer than 80 columns.
[[nodiscard]] std::string wrapped_call(std::string_view text);

}  // namespace vmadiff::exports
