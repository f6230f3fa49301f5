// fuzz: a fuzzer's input as a trace.
#include "fuzz/decode.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "spec/setup.h"
#include "spec/trace_text.h"

namespace vmadiff::fuzz {

Input runnable(Input input) {
  static const spec::Setup kSetup = spec::Setup::standard();
  std::erase_if(input.sequence,
                [](const spec::Step& step) { return spec::touches_reserved(kSetup, step); });
  return input;
}

std::string trace_of(const Input& input) {
  return fmt::format("# profile: {}\n{}", input.kernel_profile().name,
                     spec::print_trace(input.sequence));
}

std::string trace_from_bytes(std::span<const std::uint8_t> bytes) {
  return trace_of(runnable(decode(bytes)));
}

}  // namespace vmadiff::fuzz
