// kernel/tree: AddressSanitizer's runtime has to be the first library of a process. This program is
// none of its own, so it is told to load it and begun anew.
#include "kernel/tree/sanitizer.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
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

std::atomic<bool> is_heard = false;

std::optional<std::string>& report_of_this_thread() {
  thread_local std::optional<std::string> report;
  return report;
}

/// On the thread that has done it.
void hear(const char* report) {
  auto& heard = report_of_this_thread();
  if (!heard) heard = report;
}

/// Shrinking a finding shows it a thousand times: the reports are the finding's, not the
/// terminal's.
void begin_to_hear() {
  const auto set_callback = reinterpret_cast<void (*)(void (*)(const char*))>(
      ::dlsym(RTLD_DEFAULT, "__asan_set_error_report_callback"));
  const auto set_output =
      reinterpret_cast<void (*)(void*)>(::dlsym(RTLD_DEFAULT, "__sanitizer_set_report_fd"));
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (set_callback == nullptr || set_output == nullptr || nowhere < 0 || is_heard.exchange(true))
    return;
  set_callback(hear);
  set_output(reinterpret_cast<void*>(static_cast<std::intptr_t>(nowhere)));  // NOLINT
}

}  // namespace

bool hears_reports() { return is_heard.load(std::memory_order_relaxed); }

std::optional<std::string> take_report() {
  return std::exchange(report_of_this_thread(), std::nullopt);
}

std::string summary_of_report(std::string_view report) {
  constexpr std::string_view kSummary = "SUMMARY: ";
  constexpr std::string_view kName = "AddressSanitizer";
  const auto at = report.find(kSummary);
  if (at == std::string_view::npos) return std::string{kName};
  report.remove_prefix(at + kSummary.size());
  const auto line = report.substr(0, report.find('\n'));
  return std::string{line.substr(0, line.find_last_not_of(' ') + 1)};
}

bool is_sanitizer(std::string_view words) {
  return words == kAddress || words == kUndefined ||
         words == fmt::format("{},{}", kAddress, kUndefined);
}

std::expected<void, spec::ToolFault> begin_with_runtime(std::string_view words) {
  if (!words.contains(kAddress)) return {};
  if (::dlsym(RTLD_DEFAULT, "__asan_init") != nullptr) {
    begin_to_hear();
    return {};
  }
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
  // A call in which something was found goes on to its end: its report is that of a finding.
  std::string options =
      "detect_leaks=0:detect_odr_violation=0:handle_segv=0:handle_sigbus=0:handle_abort=0:"
      "abort_on_error=1:verify_asan_link_order=0:halt_on_error=0:suppress_equal_pcs=0";
  // The user's own word is the last.
  if (const char* const own = ::getenv("ASAN_OPTIONS"))  // NOLINT(concurrency-mt-unsafe)
    options += fmt::format(":{}", own);
  ::setenv("ASAN_OPTIONS", options.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  auto arguments = own_words();
  std::vector<char*> pointers;
  for (std::string& word : arguments) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv("/proc/self/exe", pointers.data());
  return std::unexpected(
      spec::ToolFault{fmt::format("beginning anew with {}: {}", library, std::strerror(errno))});
}

}  // namespace vmadiff::kernel
