// tests/impl: the allocating operators, counted.
#include "counted_allocations.h"

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> count = 0;
std::atomic<std::uint64_t> held = 0;
std::atomic<std::uint64_t> held_at_most = 0;
std::atomic<bool> is_exhausted = false;

void* counted(std::size_t size, std::size_t alignment) {
  ++count;
  if (is_exhausted) throw std::bad_alloc{};
  void* memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc{};
  const std::uint64_t now = held += ::malloc_usable_size(memory);
  std::uint64_t most = held_at_most;
  while (now > most && !held_at_most.compare_exchange_weak(most, now)) {
  }
  return memory;
}

void give_back(void* memory) {
  if (memory != nullptr) held -= ::malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

namespace vmadiff {

std::uint64_t allocations() { return count; }

std::uint64_t peak_of(const std::function<void()>& work) {
  const std::uint64_t before = held;
  held_at_most = before;
  work();
  return held_at_most - before;
}

NoMoreMemory::NoMoreMemory() { is_exhausted = true; }
NoMoreMemory::~NoMoreMemory() { is_exhausted = false; }

}  // namespace vmadiff

void* operator new(std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size) { return counted(size, alignof(std::max_align_t)); }
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
// What is asked for with std::nothrow comes here as well, through the library's own operator.
void operator delete(void* memory) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { give_back(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { give_back(memory); }
void operator delete[](void* memory) noexcept { give_back(memory); }
void operator delete[](void* memory, std::size_t) noexcept { give_back(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { give_back(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { give_back(memory); }
