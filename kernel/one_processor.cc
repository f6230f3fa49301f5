// kernel: keeps two who never run at the same time on one processor.
#include "kernel/one_processor.h"

#include <atomic>

namespace vmadiff::kernel {
namespace {

/// So many turns pass between two at which the scheduler chooses.
constexpr std::uint32_t kTurnsOnOne = 64;

std::optional<cpu_set_t> allowed_to_this_thread() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return std::nullopt;
  return allowed;
}

/// What this process may use. Asked for before anybody is bound, and known to all that it forks.
const std::optional<cpu_set_t>& allowed_at_first() {
  static const std::optional<cpu_set_t> kAllowed = allowed_to_this_thread();
  return kAllowed;
}

/// In a forked child allowed_at_first() may wait for a thread that is not there, but not behind
/// this.
std::atomic<bool> is_asked{false};

}  // namespace

OneProcessor::OneProcessor() : own_(allowed_at_first()) {
  is_asked = true;
  if (own_ && CPU_COUNT(&*own_) < 2) own_.reset();
}

OneProcessor::~OneProcessor() {
  if (own_ && process_ != 0) ::sched_setaffinity(0, sizeof(*own_), &*own_);
}

void OneProcessor::before_turn(pid_t process) {
  if (!own_) return;
  if (process != process_ || turns_ == kTurnsOnOne) {
    let_go(process);
    return;
  }
  if (turns_++ == 0) bind(process);
}

void OneProcessor::bind(pid_t process) {
  const int now = ::sched_getcpu();
  if (now < 0) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(now), &one);
  ::sched_setaffinity(0, sizeof(one), &one);
  ::sched_setaffinity(process, sizeof(one), &one);
}

void OneProcessor::let_go(pid_t process) {
  ::sched_setaffinity(0, sizeof(*own_), &*own_);
  ::sched_setaffinity(process, sizeof(*own_), &*own_);
  process_ = process;
  turns_ = 0;
}

void leave_one_processor() {
  if (!is_asked) return;
  const auto& allowed = allowed_at_first();
  if (allowed) ::sched_setaffinity(0, sizeof(*allowed), &*allowed);
}

}  // namespace vmadiff::kernel
