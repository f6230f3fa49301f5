// kernel: what the agent does with userfaultfds, and the thread that reads of them.
#include "kernel/agent/userfaultfds.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/ioctl.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>

#include "kernel/agent/itself.h"

namespace {
constexpr unsigned kListenerStackSize = 0x1000;
}  // namespace

extern "C" {
[[gnu::section(".data")]] alignas(16) char listener_stack[kListenerStackSize];
uint64_t start_listener(uint64_t flags, uint64_t stack_end);
[[noreturn]] void listen_to_events();
}

asm(R"(
  .text
start_listener:
  xorl %edx, %edx
  xorl %r10d, %r10d
  xorl %r8d, %r8d
  movl $56, %eax
  syscall
  testq %rax, %rax
  jz listener_begins
  ret
listener_begins:
  xorl %ebp, %ebp
  call listen_to_events
  ud2
)");
static_assert(__NR_clone == 56, "start_listener above says the same");

namespace vmadiff::kernel {
namespace {

static_assert(kListenerFlags ==
              (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM));

constexpr uint32_t kEvents = UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP;

constexpr uint64_t kPageSize = 0x1000;
constexpr uint64_t kHugePageSize = 0x200000;

static_assert(kUffdioRwprotect == _IOWR(UFFDIO, 9, uffdio_writeprotect));
// UFFD_PAGEFAULT_FLAG_RWP, as new.
constexpr uint64_t kFaultRwp = 1 << 3;

/// The process's userfaultfd of that number; null where no such number is.
Userfaultfd* userfaultfd_of(uint64_t number) {
  if (number >= kUserfaultfdCount) return nullptr;
  return &the_window().userfaultfds[me][number];
}

void note_descriptor(uint64_t descriptor) {
  if (descriptor >= kUserfaultfdEnd) leave(3);
  the_window().userfaultfd_descriptors[descriptor / 64] |= uint64_t{1} << descriptor % 64;
}

bool is_open(const Userfaultfd& userfaultfd) { return userfaultfd.behind_descriptor != 0; }

uint64_t descriptor_of(const Userfaultfd& userfaultfd) {
  return static_cast<uint64_t>(userfaultfd.behind_descriptor) - 1;
}

struct Listener {
  bool is_there;
  /// A futex word: odd while there may be something to read.
  uint32_t asked;
  /// The even one that has been seen.
  uint32_t answered;
  /// One more than the descriptors that came of the fork at hand, by the number of the parent's
  /// userfaultfd.
  int32_t forked[kUserfaultfdCount];
};
Listener listener = {};

// Zero, or an errno.
uint64_t need_listener() {
  if (listener.is_there) return 0;
  const uint64_t made =
      start_listener(kListenerFlags, address_of(listener_stack) + kListenerStackSize);
  if (static_cast<int64_t>(made) < 0) return made;
  listener.is_there = true;
  return 0;
}

uint64_t control(const Userfaultfd& userfaultfd, uint64_t request, const void* argument) {
  return system_call(__NR_ioctl, descriptor_of(userfaultfd), request, address_of(argument));
}

// Each of these brings the page, or pages, of [start, start + size), and wakes who waits for them.
using Resolve = uint64_t (*)(const Userfaultfd& userfaultfd, uint64_t start, uint64_t size);

uint64_t zero(const Userfaultfd& userfaultfd, uint64_t start, uint64_t size) {
  uffdio_zeropage argument = {};
  argument.range = {start, size};
  return control(userfaultfd, UFFDIO_ZEROPAGE, &argument);
}

// The window is as good a page as any.
uint64_t copy(const Userfaultfd& userfaultfd, uint64_t start, uint64_t size) {
  static_assert(kWindowSize >= kPageSize);
  uffdio_copy argument = {};
  argument.dst = start;
  argument.src = kWindowStart;
  argument.len = size;
  return control(userfaultfd, UFFDIO_COPY, &argument);
}

uint64_t go_on(const Userfaultfd& userfaultfd, uint64_t start, uint64_t size) {
  uffdio_continue argument = {};
  argument.range = {start, size};
  return control(userfaultfd, UFFDIO_CONTINUE, &argument);
}

uint64_t take_off(const Userfaultfd& userfaultfd, uint64_t start, uint64_t size, uint64_t request) {
  uffdio_writeprotect argument = {};
  argument.range = {start, size};
  return control(userfaultfd, request, &argument);
}

uint64_t take_off_wp(const Userfaultfd& userfaultfd, uint64_t start, uint64_t size) {
  return take_off(userfaultfd, start, size, UFFDIO_WRITEPROTECT);
}

uint64_t take_off_rwp(const Userfaultfd& userfaultfd, uint64_t start, uint64_t size) {
  return take_off(userfaultfd, start, size, kUffdioRwprotect);
}

// Until it is done, or there is no sense in it. EAGAIN: mappings are changing.
uint64_t insist(Resolve resolve, const Userfaultfd& userfaultfd, uint64_t start, uint64_t size) {
  for (;;) {
    const uint64_t result = resolve(userfaultfd, start, size);
    if (result != -uint64_t{EAGAIN} && result != -uint64_t{ENOMEM}) return result;
    system_call(__NR_sched_yield);
  }
}

// By spec::UffdRegister's rule. A page of the ordinary size is EINVAL where it is part of a huge
// one; nobody here has a huge page to copy.
void resolve_fault(uint64_t number, uint64_t address, uint64_t flags) {
  const auto& userfaultfd = *userfaultfd_of(number);
  const uint64_t start = address & ~(kPageSize - 1);
  Resolve resolve = &copy;
  if ((flags & UFFD_PAGEFAULT_FLAG_WP) != 0) {
    resolve = &take_off_wp;
  } else if ((flags & UFFD_PAGEFAULT_FLAG_MINOR) != 0) {
    resolve = &go_on;
  } else if ((flags & kFaultRwp) != 0) {
    resolve = &take_off_rwp;
  } else if ((flags & UFFD_PAGEFAULT_FLAG_WRITE) == 0 &&
             insist(&zero, userfaultfd, start, kPageSize) == 0) {
    return;
  }
  // A mark on a page that is not there is EEXIST for the zero page, but not for a copy.
  uint64_t result = insist(resolve, userfaultfd, start, kPageSize);
  if (result == -uint64_t{EINVAL} && resolve != &copy)
    result = insist(resolve, userfaultfd, address & ~(kHugePageSize - 1), kHugePageSize);
  if (static_cast<int64_t>(result) < 0) close_userfaultfd(number);
}

void read_events() {
  for (uint64_t number = 0; number < kUserfaultfdCount; ++number) {
    const auto& userfaultfd = *userfaultfd_of(number);
    uffd_msg message = {};
    while (is_open(userfaultfd) &&
           ((userfaultfd.features & kEvents) != 0 || userfaultfd.tells_of_faults != 0) &&
           system_call(__NR_read, descriptor_of(userfaultfd), address_of(&message),
                       sizeof(message)) == sizeof(message)) {
      if (message.event == UFFD_EVENT_PAGEFAULT)
        resolve_fault(number, message.arg.pagefault.address, message.arg.pagefault.flags);
      if (message.event != UFFD_EVENT_FORK) continue;
      listener.forked[number] = static_cast<int32_t>(message.arg.fork.ufd) + 1;
      note_descriptor(message.arg.fork.ufd);
    }
  }
}

uint64_t need_userfaultfd(uint64_t number) {
  const auto* const userfaultfd = userfaultfd_of(number);
  const bool is_there = userfaultfd != nullptr && is_open(*userfaultfd);
  return is_there ? 0 : open_userfaultfd(number, 0);
}

}  // namespace

uint64_t open_userfaultfd(uint64_t number, uint64_t features) {
  auto* const userfaultfd = userfaultfd_of(number);
  if (userfaultfd == nullptr) return -uint64_t{EBADF};
  const bool was_there = is_open(*userfaultfd);
  Userfaultfd made = *userfaultfd;
  if (!was_there) {
    constexpr uint64_t kFlags = O_CLOEXEC | O_NONBLOCK;
    uint64_t descriptor = system_call(__NR_userfaultfd, kFlags);
    const bool is_told_all = descriptor != -uint64_t{EPERM};
    if (!is_told_all) descriptor = system_call(__NR_userfaultfd, kFlags | UFFD_USER_MODE_ONLY);
    if (static_cast<int64_t>(descriptor) < 0) return descriptor;
    note_descriptor(descriptor);
    made = {static_cast<int32_t>(descriptor) + 1, static_cast<uint32_t>(features), is_told_all, 0};
  }
  uffdio_api api = {};
  api.api = UFFD_API;
  api.features = features;
  uint64_t result = control(made, UFFDIO_API, &api);
  if (result == 0 && (features & kEvents) != 0) result = need_listener();
  if (result != 0) {
    if (!was_there) system_call(__NR_close, descriptor_of(made));
    return result;
  }
  *userfaultfd = made;
  return 0;
}

uint64_t close_userfaultfd(uint64_t number) {
  auto* const userfaultfd = userfaultfd_of(number);
  if (userfaultfd == nullptr || !is_open(*userfaultfd)) return -uint64_t{EBADF};
  const uint64_t descriptor = descriptor_of(*userfaultfd);
  *userfaultfd = {};
  return system_call(__NR_close, descriptor);
}

void close_userfaultfds() {
  for (uint64_t number = 0; number < kUserfaultfdCount; ++number) close_userfaultfd(number);
}

void forget_userfaultfds() {
  for (auto& userfaultfd : the_window().userfaultfds[me]) userfaultfd = {};
}

uint64_t reset_userfaultfds() {
  Window& window = the_window();
  for (uint64_t number = 0; number < kUserfaultfdEnd; ++number) {
    auto& word = window.userfaultfd_descriptors[number / 64];
    const uint64_t bit = uint64_t{1} << number % 64;
    if ((word & bit) == 0) continue;
    system_call(__NR_close, number);
    word &= ~bit;
  }
  for (auto& of_process : window.userfaultfds) {
    for (auto& userfaultfd : of_process) userfaultfd = {};
  }
  return 0;
}

uint64_t register_range(uint64_t start, uint64_t length, uint64_t mode, uint64_t number) {
  if (const uint64_t failed = need_userfaultfd(number); failed != 0) return failed;
  auto& userfaultfd = *userfaultfd_of(number);
  if ((mode & (UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR)) != 0) {
    if (userfaultfd.is_told_all == 0) return -uint64_t{EPERM};
    userfaultfd.tells_of_faults = 1;
    const uint64_t emptied = system_call(__NR_madvise, start, length, MADV_DONTNEED_LOCKED);
    if (emptied != 0 && emptied != -uint64_t{ENOMEM}) return emptied;
  }
  uffdio_register argument = {};
  argument.range = {start, length};
  argument.mode = mode;
  return control(userfaultfd, UFFDIO_REGISTER, &argument);
}

uint64_t unregister_range(uint64_t start, uint64_t length, uint64_t number) {
  if (const uint64_t failed = need_userfaultfd(number); failed != 0) return failed;
  const uffdio_range range = {start, length};
  return control(*userfaultfd_of(number), UFFDIO_UNREGISTER, &range);
}

uint64_t protect_range(const Record& record) {
  const uint64_t number = record.argument[3];
  if (const uint64_t failed = need_userfaultfd(number); failed != 0) return failed;
  auto& userfaultfd = *userfaultfd_of(number);
  if (userfaultfd.is_told_all == 0) return -uint64_t{EPERM};
  // Any of them can set marks. Told of them is the one that the memory is registered with.
  for (auto& any : the_window().userfaultfds[me]) any.tells_of_faults = is_open(any) ? 1 : 0;
  uffdio_writeprotect argument = {};
  argument.range = {record.argument[0], record.argument[1]};
  argument.mode = record.argument[2];
  return control(userfaultfd,
                 record.number == kUffdRwprotect ? kUffdioRwprotect : UFFDIO_WRITEPROTECT,
                 &argument);
}

bool tells_of(uint32_t features) {
  for (const auto& userfaultfd : the_window().userfaultfds[me]) {
    if (is_open(userfaultfd) && (userfaultfd.features & features) != 0) return true;
  }
  return false;
}

bool tells_of_faults() {
  for (const auto& userfaultfd : the_window().userfaultfds[me]) {
    if (userfaultfd.tells_of_faults != 0) return true;
  }
  return false;
}

// What came through a fork finds no thread yet: without one nobody would ever answer.
void begin_listening() {
  if (need_listener() != 0) leave(4);
  __atomic_add_fetch(&listener.asked, 1, __ATOMIC_SEQ_CST);
  system_call(__NR_futex, address_of(&listener.asked), FUTEX_WAKE, 1);
}

void end_listening() {
  const uint32_t over = __atomic_add_fetch(&listener.asked, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&listener.answered, __ATOMIC_SEQ_CST) != over)
    system_call(__NR_sched_yield);
}

void expect_fork() {
  for (auto& forked : listener.forked) forked = 0;
}

// Threads are not inherited.
void begin_as_child() { listener = {}; }

void hand_on_userfaultfds(uint32_t number) {
  for (uint64_t i = 0; i < kUserfaultfdCount; ++i) {
    const int32_t forked = listener.forked[i];
    if (number != 0) {
      auto& childs = the_window().userfaultfds[number][i];
      childs = forked == 0 ? Userfaultfd{} : *userfaultfd_of(i);
      childs.behind_descriptor = forked;
    } else if (forked != 0) {
      system_call(__NR_close, static_cast<uint64_t>(forked) - 1);
    }
  }
}

}  // namespace vmadiff::kernel

void listen_to_events() {
  using namespace vmadiff::kernel;
  for (;;) {
    const uint32_t asked = __atomic_load_n(&listener.asked, __ATOMIC_SEQ_CST);
    if (asked % 2 == 0) {
      __atomic_store_n(&listener.answered, asked, __ATOMIC_SEQ_CST);
      system_call(__NR_futex, address_of(&listener.asked), FUTEX_WAIT, asked);
      continue;
    }
    read_events();
    system_call(__NR_sched_yield);
  }
}
