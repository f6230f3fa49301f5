// kernel: asking an agent.
#include "kernel/host/probe.h"

#include <sys/syscall.h>

#include "kernel/host/agent_files.h"
#include "kernel/host/program.h"

namespace vmadiff::kernel {

std::uint64_t Probe::operator()(std::span<const Record> program) {
  if (!session_.begin()) return kFailed;
  const auto ran = session_.run(program, results_);
  return ran && !ran->died && !results_.empty() ? results_.back() : kFailed;
}

std::uint64_t Probe::map(spec::Address addr, spec::Address length, std::uint64_t prot,
                         std::uint64_t flags, spec::FileId file) {
  const auto descriptor = static_cast<std::uint64_t>(std::int64_t{descriptor_of(file)});
  return (*this)(system_call(SYS_mmap, addr, length, prot, flags, descriptor, 0));
}

bool Probe::is_ok(std::uint64_t result) {
  constexpr std::uint64_t kErrnoMax = 4095;
  return result < -kErrnoMax;
}

}  // namespace vmadiff::kernel
