// kernel: the agent, the process whose address space is looked at. It runs records from the window
// and knows nothing of what they mean. No C library, no heap, no thread-local storage: nothing maps
// memory here but the records themselves. All it owns is its text, its data (with the stack in it)
// and the window.
#include <asm/signal.h>
// <asm/ucontext.h> is made of types of the one above and the next, and includes neither.
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/ioctl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>

#include "kernel/agent/protocol.h"

using vmadiff::kernel::Record;
using vmadiff::kernel::Window;

namespace {
constexpr unsigned kStackSize = 0xc000;
constexpr unsigned kListenerStackSize = 0x1000;
}  // namespace

extern "C" {
[[gnu::section(".data")]] alignas(16) char agent_stack[kStackSize];
extern const char agent_stack_end[];
[[gnu::section(".data")]] alignas(16) char listener_stack[kListenerStackSize];

extern const char touch_read_access[];
extern const char touch_write_access[];
extern const char touch_failed[];
void signal_return();
uint64_t touch_read(uint64_t addr, uint64_t page_count);
uint64_t touch_write(uint64_t addr, uint64_t page_count);
uint64_t start_listener(uint64_t flags, uint64_t stack_end);
[[noreturn]] void listen_to_events();
[[noreturn]] void agent_main();
}

// Entry: leave the kernel's stack at once. The touches stand here so that each has one instruction
// that can fault, with an address the signal handler knows; a fault there goes on at touch_failed
// with the signal's number in rax.
asm(R"(
  .set agent_stack_end, agent_stack + 0xc000
  .text
  .globl _start
_start:
  leaq agent_stack_end(%rip), %rsp
  xorl %ebp, %ebp
  call agent_main
  ud2

touch_read:
touch_read_access:
  movb (%rdi), %al
  addq $4096, %rdi
  decq %rsi
  jnz touch_read_access
  xorl %eax, %eax
  ret

touch_write:
touch_write_access:
  movb $1, (%rdi)
  addq $4096, %rdi
  decq %rsi
  jnz touch_write_access
  xorl %eax, %eax
  ret

touch_failed:
  ret

signal_return:
  movl $15, %eax
  syscall

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
static_assert(kStackSize == 0xc000, "agent_stack_end above says the same");
static_assert(__NR_rt_sigreturn == 15, "signal_return above says the same");

namespace {

uint64_t system_call(uint64_t number, uint64_t a0 = 0, uint64_t a1 = 0, uint64_t a2 = 0,
                     uint64_t a3 = 0, uint64_t a4 = 0, uint64_t a5 = 0) {
  uint64_t result = number;
  register uint64_t r10 asm("r10") = a3;
  register uint64_t r8 asm("r8") = a4;
  register uint64_t r9 asm("r9") = a5;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a0), "S"(a1), "d"(a2), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

uint64_t address_of(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

[[noreturn]] void leave(uint64_t status) {
  for (;;) system_call(__NR_exit_group, status);
}

// A fault anywhere but in a touch is the end: a sequence has taken away what the agent lives on.
void on_fault(int signal, void* /*info*/, void* context) {
  auto& registers = static_cast<struct ucontext*>(context)->uc_mcontext;
  const uint64_t at = registers.rip;
  if (at != address_of(touch_read_access) && at != address_of(touch_write_access)) {
    leave(128 + static_cast<uint64_t>(signal));
  }
  registers.rip = address_of(touch_failed);
  registers.rax = static_cast<uint64_t>(signal);
}

void catch_faults() {
  struct sigaction action = {};
  action.sa_flags = SA_SIGINFO | SA_RESTORER;
  action.sa_handler = __builtin_bit_cast(__sighandler_t, &on_fault);
  action.sa_restorer = &signal_return;
  constexpr int kSignals[] = {SIGSEGV, SIGBUS};
  for (const int signal : kSignals) {
    if (system_call(__NR_rt_sigaction, static_cast<uint64_t>(signal), address_of(&action), 0,
                    sizeof(action.sa_mask)) != 0) {
      leave(1);
    }
  }
}

// The kernel's struct rlimit64.
struct Limit {
  uint64_t soft;
  uint64_t hard;
};

uint64_t set_limit(uint64_t resource, uint64_t soft) {
  Limit limit{};
  const uint64_t result = system_call(__NR_prlimit64, 0, resource, 0, address_of(&limit));
  if (result != 0) return result;
  limit.soft = soft;
  return system_call(__NR_prlimit64, 0, resource, address_of(&limit));
}

/// Which process this is. A forked one has its own.
uint32_t me = 0;

Window& the_window() { return *__builtin_bit_cast(Window*, vmadiff::kernel::kWindowStart); }

/// The process's userfaultfd of that number; null where no such number is.
vmadiff::kernel::Userfaultfd* userfaultfd_of(uint64_t number) {
  if (number >= vmadiff::kernel::kUserfaultfdCount) return nullptr;
  return &the_window().userfaultfds[me][number];
}

void note_descriptor(uint64_t descriptor) {
  if (descriptor >= vmadiff::kernel::kUserfaultfdEnd) leave(3);
  the_window().userfaultfd_descriptors[descriptor / 64] |= uint64_t{1} << descriptor % 64;
}

bool is_open(const vmadiff::kernel::Userfaultfd& userfaultfd) {
  return userfaultfd.behind_descriptor != 0;
}

uint64_t descriptor_of(const vmadiff::kernel::Userfaultfd& userfaultfd) {
  return static_cast<uint64_t>(userfaultfd.behind_descriptor) - 1;
}

constexpr uint32_t kEvents = UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP;

// Who makes a call that a userfaultfd tells of waits in it until somebody has read of it: a thread
// that reads while, and only while, such a call is being made. At other times it holds no file, so
// that a close is the last.
struct Listener {
  bool is_there;
  /// A futex word: odd while there may be something to read.
  uint32_t asked;
  /// The even one that has been seen.
  uint32_t answered;
  /// One more than the descriptors that came of the fork at hand, by the number of the parent's
  /// userfaultfd.
  int32_t forked[vmadiff::kernel::kUserfaultfdCount];
};
Listener listener = {};

void read_events() {
  for (uint64_t number = 0; number < vmadiff::kernel::kUserfaultfdCount; ++number) {
    const auto& userfaultfd = *userfaultfd_of(number);
    if (!is_open(userfaultfd) || (userfaultfd.features & kEvents) == 0) continue;
    uffd_msg message = {};
    while (system_call(__NR_read, descriptor_of(userfaultfd), address_of(&message),
                       sizeof(message)) == sizeof(message)) {
      if (message.event != UFFD_EVENT_FORK) continue;
      listener.forked[number] = static_cast<int32_t>(message.arg.fork.ufd) + 1;
      note_descriptor(message.arg.fork.ufd);
    }
  }
}

// Zero, or an errno.
uint64_t need_listener() {
  if (listener.is_there) return 0;
  const uint64_t made = start_listener(vmadiff::kernel::kListenerFlags,
                                       address_of(listener_stack) + kListenerStackSize);
  if (static_cast<int64_t>(made) < 0) return made;
  listener.is_there = true;
  return 0;
}

// Whether a userfaultfd tells of what these features are about.
bool tells_of(uint32_t features) {
  for (uint64_t number = 0; number < vmadiff::kernel::kUserfaultfdCount; ++number) {
    const auto& userfaultfd = *userfaultfd_of(number);
    if (is_open(userfaultfd) && (userfaultfd.features & features) != 0) return true;
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
  while (__atomic_load_n(&listener.answered, __ATOMIC_SEQ_CST) != over) {
    system_call(__NR_sched_yield);
  }
}

// Zero, or an errno.
uint64_t open_userfaultfd(uint64_t number, uint64_t features) {
  auto* const userfaultfd = userfaultfd_of(number);
  if (userfaultfd == nullptr) return -uint64_t{EBADF};
  uint64_t descriptor = descriptor_of(*userfaultfd);
  const bool was_there = is_open(*userfaultfd);
  if (!was_there) {
    descriptor = system_call(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
    if (static_cast<int64_t>(descriptor) < 0) return descriptor;
    note_descriptor(descriptor);
  }
  uffdio_api api = {};
  api.api = UFFD_API;
  api.features = features;
  uint64_t result = system_call(__NR_ioctl, descriptor, UFFDIO_API, address_of(&api));
  if (result == 0 && (features & kEvents) != 0) result = need_listener();
  if (result != 0) {
    if (!was_there) system_call(__NR_close, descriptor);
    return result;
  }
  *userfaultfd = {static_cast<int32_t>(descriptor) + 1, static_cast<uint32_t>(features)};
  return 0;
}

uint64_t need_userfaultfd(uint64_t number) {
  const auto* const userfaultfd = userfaultfd_of(number);
  const bool is_there = userfaultfd != nullptr && is_open(*userfaultfd);
  return is_there ? 0 : open_userfaultfd(number, 0);
}

uint64_t close_userfaultfd(uint64_t number) {
  auto* const userfaultfd = userfaultfd_of(number);
  if (userfaultfd == nullptr || !is_open(*userfaultfd)) return -uint64_t{EBADF};
  const uint64_t descriptor = descriptor_of(*userfaultfd);
  *userfaultfd = {};
  return system_call(__NR_close, descriptor);
}

// For a process that is to go, or to begin anew: what it has had stays open elsewhere, if at all,
// and is of no memory any more.
void forget_userfaultfds() {
  for (auto& userfaultfd : the_window().userfaultfds[me]) userfaultfd = {};
}

uint64_t reset_userfaultfds() {
  Window& window = the_window();
  for (uint64_t number = 0; number < vmadiff::kernel::kUserfaultfdEnd; ++number) {
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
  uffdio_register argument = {};
  argument.range = {start, length};
  argument.mode = mode;
  return system_call(__NR_ioctl, descriptor_of(*userfaultfd_of(number)), UFFDIO_REGISTER,
                     address_of(&argument));
}

uint64_t unregister_range(uint64_t start, uint64_t length, uint64_t number) {
  if (const uint64_t failed = need_userfaultfd(number); failed != 0) return failed;
  uffdio_range range = {start, length};
  return system_call(__NR_ioctl, descriptor_of(*userfaultfd_of(number)), UFFDIO_UNREGISTER,
                     address_of(&range));
}

uint64_t remap(const Record& record) {
  const auto& argument = record.argument;
  const bool listens = tells_of(UFFD_FEATURE_EVENT_REMAP);
  if (listens) begin_listening();
  const uint64_t result =
      system_call(__NR_mremap, argument[0], argument[1], argument[2], argument[3], argument[4]);
  if (listens) end_listening();
  return result;
}

// The kernel takes one node less than it is told.
constexpr uint64_t kMaxNode = 65;

static_assert(vmadiff::kernel::kForkFlags ==
              (CLONE_FILES | CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD));
static_assert(vmadiff::kernel::kListenerFlags ==
              (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM));

// The kernel's struct iovec.
struct Range {
  uint64_t start;
  uint64_t length;
};

uint64_t advise_self(const uint64_t* argument) {
  const uint64_t self = system_call(__NR_pidfd_open, system_call(__NR_getpid));
  if (static_cast<int64_t>(self) < 0) return self;
  const Range ranges[] = {{argument[0], argument[1]}, {argument[2], argument[3]}};
  const uint64_t count = argument[2] != 0 || argument[3] != 0 ? 2 : 1;
  const uint64_t result =
      system_call(__NR_process_madvise, self, address_of(static_cast<const void*>(ranges)), count,
                  argument[4], argument[5]);
  system_call(__NR_close, self);
  return result;
}

// A fork does not inherit this. The parent may have died before it was said.
void die_with_parent(const Window& window) {
  system_call(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
  if (system_call(__NR_getppid) != static_cast<uint64_t>(window.parent)) leave(2);
}

// Gives what came of the fork to the process of that number; 0: there is none after all.
void hand_on_userfaultfds(Window& window, uint32_t number) {
  for (uint64_t i = 0; i < vmadiff::kernel::kUserfaultfdCount; ++i) {
    const int32_t forked = listener.forked[i];
    if (number != 0) {
      window.userfaultfds[number][i] = {forked, forked == 0 ? 0 : userfaultfd_of(i)->features};
    } else if (forked != 0) {
      system_call(__NR_close, static_cast<uint64_t>(forked) - 1);
    }
  }
}

uint64_t fork_process(Window& window) {
  const uint32_t number = window.last_process + 1;
  if (number >= vmadiff::kernel::kProcessCountMax) return -uint64_t{EAGAIN};
  const bool listens = tells_of(UFFD_FEATURE_EVENT_FORK);
  for (auto& forked : listener.forked) forked = 0;
  if (listens) begin_listening();
  const uint64_t pid =
      system_call(__NR_clone, vmadiff::kernel::kForkFlags, 0, address_of(&window.pids[number]));
  if (pid == 0) {
    me = number;
    // Threads are not inherited.
    listener = {};
    die_with_parent(window);
    return 0;
  }
  if (listens) end_listening();
  hand_on_userfaultfds(window, static_cast<int64_t>(pid) < 0 ? 0 : number);
  if (pid == -uint64_t{EAGAIN}) return vmadiff::kernel::kNoProcessLeft;
  if (static_cast<int64_t>(pid) < 0) return pid;
  window.last_process = number;
  return number;
}

// Gives an errno if the kernel refuses; else the new image goes on.
uint64_t exec_again(Window& window) {
  const char* const arguments[] = {"vmadiff-agent", nullptr};
  const char* const environment[] = {nullptr};
  window.execing = me + 1;
  const uint64_t result =
      system_call(__NR_execveat, vmadiff::kernel::kExecutableDescriptor, address_of(""),
                  address_of(static_cast<const void*>(arguments)),
                  address_of(static_cast<const void*>(environment)), AT_EMPTY_PATH);
  window.execing = 0;
  return result;
}

uint64_t attach_segment(const Window& window, uint64_t segment, uint64_t address, uint64_t flags) {
  const bool is_known = segment < vmadiff::kernel::kSegmentCount;
  const int32_t id = is_known ? window.segments[segment] : -1;
  if (is_known && id < 0) return -uint64_t{ENOSYS};
  return system_call(__NR_shmat, static_cast<uint64_t>(int64_t{id}), address, flags);
}

uint64_t run_call(const Window& window, const Record& record) {
  const auto& argument = record.argument;
  switch (record.number) {
    case vmadiff::kernel::kShmat:
      return attach_segment(window, argument[0], argument[1], argument[2]);
    case vmadiff::kernel::kTouchRead:
      return touch_read(argument[0], argument[1]);
    case vmadiff::kernel::kTouchWrite:
      return touch_write(argument[0], argument[1]);
    case vmadiff::kernel::kGive:
      return argument[0];
    case vmadiff::kernel::kSetLimit:
      return set_limit(argument[0], argument[1]);
    case vmadiff::kernel::kUffdRegister:
      return register_range(argument[0], argument[1], argument[2], argument[3]);
    case vmadiff::kernel::kUffdUnregister:
      return unregister_range(argument[0], argument[1], argument[2]);
    case vmadiff::kernel::kUffdOpen:
      return open_userfaultfd(argument[0], argument[1]);
    case vmadiff::kernel::kUffdClose:
      return close_userfaultfd(argument[0]);
    case vmadiff::kernel::kUffdReset:
      return reset_userfaultfds();
    case __NR_mremap:
      return remap(record);
    case vmadiff::kernel::kMbind:
      return system_call(__NR_mbind, argument[0], argument[1], argument[2] | argument[3],
                         address_of(&argument[4]), kMaxNode, argument[5]);
    case vmadiff::kernel::kSetMempolicy:
      return system_call(__NR_set_mempolicy, argument[0] | argument[1], address_of(&argument[2]),
                         kMaxNode);
    case vmadiff::kernel::kSetVmaName:
      return system_call(__NR_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, argument[0], argument[1],
                         argument[2] == 0 ? address_of(record.name) : argument[2] - 1);
    case vmadiff::kernel::kProcessMadvise:
      return advise_self(record.argument);
    default:
      return system_call(record.number, argument[0], argument[1], argument[2], argument[3],
                         argument[4], argument[5]);
  }
}

void give_turn(Window& window, uint32_t process) {
  __atomic_store_n(&window.turn, process, __ATOMIC_RELEASE);
  system_call(__NR_futex, address_of(&window.turn), FUTEX_WAKE, 0x7fffffff);
}

// Until it is this process's turn.
void wait_for_turn(Window& window) {
  for (;;) {
    const uint32_t turn = __atomic_load_n(&window.turn, __ATOMIC_ACQUIRE);
    if (turn == me) return;
    system_call(__NR_futex, address_of(&window.turn), FUTEX_WAIT, turn);
  }
}

// The result of the record at `index` is known: false where the program must end.
bool finish(Window& window, uint32_t index, uint64_t result) {
  const Record& record = window.records[index];
  if (index >= window.timed_first && index < window.timed_end)
    window.ticks += vmadiff::kernel::ticks_now() - window.began;
  window.results[index] = result;
  if (record.must_equal != 0 && result != record.expected) return false;
  __atomic_store_n(&window.current, index + 1, __ATOMIC_RELEASE);
  return true;
}

// Ends a process for which nobody waits.
[[noreturn]] void exit_process(Window& window) {
  window.leaving = window.pids[me];
  window.pids[me] = 0;
  for (uint64_t number = 0; number < vmadiff::kernel::kUserfaultfdCount; ++number) {
    close_userfaultfd(number);
  }
  const bool goes_on = finish(window, window.current, 0);
  if (!goes_on) window.record_count = window.current;
  give_turn(window, 0);
  leave(0);
}

// Runs records from the current one on, as long as they are this process's. True at the end of the
// program, false where another process must go on.
bool run_records(Window& window) {
  for (;;) {
    const uint32_t index = window.current;
    if (index >= window.record_count) return true;
    const Record& record = window.records[index];
    const bool is_there =
        record.process == 0 ||
        (record.process < vmadiff::kernel::kProcessCountMax && window.pids[record.process] != 0);
    uint64_t result = vmadiff::kernel::kNoSuchProcess;
    if (is_there && record.process != me) {
      give_turn(window, record.process);
      return false;
    }
    window.began = vmadiff::kernel::ticks_now();
    if (is_there) {
      switch (record.number) {
        case vmadiff::kernel::kFork:
          result = fork_process(window);
          // The new process waits; the record is its parent's.
          if (result == 0) return false;
          break;
        case vmadiff::kernel::kExec:
          result = exec_again(window);
          break;
        case vmadiff::kernel::kExit:
          if (me != 0) exit_process(window);
          result = -uint64_t{EPERM};
          break;
        default:
          result = run_call(window, record);
      }
    }
    if (!finish(window, index, result)) {
      // The parent sees that `current` did not come so far.
      window.record_count = index;
      return true;
    }
  }
}

// A process that runs records whenever it is its turn.
[[noreturn]] void serve(Window& window) {
  for (;;) {
    wait_for_turn(window);
    const bool is_over = run_records(window);
    if (is_over) give_turn(window, 0);
  }
}

// Takes away what exec mapped besides the agent, and finishes the record of the exec.
void come_back(Window& window) {
  me = window.execing - 1;
  window.execing = 0;
  forget_userfaultfds();
  for (uint32_t i = 0; i < window.own_range_count; ++i) {
    const auto& range = window.own_ranges[i];
    system_call(__NR_munmap, range.start, range.size);
  }
  if (!finish(window, window.current, 0)) window.record_count = window.current;
}

// Process 0 answers requests.
[[noreturn]] void answer(Window& window, uint32_t seen) {
  for (;;) {
    while (__atomic_load_n(&window.request, __ATOMIC_ACQUIRE) == seen) {
      system_call(__NR_futex, address_of(&window.request), FUTEX_WAIT, seen);
    }
    ++seen;
    while (!run_records(window)) {
      // A forked process ends up here too: its parent is the one that answers.
      if (me != 0) serve(window);
      wait_for_turn(window);
    }
    __atomic_store_n(&window.reply, seen, __ATOMIC_RELEASE);
    system_call(__NR_futex, address_of(&window.reply), FUTEX_WAKE, 1);
  }
}

}  // namespace

void listen_to_events() {
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

void agent_main() {
  catch_faults();
  if (system_call(__NR_mmap, vmadiff::kernel::kWindowStart, vmadiff::kernel::kWindowSize,
                  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
                  vmadiff::kernel::kWindowDescriptor, 0) != vmadiff::kernel::kWindowStart) {
    leave(1);
  }
  Window& window = the_window();
  if (window.execing != 0) come_back(window);
  if (me != 0) {
    // Its turn has not ended.
    if (run_records(window)) give_turn(window, 0);
    serve(window);
  }
  answer(window, window.reply);
}
