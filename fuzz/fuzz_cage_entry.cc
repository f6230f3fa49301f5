// fuzz: the libFuzzer entry point of fuzz_cage, which alone asks a real kernel, and so stands
// beside the table of the others.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "fuzz/fuzz_cage.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (!vmadiff::fuzz::why_no_cage().empty()) {
    std::fprintf(stderr, "fuzz_cage: nothing to ask: %s\n", vmadiff::fuzz::why_no_cage().c_str());
    std::exit(3);
  }
  if (const auto failure = vmadiff::fuzz::run_cage({data, size})) {
    std::fprintf(stderr, "fuzz_cage: a finding\n\n%s", failure->c_str());
    std::abort();
  }
  return 0;
}
