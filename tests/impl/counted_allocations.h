// tests/impl: how often memory was asked for. Linked with it, an executable counts every call of
// its allocating operators.
#pragma once

#include <cstdint>
#include <functional>

namespace vmadiff {

/// Since the program began.
[[nodiscard]] std::uint64_t allocations();

/// How many bytes more than before it were held at a time while `work` ran, in all threads.
[[nodiscard]] std::uint64_t peak_of(const std::function<void()>& work);

/// While one is there, no memory is given.
class NoMoreMemory {
 public:
  NoMoreMemory();
  ~NoMoreMemory();
  NoMoreMemory(const NoMoreMemory&) = delete;
  NoMoreMemory& operator=(const NoMoreMemory&) = delete;
};

}  // namespace vmadiff
