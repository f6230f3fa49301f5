// kernel: how much memory records can take at most, told before they run, so that only those few
// that could take much need be watched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/agent/protocol.h"

namespace vmadiff::kernel {

/// Bytes. Bounds, not estimates: what really comes of most calls is less.
struct Appetite {
  std::uint64_t pages =
      0;  ///< for the process and its page tables, where they can be seen (usage.h)
  std::uint64_t kernel = 0;  ///< for VMAs and the like, which nobody can see

  [[nodiscard]] std::uint64_t total() const { return pages + kernel; }
};

/// Adds what these records can take to what those before them can, of which there were `earlier`.
/// `locks` says that memory may be locked as it is mapped.
void add_appetite(Appetite& appetite, std::span<const Record> records, std::size_t earlier,
                  bool locks);

}  // namespace vmadiff::kernel
