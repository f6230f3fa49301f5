// fuzz: the libFuzzer entry point of fuzz_tree, which asks what the user names, and so stands
// beside the table of the others.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "fuzz/fuzz_tree.h"

// What the tree holds from one sequence to the next is no leak.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }  // NOLINT

// In the middle of a report, behind which the program ends.
extern "C" void __asan_on_error() {  // NOLINT(bugprone-reserved-identifier)
  std::fprintf(stderr, "fuzz_tree: a finding, in\n\n%s\n", vmadiff::fuzz::present_trace().c_str());
}

// The tree is built here, and not in the time of the first input.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  if (!vmadiff::fuzz::why_no_tree().empty()) {
    std::fprintf(stderr, "fuzz_tree: nothing to ask: %s\n", vmadiff::fuzz::why_no_tree().c_str());
    std::exit(3);
  }
  std::fprintf(stderr, "fuzz_tree: %s\n", vmadiff::fuzz::which_tree().c_str());
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (const auto failure = vmadiff::fuzz::run_tree({data, size})) {
    std::fprintf(stderr, "fuzz_tree: a finding\n\n%s", failure->c_str());
    std::abort();
  }
  return 0;
}
