// exports: how does a trace reach who has another tool? Each form is a function from a reproduction
// (reports/reproduction.h) to its text. What a form cannot say is an error: which call, and why.
// The C program, which findings have too, is reports/reproducer.h. Knows no system.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "reports/reproduction.h"

namespace vmadiff::exports {

using Written = std::expected<std::string, std::string>;

/// A test of the kernel's tools/testing/selftests/mm: kselftest_harness.h, PROCMAP_QUERY.
[[nodiscard]] Written kselftest(const reports::Reproduction& reproduction);
/// A test of the Linux Test Project, in its new API (tst_test.h).
[[nodiscard]] Written ltp(const reports::Reproduction& reproduction);
/// A program of syzkaller. It asserts nothing: what is expected stands in comments.
[[nodiscard]] Written syz(const reports::Reproduction& reproduction);
/// A test of vmadiff's own suite, on model and implementation.
[[nodiscard]] Written gtest(const reports::Reproduction& reproduction);
/// Plain text for a mailing list, no line longer than 75 columns: what happens, the address space
/// before and after the last change as a picture, and the trace, which can be run as it stands.
/// `machine` says where it was seen, or is empty.
[[nodiscard]] Written mail(const reports::Reproduction& reproduction, std::string_view machine);

}  // namespace vmadiff::exports
