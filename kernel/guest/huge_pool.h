// kernel: inside the virtual machine: its pool of huge pages, which is made as large as a sequence
// asks for. Nobody else takes from it: what is not there between two sequences was left by one.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "kernel/host/agent_files.h"
#include "spec/snapshot.h"
#include "spec/system.h"

namespace vmadiff::kernel {

class HugePool {
 public:
  /// `files` outlive it.
  explicit HugePool(const AgentFiles& files);

  /// Makes it one of so many free pages, and of so many more that it may take while they are in
  /// use. The files are empty then. A fault where the kernel has not so much memory in one piece.
  std::expected<void, spec::ToolFault> make(std::uint64_t pages, std::uint64_t surplus_max);
  /// As it is now.
  [[nodiscard]] spec::HugePages now() const;
  /// What the sequence has left in it, with all its files emptied and its processes at their end:
  /// differences wrap. Nothing where there was no pool. A reservation that nobody gives back can
  /// only be made up for by one page more from then on.
  [[nodiscard]] std::optional<spec::HugePages> settle(bool had_processes);

 private:
  [[nodiscard]] bool is_empty() const { return pages_ == 0 && surplus_max_ == 0; }
  void empty_files() const;

  std::vector<int> files_;  ///< descriptors
  std::uint64_t pages_ = 0;
  std::uint64_t surplus_max_ = 0;
  std::uint64_t lost_ = 0;  ///< reserved by nobody, for good
  bool is_due_ = false;     ///< it must be set once more
};

}  // namespace vmadiff::kernel
