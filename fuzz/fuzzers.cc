// fuzz: the list of fuzzers. A new one is a row here and its name in CMakeLists.txt.
#include "fuzz/fuzzers.h"

#include <array>

#include "fuzz/fuzz_differential.h"
#include "fuzz/fuzz_maple_tree.h"
#include "fuzz/fuzz_trace.h"

namespace vmadiff::fuzz {
namespace {

constexpr std::array kFuzzers{
    Fuzzer{"fuzz_differential", "Do model and implementation agree, and do both keep the rules?",
           run_differential},
    Fuzzer{"fuzz_maple_tree", "Is the maple tree a map of ranges, and always well-formed?",
           run_maple_tree},
    Fuzzer{"fuzz_trace", "Does trace text survive being read and printed, whatever the text?",
           run_trace},
};

}  // namespace

std::span<const Fuzzer> fuzzers() { return kFuzzers; }

}  // namespace vmadiff::fuzz
