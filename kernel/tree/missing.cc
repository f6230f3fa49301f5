// kernel/tree: asking binutils which names an object lacks, and which of them are called.
#include "kernel/tree/missing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <sstream>
#include <string_view>

#include "kernel/store/command.h"

namespace vmadiff::kernel {
namespace {

using spec::ToolFault;

/// What is not the kernel's: of the compiler and of sanitizers; and functions of the C library.
constexpr std::array<std::string_view, 6> kOthersBeginnings{"__cxa_",  "_ITM_",   "__gmon_",
                                                            "__gcov_", "__asan_", "__ubsan_"};
constexpr std::array<std::string_view, 15> kLibraryFunctions{
    "malloc", "calloc", "free",   "posix_memalign", "snprintf", "memcpy", "memset",  "memmove",
    "memcmp", "memchr", "strlen", "strcmp",         "strncmp",  "mmap",   "mprotect"};

}  // namespace

std::expected<std::string, ToolFault> what_is_missing(const std::filesystem::path& object) {
  const auto undefined = run_command({"nm", "-u", "-j", object.string()});
  if (!undefined) return std::unexpected(undefined.error());
  const auto relocations = run_command({"readelf", "-rW", object.string()});
  if (!relocations) return std::unexpected(relocations.error());
  // A function that is called is reached by a jump slot.
  std::set<std::string> called;
  {
    std::istringstream lines{relocations->output};
    std::string line;
    while (std::getline(lines, line)) {
      if (!line.contains("JUMP_SLO")) continue;
      std::istringstream words{line};
      std::string word;
      for (int i = 0; i < 5 && words >> word; ++i) {
      }
      called.insert(word.substr(0, word.find('@')));
    }
  }
  std::string text = "#include \"kernel/tree/glue/missing.h\"\n";
  std::istringstream names{undefined->output};
  std::string name;
  while (names >> name) {
    // Those with a version are the C library's; of these a sanitizer has some of its own.
    const bool is_of_others =
        name.contains('@') || std::ranges::any_of(kOthersBeginnings, [&](std::string_view start) {
          return name.starts_with(start);
        });
    if (is_of_others || std::ranges::find(kLibraryFunctions, name) != kLibraryFunctions.end())
      continue;
    text += fmt::format("{}({})\n", called.contains(name) ? "MISSING_FUNCTION" : "MISSING_OBJECT",
                        name);
  }
  return text;
}

}  // namespace vmadiff::kernel
