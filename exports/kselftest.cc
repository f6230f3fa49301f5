// exports: a trace as a test of the kernel's own.
#include <fmt/format.h>

#include "exports/direct_calls.h"
#include "exports/exports.h"

namespace vmadiff::exports {
namespace {

constexpr std::string_view kHarness = "#define _GNU_SOURCE\n#include \"kselftest_harness.h\"\n";
constexpr std::string_view kKselftestIncludes = R"(
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SAY(...) ksft_print_msg(__VA_ARGS__)

)";

std::string fixture(const DirectCalls& calls) {
  std::string out = fmt::format(R"c(
FIXTURE(trace)
{{
	unsigned long low, high; /* what the test maps lies between */
}};

FIXTURE_SETUP(trace)
{{
	self->low = {:#x};
	self->high = {:#x};
	if (!can_look())
		SKIP(return, "PROCMAP_QUERY is not supported (6.11 and later)");
	/* Carve it out: nothing else may be there. */
	ASSERT_TRUE(is_layout(self->low, self->high, NULL, 0));
	/* Huge pages would give read faults an anon_vma. */
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
)c",
                                calls.arena.start, calls.arena.end);
  if (calls.ksm) {
    out += R"c(	if (do_prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0) < 0)
		SKIP(return, "KSM is not supported (CONFIG_KSM)");
	if (do_prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0) != 0)
		SKIP(return, "PR_SET_MEMORY_MERGE is not allowed");
)c";
  }
  out += calls.opening;
  for (const std::string& file : calls.files)
    out += fmt::format("\tif ({0} < 0)\n\t\tSKIP(return, \"no file: {0}\");\n", file);
  out += "}\n\nFIXTURE_TEARDOWN(trace)\n{\n\tmunmap((void *)self->low, self->high - self->low);\n";
  for (const std::string& file : calls.files) out += fmt::format("\tclose({});\n", file);
  if (calls.ksm) out += "\tprctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0);\n";
  return out + "}\n";
}

}  // namespace

Written kselftest(const reports::Reproduction& r) {
  const auto calls = direct_calls(r);
  if (!calls) return std::unexpected(calls.error());
  std::string name = r.name;
  for (char& c : name) {
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_word) c = '_';
  }
  std::string out = "// SPDX-License-Identifier: GPL-2.0 OR MIT\n" + kernel_comment(r);
  out += std::string{kHarness} + std::string{kKselftestIncludes} + calls->names;
  if (calls->ksm) {
    out +=
        "#ifndef PR_SET_MEMORY_MERGE\n#define PR_SET_MEMORY_MERGE 67\n#endif\n"
        "#ifndef PR_GET_MEMORY_MERGE\n#define PR_GET_MEMORY_MERGE 68\n#endif\n";
  }
  out += "\n" + direct_runtime() + calls->layouts + fixture(*calls);
  out += fmt::format("\nTEST_F(trace, {})\n{{\n", name);
  for (const DirectLine& line : calls->lines) {
    if (line.call.empty()) {
      out += wrapped_call(fmt::format("ASSERT_TRUE(is_layout(self->low, self->high, {}, {}));",
                                      line.area, line.count));
    } else if (line.wanted.empty()) {
      out += wrapped_call(line.call + ";");
    } else {
      out += wrapped_call(fmt::format("ASSERT_EQ({}, {});", line.call, line.wanted));
    }
  }
  return out + "}\n\nTEST_HARNESS_MAIN\n";
}

}  // namespace vmadiff::exports
