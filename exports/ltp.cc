// exports: a trace as a test of the Linux Test Project.
#include <fmt/format.h>

#include "exports/direct_calls.h"
#include "exports/exports.h"

namespace vmadiff::exports {
namespace {

constexpr std::string_view kLtpIncludes = R"(#define _GNU_SOURCE
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
)";
constexpr std::string_view kLibrary = "\n#include \"tst_test.h\"\n";
constexpr std::string_view kSay = R"(
#define SAY(...) tst_res(TINFO, __VA_ARGS__)

)";

std::string set_up(const DirectCalls& calls) {
  std::string out = "\nstatic void setup(void)\n{\n";
  out += "\tif (!can_look())\n\t\ttst_brk(TCONF, \"PROCMAP_QUERY is not supported\");\n";
  out += fmt::format(
      "\tif (!is_layout({:#x}, {:#x}, NULL, 0))\n"
      "\t\ttst_brk(TBROK, \"something is mapped where the test maps\");\n",
      calls.arena.start, calls.arena.end);
  out +=
      "\t/* Huge pages would give read faults an anon_vma. */\n"
      "\tprctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);\n";
  if (calls.ksm) {
    out +=
        "\tif (do_prctl(68 /* PR_GET_MEMORY_MERGE */, 0, 0, 0, 0) < 0 ||\n"
        "\t    do_prctl(67 /* PR_SET_MEMORY_MERGE */, 0, 0, 0, 0) != 0)\n"
        "\t\ttst_brk(TCONF, \"PR_SET_MEMORY_MERGE is not supported, or not allowed\");\n";
  }
  out += calls.opening;
  for (const std::string& file : calls.files)
    out += fmt::format("\tif ({} < 0)\n\t\ttst_brk(TCONF | TERRNO, \"{}\");\n", file, file);
  out += "}\n\nstatic void cleanup(void)\n{\n";
  out +=
      fmt::format("\tmunmap((void *){:#x}ul, {:#x}ul);\n", calls.arena.start, calls.arena.size());
  for (const std::string& file : calls.files)
    out += fmt::format("\tif ({0} >= 0)\n\t\tclose({0});\n", file);
  return out + "}\n";
}

}  // namespace

Written ltp(const reports::Reproduction& r) {
  const auto calls = direct_calls(r);
  if (!calls) return std::unexpected(calls.error());
  std::string out = "// SPDX-License-Identifier: GPL-2.0-or-later OR MIT\n" + kernel_comment(r);
  out += fmt::format("{}{}{}", kLtpIncludes, kLibrary, kSay) + calls->names + "\n" +
         direct_runtime() + calls->layouts + R"(
static void layout_is(const struct area *wanted, int count, const char *after)
{
	if (is_layout()" +
         fmt::format("{:#x}, {:#x}", calls->arena.start, calls->arena.end) +
         R"(, wanted, count))
		tst_res(TPASS, "layout after %s", after);
	else
		tst_res(TFAIL, "layout after %s", after);
}
)" + set_up(*calls);
  out += "\nstatic void run(void)\n{\n";
  std::size_t number = 0;
  for (const DirectLine& line : calls->lines) {
    if (line.call.empty()) {
      out += wrapped_call(
          fmt::format("layout_is({}, {}, \"call {}\");", line.area, line.count, number));
      continue;
    }
    ++number;
    out += wrapped_call(line.wanted.empty()
                            ? line.call + ";"
                            : fmt::format("TST_EXP_EQ_LI({}, {});", line.call, line.wanted));
  }
  out +=
      "}\n\nstatic struct tst_test test = {\n\t.setup = setup,\n\t.cleanup = cleanup,\n"
      "\t.test_all = run,\n};\n";
  return out;
}

}  // namespace vmadiff::exports
