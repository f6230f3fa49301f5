// kernel: calls made in an agent, each from the initial state: what measuring a machine stands on.
// Knows how to ask, and nothing of what is right.
#pragma once

#include <cerrno>
#include <cstdint>
#include <span>
#include <vector>

#include "kernel/host/agent_session.h"
#include "spec/file.h"
#include "spec/units.h"

namespace vmadiff::kernel {

class Probe {
 public:
  explicit Probe(AgentSession& session) : session_(session) {}

  /// The raw result of the last record; of a death or a fault kFailed.
  std::uint64_t operator()(std::span<const Record> program);
  std::uint64_t operator()(const Record& record) { return (*this)(std::span{&record, 1}); }
  /// No probed call gives it.
  static constexpr auto kFailed = static_cast<std::uint64_t>(-EINTR);

  /// mmap, bytes; `file` kNone is the descriptor -1.
  std::uint64_t map(spec::Address addr, spec::Address length, std::uint64_t prot,
                    std::uint64_t flags, spec::FileId file = {});
  /// Whether a result is an address or 0, not an errno.
  [[nodiscard]] static bool is_ok(std::uint64_t result);

  [[nodiscard]] AgentSession& session() { return session_; }

 private:
  AgentSession& session_;
  std::vector<std::uint64_t> results_;
};

}  // namespace vmadiff::kernel
