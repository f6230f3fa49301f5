// intake: the calls by name.
#include "intake/strace_names.h"

#include <algorithm>
#include <array>
#include <utility>

namespace vmadiff::intake {
namespace {

using enum CallKind;

constexpr std::array kCalls{
    std::pair{std::string_view{"mmap"}, kMemory},
    std::pair{std::string_view{"munmap"}, kMemory},
    std::pair{std::string_view{"mprotect"}, kMemory},
    std::pair{std::string_view{"brk"}, kMemory},
    std::pair{std::string_view{"madvise"}, kMemory},
    std::pair{std::string_view{"prctl"}, kMemory},
    std::pair{std::string_view{"mremap"}, kMemory},
    std::pair{std::string_view{"mlock"}, kMemory},
    std::pair{std::string_view{"mlock2"}, kMemory},
    std::pair{std::string_view{"munlock"}, kMemory},
    std::pair{std::string_view{"mlockall"}, kMemory},
    std::pair{std::string_view{"munlockall"}, kMemory},
    std::pair{std::string_view{"mseal"}, kMemory},
    std::pair{std::string_view{"msync"}, kMemory},
    std::pair{std::string_view{"pkey_mprotect"}, kMemory},
    std::pair{std::string_view{"remap_file_pages"}, kMemory},
    std::pair{std::string_view{"setrlimit"}, kMemory},
    std::pair{std::string_view{"prlimit64"}, kMemory},
    std::pair{std::string_view{"mbind"}, kMemory},
    std::pair{std::string_view{"set_mempolicy"}, kMemory},
    std::pair{std::string_view{"open"}, kDescriptor},
    std::pair{std::string_view{"openat"}, kDescriptor},
    std::pair{std::string_view{"openat2"}, kDescriptor},
    std::pair{std::string_view{"creat"}, kDescriptor},
    std::pair{std::string_view{"memfd_create"}, kDescriptor},
    std::pair{std::string_view{"memfd_secret"}, kDescriptor},
    std::pair{std::string_view{"dup"}, kDescriptor},
    std::pair{std::string_view{"dup2"}, kDescriptor},
    std::pair{std::string_view{"dup3"}, kDescriptor},
    std::pair{std::string_view{"fcntl"}, kDescriptor},
    std::pair{std::string_view{"close"}, kDescriptor},
    std::pair{std::string_view{"close_range"}, kDescriptor},
    std::pair{std::string_view{"socket"}, kDescriptor},
    std::pair{std::string_view{"accept"}, kDescriptor},
    std::pair{std::string_view{"accept4"}, kDescriptor},
    std::pair{std::string_view{"eventfd2"}, kDescriptor},
    std::pair{std::string_view{"epoll_create"}, kDescriptor},
    std::pair{std::string_view{"epoll_create1"}, kDescriptor},
    std::pair{std::string_view{"timerfd_create"}, kDescriptor},
    std::pair{std::string_view{"signalfd4"}, kDescriptor},
    std::pair{std::string_view{"inotify_init1"}, kDescriptor},
    std::pair{std::string_view{"perf_event_open"}, kDescriptor},
    std::pair{std::string_view{"io_uring_setup"}, kDescriptor},
    std::pair{std::string_view{"userfaultfd"}, kDescriptor},
    std::pair{std::string_view{"bpf"}, kDescriptor},
    std::pair{std::string_view{"pidfd_open"}, kDescriptor},
    std::pair{std::string_view{"fork"}, kProcess},
    std::pair{std::string_view{"vfork"}, kProcess},
    std::pair{std::string_view{"clone"}, kProcess},
    std::pair{std::string_view{"clone3"}, kProcess},
    std::pair{std::string_view{"execve"}, kProcess},
    std::pair{std::string_view{"execveat"}, kProcess},
    std::pair{std::string_view{"exit"}, kProcess},
    std::pair{std::string_view{"exit_group"}, kProcess},
    std::pair{std::string_view{"unshare"}, kProcess},
    std::pair{std::string_view{"shmat"}, kNotKept},
    std::pair{std::string_view{"shmdt"}, kNotKept},
    std::pair{std::string_view{"ioctl"}, kNotKept},
    std::pair{std::string_view{"process_madvise"}, kNotKept},
    std::pair{std::string_view{"personality"}, kNotKept},
    std::pair{std::string_view{"set_mempolicy_home_node"}, kNotKept},
    std::pair{std::string_view{"map_shadow_stack"}, kNotKept},
    std::pair{std::string_view{"io_setup"}, kNotKept},
    std::pair{std::string_view{"uselib"}, kNotKept},
};

}  // namespace

std::optional<CallKind> call_kind(std::string_view name) {
  for (const auto& [known, kind] : kCalls) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

std::vector<std::string_view> known_calls() {
  std::vector<std::string_view> out;
  for (const auto& [name, kind] : kCalls) out.push_back(name);
  return out;
}

bool is_watched(std::string_view name) {
  return std::ranges::find(kWatchedCalls, name) != kWatchedCalls.end();
}

}  // namespace vmadiff::intake
