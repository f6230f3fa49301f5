// kernel: the seccomp filter under which the agent runs sequences.
#include "kernel/host/agent_filter.h"

#include <fmt/format.h>
#include <linux/userfaultfd.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "kernel/descriptor.h"
#include "kernel/host/program.h"
#include "spec/flags.h"

namespace vmadiff::kernel {
namespace {

/// To let another memory call through, add it here. clone, mremap, prctl, fcntl and ioctl are let
/// through by what they ask for, below.
constexpr std::array kAllowed{
    // The calls of a sequence.
    SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mprotect), SCMP_SYS(brk), SCMP_SYS(madvise),
    SCMP_SYS(mlock), SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(mlockall), SCMP_SYS(munlockall),
    static_cast<int>(kSysMseal), SCMP_SYS(pkey_mprotect), SCMP_SYS(remap_file_pages),
    SCMP_SYS(prlimit64), SCMP_SYS(execveat), SCMP_SYS(userfaultfd), SCMP_SYS(close),
    SCMP_SYS(mbind), SCMP_SYS(set_mempolicy), SCMP_SYS(shmat), SCMP_SYS(shmdt),
    SCMP_SYS(pkey_alloc), SCMP_SYS(pkey_free), SCMP_SYS(mbind), SCMP_SYS(set_mempolicy),
    SCMP_SYS(msync), SCMP_SYS(process_madvise), SCMP_SYS(pidfd_open), SCMP_SYS(getpid),
    // What the protocol needs: waiting for work, coming back from a fault, giving up, beginning
    // again after an exec, and knowing whether the parent is there.
    SCMP_SYS(futex), SCMP_SYS(rt_sigreturn), SCMP_SYS(exit_group), SCMP_SYS(rt_sigaction),
    SCMP_SYS(getppid),
    // The thread that reads a userfaultfd's events.
    SCMP_SYS(read), SCMP_SYS(sched_yield),
    // Memfds without holes.
    SCMP_SYS(fallocate)};

struct AllowedByArgument {
  int call;
  scmp_arg_cmp argument;
};
constexpr std::array kAllowedByArgument{
    AllowedByArgument{SCMP_SYS(prctl), {0, SCMP_CMP_EQ, spec::kPrSetMemoryMerge, 0}},
    AllowedByArgument{SCMP_SYS(prctl), {0, SCMP_CMP_EQ, spec::kPrGetMemoryMerge, 0}},
    AllowedByArgument{SCMP_SYS(prctl), {0, SCMP_CMP_EQ, spec::kPrSetVma, 0}},
    AllowedByArgument{SCMP_SYS(prctl), {0, SCMP_CMP_EQ, spec::kPrSetThpDisable, 0}},
    AllowedByArgument{SCMP_SYS(prctl), {0, SCMP_CMP_EQ, spec::kPrGetThpDisable, 0}},
    AllowedByArgument{SCMP_SYS(prctl), {0, SCMP_CMP_EQ, spec::kPrSetMdwe, 0}},
    AllowedByArgument{SCMP_SYS(prctl), {0, SCMP_CMP_EQ, spec::kPrGetMdwe, 0}},
    AllowedByArgument{SCMP_SYS(fcntl), {1, SCMP_CMP_EQ, kAddSeals, 0}},
    AllowedByArgument{SCMP_SYS(prctl), {0, SCMP_CMP_EQ, PR_SET_PDEATHSIG, 0}},
    AllowedByArgument{SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, UFFDIO_API, 0}},
    AllowedByArgument{SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, UFFDIO_REGISTER, 0}},
    AllowedByArgument{SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, UFFDIO_UNREGISTER, 0}},
    AllowedByArgument{SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, UFFDIO_WRITEPROTECT, 0}},
    AllowedByArgument{SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, kUffdioRwprotect, 0}},
    AllowedByArgument{SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, UFFDIO_ZEROPAGE, 0}},
    AllowedByArgument{SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, UFFDIO_COPY, 0}},
    AllowedByArgument{SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, UFFDIO_CONTINUE, 0}},
    // Files from its parent, in place of the memfds that it has.
    AllowedByArgument{SCMP_SYS(recvmsg), {0, SCMP_CMP_EQ, kGivingDescriptor, 0}},
    AllowedByArgument{SCMP_SYS(dup3),
                      {1, SCMP_CMP_MASKED_EQ, ~(kMemfdCount - 1), kFirstMemfdDescriptor}},
    // What its own smaps and status show, which it is given as well.
    AllowedByArgument{SCMP_SYS(dup3), {1, SCMP_CMP_EQ, kSmapsDescriptor, 0}},
    AllowedByArgument{SCMP_SYS(dup3), {1, SCMP_CMP_EQ, kStatusDescriptor, 0}},
    AllowedByArgument{SCMP_SYS(pread64), {0, SCMP_CMP_EQ, kSmapsDescriptor, 0}},
    AllowedByArgument{SCMP_SYS(pread64), {0, SCMP_CMP_EQ, kStatusDescriptor, 0}},
    AllowedByArgument{SCMP_SYS(pwrite64), {0, SCMP_CMP_EQ, kShownDescriptor, 0}},
    AllowedByArgument{SCMP_SYS(clone), {0, SCMP_CMP_EQ, kForkFlags, 0}},
    AllowedByArgument{SCMP_SYS(clone), {0, SCMP_CMP_EQ, kListenerFlags, 0}},
    // An old size of 0 maps shared memory a second time: never the window.
    AllowedByArgument{SCMP_SYS(mremap), {1, SCMP_CMP_NE, 0, 0}},
    AllowedByArgument{SCMP_SYS(mremap), {0, SCMP_CMP_LT, kWindowStart, 0}},
    AllowedByArgument{SCMP_SYS(mremap), {0, SCMP_CMP_GE, kWindowStart + kWindowSize, 0}}};

static_assert(std::has_single_bit(kMemfdCount) && kFirstMemfdDescriptor % kMemfdCount == 0,
              "the rule for dup3 above is by its bits");

std::expected<std::vector<sock_filter>, spec::ToolFault> make_filter() {
  const auto fault = [](const char* what, int error) {
    return std::unexpected(
        spec::ToolFault{fmt::format("seccomp filter: {}: {}", what, std::strerror(error))});
  };
  const std::unique_ptr<void, decltype(&seccomp_release)> filter{
      seccomp_init(SCMP_ACT_KILL_PROCESS), &seccomp_release};
  if (!filter) return fault("seccomp_init", ENOMEM);
  for (const int call : kAllowed) {
    if (const int r = seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call, 0, nullptr); r < 0)
      return fault("adding a call", -r);
  }
  for (const auto& [call, argument] : kAllowedByArgument) {
    if (const int r = seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, call, 1, &argument);
        r < 0)
      return fault("adding a call by its argument", -r);
  }
  const Descriptor file{::memfd_create("vmadiff-filter", MFD_CLOEXEC)};
  if (!file.is_open()) return fault("memfd_create", errno);
  if (const int r = seccomp_export_bpf(filter.get(), file.number()); r < 0)
    return fault("exporting", -r);
  const auto size = ::lseek(file.number(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (size <= 0 ||
      ::pread(file.number(), program.data(), static_cast<std::size_t>(size), 0) != size)
    return fault("reading it back", errno);
  return program;
}

}  // namespace

std::expected<std::span<const sock_filter>, spec::ToolFault> agent_filter() {
  static std::mutex mutex;
  static std::vector<sock_filter> made;
  const std::scoped_lock lock{mutex};
  if (made.empty()) {
    auto filter = make_filter();
    if (!filter) return std::unexpected(std::move(filter.error()));
    made = *std::move(filter);
  }
  return made;
}

}  // namespace vmadiff::kernel
