// kernel: calls as records for the agent, and its results as outcomes.
#include "kernel/program.h"

#include <sys/syscall.h>

#include <csignal>

#include "kernel/agent_files.h"

namespace vmadiff::kernel {
namespace {

struct RecordOf {
  spec::Address task_size;

  Record operator()(const spec::Mmap& call) const {
    // The descriptor is an int to the kernel; -1 is widened as C would.
    const auto descriptor = static_cast<std::uint64_t>(std::int64_t{descriptor_of(call.file)});
    return system_call(SYS_mmap, call.addr, call.length, call.prot, call.flags, descriptor,
                       call.offset);
  }
  Record operator()(const spec::Munmap& call) const {
    return system_call(SYS_munmap, call.addr, call.length);
  }
  Record operator()(const spec::Mprotect& call) const {
    return system_call(SYS_mprotect, call.addr, call.length, call.prot);
  }
  Record operator()(const spec::Brk& call) const { return system_call(SYS_brk, call.addr); }
  Record operator()(const spec::Madvise& call) const {
    const auto advice = static_cast<std::uint64_t>(std::int64_t{call.advice});
    return system_call(SYS_madvise, call.addr, call.length, advice);
  }
  Record operator()(const spec::Prctl& call) const {
    return system_call(SYS_prctl, call.option, call.arg2, call.arg3, call.arg4, call.arg5);
  }
  // The rules for a touch that accesses nothing are spec/syscall.h's.
  Record operator()(const spec::Touch& call) const {
    const spec::Address end = call.addr + call.length;
    if (call.length == 0) return system_call(kGive, 0);
    if (call.length > spec::kTouchBytesMax || end < call.addr || end > task_size)
      return system_call(kGive, SIGSEGV);
    const spec::Address pages =
        (spec::page_up(end) - spec::page_down(call.addr)) >> spec::kPageShift;
    return system_call(call.access == spec::Access::kWrite ? kTouchWrite : kTouchRead,
                       spec::page_down(call.addr), pages);
  }
};

constexpr std::uint64_t kErrnoMax = 4095;

}  // namespace

Record record_of(const spec::Syscall& call, spec::Address task_size) {
  return std::visit(RecordOf{task_size}, call);
}

spec::Outcome outcome_of(const spec::Syscall& call, std::uint64_t result) {
  if (std::holds_alternative<spec::Touch>(call)) {
    // spec::Errno keeps signals behind the errnos.
    return result == 0 ? spec::Outcome::ok()
                       : spec::Outcome::fail(static_cast<spec::Errno>(kErrnoMax + result));
  }
  if (!std::holds_alternative<spec::Brk>(call) && result >= -kErrnoMax)
    return spec::Outcome::fail(static_cast<spec::Errno>(-result));
  return spec::Outcome::ok(result);
}

}  // namespace vmadiff::kernel
