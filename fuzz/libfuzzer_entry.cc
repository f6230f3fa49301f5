// fuzz: the libFuzzer entry point of one fuzzer, VMADIFF_FUZZER of the table. A failure is printed
// and becomes an abort, with which libFuzzer keeps the input.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "fuzz/fuzzers.h"

namespace {

const vmadiff::fuzz::Fuzzer& this_fuzzer() {
  for (const auto& fuzzer : vmadiff::fuzz::fuzzers()) {
    if (fuzzer.name == VMADIFF_FUZZER) return fuzzer;
  }
  std::fputs("no fuzzer of the name " VMADIFF_FUZZER " is in the table\n", stderr);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const vmadiff::fuzz::Fuzzer& kFuzzer = this_fuzzer();
  if (const auto failure = kFuzzer.run({data, size})) {
    std::fprintf(stderr, "%s: a finding\n\n%s", VMADIFF_FUZZER, failure->c_str());
    std::abort();
  }
  return 0;
}
