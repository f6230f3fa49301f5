// kernel/tree: AddressSanitizer's runtime has to be the first library of a process. This program is
// none of its own, so it is told to load it and begun anew.
#include "kernel/tree/sanitizer.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "kernel/store/command.h"

namespace vmadiff::kernel {
namespace {

constexpr std::string_view kAddress = "address";
constexpr std::string_view kUndefined = "undefined";

std::vector<std::string> own_words() {
  std::ifstream file{"/proc/self/cmdline", std::ios::binary};
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

}  // namespace

bool is_sanitizer(std::string_view words) {
  return words == kAddress || words == kUndefined ||
         words == fmt::format("{},{}", kAddress, kUndefined);
}

std::expected<void, spec::ToolFault> begin_with_runtime(std::string_view words) {
  if (!words.contains(kAddress)) return {};
  if (::dlsym(RTLD_DEFAULT, "__asan_init") != nullptr) return {};
  const auto asked = run_command({"gcc", "-print-file-name=libasan.so"});
  if (!asked) return std::unexpected(asked.error());
  auto library = asked->output;
  library.erase(std::ranges::find(library, '\n'), library.end());
  // Where it has none gcc gives the bare name back.
  if (!library.starts_with('/'))
    return std::unexpected(spec::ToolFault{
        "gcc has no libasan.so, the runtime of --sanitize address: apt-get install libasan8"});
  ::setenv("LD_PRELOAD", library.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  // What a sequence leaves is counted by NothingStaysCommitted, and the tool itself is no subject.
  constexpr const char* kOptions =
      "detect_leaks=0:detect_odr_violation=0:handle_segv=0:handle_sigbus=0:handle_abort=0:"
      "abort_on_error=1:verify_asan_link_order=0";
  ::setenv("ASAN_OPTIONS", kOptions, 0);               // NOLINT(concurrency-mt-unsafe)
  ::setenv("UBSAN_OPTIONS", "print_stacktrace=1", 0);  // NOLINT(concurrency-mt-unsafe)
  auto arguments = own_words();
  std::vector<char*> pointers;
  for (std::string& word : arguments) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv("/proc/self/exe", pointers.data());
  return std::unexpected(
      spec::ToolFault{fmt::format("beginning anew with {}: {}", library, std::strerror(errno))});
}

}  // namespace vmadiff::kernel
