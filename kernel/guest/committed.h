// kernel: inside the virtual machine: how much memory it has committed to others than this process.
// Nothing runs there but the agent: what differs between two beginnings was left by the sequence
// between them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/descriptor.h"
#include "kernel/host/agent_files.h"

namespace vmadiff::kernel {

class Committed {
 public:
  /// `files` outlive it.
  explicit Committed(const AgentFiles& files);

  /// Pages: Committed_AS, without what this process itself is charged for, and without the pages
  /// that shared memory files have at present (a sequence may punch holes into these and fill them
  /// again). Nothing where /proc does not say it.
  [[nodiscard]] std::optional<std::int64_t> pages() const;

  /// The same as soon as it is `expected`, or has not become so after a while: longer where there
  /// were processes, of which something may still have to be taken away, else a moment. Where
  /// nothing is expected, what it is a moment later.
  [[nodiscard]] std::optional<std::int64_t> settled_pages(std::optional<std::int64_t> expected,
                                                          bool had_processes) const;

 private:
  std::vector<int> shared_memory_;  ///< descriptors
  Descriptor meminfo_;
  Descriptor statm_;
};

}  // namespace vmadiff::kernel
