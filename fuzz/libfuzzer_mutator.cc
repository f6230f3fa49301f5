// fuzz: the structure-aware mutator as libFuzzer wants it.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "fuzz/mutator.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t size_max, unsigned int seed) {
  const auto changed = vmadiff::fuzz::mutate(
      {data, size}, size_max, seed,
      [](auto* at, auto had, auto most) { return LLVMFuzzerMutate(at, had, most); });
  std::ranges::copy(changed, data);
  return changed.size();
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* first, std::size_t first_size,
                                                 const std::uint8_t* second,
                                                 std::size_t second_size, std::uint8_t* out,
                                                 std::size_t out_size_max, unsigned int seed) {
  const auto child =
      vmadiff::fuzz::cross_over({first, first_size}, {second, second_size}, out_size_max, seed);
  std::ranges::copy(child, out);
  return child.size();
}
