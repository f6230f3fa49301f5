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
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>

#include "kernel/agent/itself.h"
#include "kernel/agent/protocol.h"
#include "kernel/agent/userfaultfds.h"

using vmadiff::kernel::address_of;
using vmadiff::kernel::leave;
using vmadiff::kernel::me;
using vmadiff::kernel::Record;
using vmadiff::kernel::system_call;
using vmadiff::kernel::the_window;
using vmadiff::kernel::Window;

namespace {
constexpr unsigned kStackSize = 0xc000;
}  // namespace

extern "C" {
[[gnu::section(".data")]] alignas(16) char agent_stack[kStackSize];
extern const char agent_stack_end[];

extern const char touch_read_access[];
extern const char touch_write_access[];
extern const char touch_failed[];
void signal_return();
uint64_t touch_read(uint64_t addr, uint64_t page_count);
uint64_t touch_write(uint64_t addr, uint64_t page_count);
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
)");
static_assert(kStackSize == 0xc000, "agent_stack_end above says the same");
static_assert(__NR_rt_sigreturn == 15, "signal_return above says the same");

namespace {

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

// The kernel takes one node less than it is told.
constexpr uint64_t kMaxNode = 65;

static_assert(vmadiff::kernel::kForkFlags ==
              (CLONE_FILES | CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD));

// The kernel's struct iovec.
struct Range {
  uint64_t start;
  uint64_t length;
};

// The kernel's struct user_msghdr.
struct Message {
  void* name;
  int name_size;
  Range* parts;
  uint64_t part_count;
  void* control;
  uint64_t control_size;
  unsigned flags;
};
// Its struct cmsghdr, as SCM_RIGHTS gives one descriptor.
struct GivenDescriptor {
  uint64_t size;
  int level;
  int type;
  int descriptor;
};

// MSG_DONTWAIT, which the kernel's headers for programs do not have.
constexpr uint64_t kDoNotWait = 0x40;

uint64_t take_file(uint64_t target) {
  char byte = 0;
  Range part = {address_of(&byte), sizeof(byte)};
  GivenDescriptor given = {};
  Message message = {nullptr, 0, &part, 1, &given, sizeof(given), 0};
  const uint64_t received = system_call(__NR_recvmsg, vmadiff::kernel::kGivingDescriptor,
                                        address_of(&message), kDoNotWait);
  if (static_cast<int64_t>(received) < 0) return received;
  if (message.control_size == 0) return -uint64_t{EBADF};
  const auto descriptor = static_cast<uint64_t>(given.descriptor);
  const uint64_t result = system_call(__NR_dup3, descriptor, target);
  system_call(__NR_close, descriptor);
  return result;
}

uint64_t show(Window& window, uint64_t descriptor, bool is_one_read) {
  constexpr uint64_t kRoom = vmadiff::kernel::kScratchSize - 1;
  const uint64_t buffer = address_of(window.scratch);
  uint64_t count = 0;
  for (uint64_t at = 0;; at += count) {
    count = system_call(__NR_pread64, descriptor, buffer, kRoom, at);
    if (static_cast<int64_t>(count) < 0) return count;
    const bool is_end = count == 0 || (is_one_read && count < kRoom);
    window.scratch[count] = 0;
    const uint64_t size = count + (is_end ? 1 : 0);
    const uint64_t written =
        system_call(__NR_pwrite64, vmadiff::kernel::kShownDescriptor, buffer, size, window.shown);
    if (written != size) return static_cast<int64_t>(written) < 0 ? written : -uint64_t{EIO};
    window.shown += size;
    if (is_end) return 0;
  }
}

// What is punched out of a memfd is filled at once: a minor fault is of a page that the file has.
void fill_memfds() {
  for (uint64_t i = 0; i < vmadiff::kernel::kMemfdCount; ++i) {
    system_call(__NR_fallocate, vmadiff::kernel::kFirstMemfdDescriptor + i, 0, 0,
                vmadiff::kernel::kMemfdSize);
  }
}

uint64_t advise(uint64_t start, uint64_t length, uint64_t advice) {
  const uint64_t result = system_call(__NR_madvise, start, length, advice);
  if (advice == MADV_REMOVE) fill_memfds();
  return result;
}

uint64_t advise_self(const uint64_t* argument) {
  const uint64_t self = system_call(__NR_pidfd_open, system_call(__NR_getpid));
  if (static_cast<int64_t>(self) < 0) return self;
  const Range ranges[] = {{argument[0], argument[1]}, {argument[2], argument[3]}};
  const uint64_t count = argument[2] != 0 || argument[3] != 0 ? 2 : 1;
  const uint64_t result =
      system_call(__NR_process_madvise, self, address_of(static_cast<const void*>(ranges)), count,
                  argument[4], argument[5]);
  system_call(__NR_close, self);
  if (argument[4] == MADV_REMOVE) fill_memfds();
  return result;
}

// A fork does not inherit this. The parent may have died before it was said.
void die_with_parent(const Window& window) {
  system_call(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
  if (system_call(__NR_getppid) != static_cast<uint64_t>(window.parent)) leave(2);
}

uint64_t fork_process(Window& window) {
  const uint32_t number = window.last_process + 1;
  if (number >= vmadiff::kernel::kProcessCountMax) return -uint64_t{EAGAIN};
  const bool listens = vmadiff::kernel::tells_of(UFFD_FEATURE_EVENT_FORK);
  vmadiff::kernel::expect_fork();
  if (listens) vmadiff::kernel::begin_listening();
  const uint64_t pid =
      system_call(__NR_clone, vmadiff::kernel::kForkFlags, 0, address_of(&window.pids[number]));
  if (pid == 0) {
    me = number;
    vmadiff::kernel::begin_as_child();
    die_with_parent(window);
    return 0;
  }
  if (listens) vmadiff::kernel::end_listening();
  vmadiff::kernel::hand_on_userfaultfds(static_cast<int64_t>(pid) < 0 ? 0 : number);
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

uint64_t make_call(Window& window, const Record& record) {
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
    case vmadiff::kernel::kTakeFile:
      return take_file(argument[0]);
    case vmadiff::kernel::kShow:
      return show(window, argument[0], argument[1] != 0);
    case vmadiff::kernel::kUffdRegister:
      return vmadiff::kernel::register_range(argument[0], argument[1], argument[2], argument[3]);
    case vmadiff::kernel::kUffdUnregister:
      return vmadiff::kernel::unregister_range(argument[0], argument[1], argument[2]);
    case vmadiff::kernel::kUffdOpen:
      return vmadiff::kernel::open_userfaultfd(argument[0], argument[1]);
    case vmadiff::kernel::kUffdClose:
      return vmadiff::kernel::close_userfaultfd(argument[0]);
    case vmadiff::kernel::kUffdReset:
      return vmadiff::kernel::reset_userfaultfds();
    case vmadiff::kernel::kUffdWriteprotect:
    case vmadiff::kernel::kUffdRwprotect:
      return vmadiff::kernel::protect_range(record);
    case __NR_madvise:
      return advise(argument[0], argument[1], argument[2]);
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

// Who reads of a userfaultfd holds it: then a close would not be the last.
bool is_of_userfaultfds(uint32_t number) {
  switch (number) {
    case vmadiff::kernel::kUffdRegister:
    case vmadiff::kernel::kUffdUnregister:
    case vmadiff::kernel::kUffdOpen:
    case vmadiff::kernel::kUffdClose:
    case vmadiff::kernel::kUffdReset:
    case vmadiff::kernel::kUffdWriteprotect:
    case vmadiff::kernel::kUffdRwprotect:
      return true;
    default:
      return false;
  }
}

uint64_t run_call(Window& window, const Record& record) {
  const bool may_fault = vmadiff::kernel::tells_of_faults() && !is_of_userfaultfds(record.number);
  const bool is_told =
      record.number == __NR_mremap && vmadiff::kernel::tells_of(UFFD_FEATURE_EVENT_REMAP);
  const bool listens = may_fault || is_told;
  if (listens) vmadiff::kernel::begin_listening();
  const uint64_t result = make_call(window, record);
  if (listens) vmadiff::kernel::end_listening();
  return result;
}

void give_turn(Window& window, uint32_t process) {
  __atomic_store_n(&window.turn, process, __ATOMIC_RELAXED);
  __atomic_store_n(&window.turns[process], 1, __ATOMIC_RELEASE);
  system_call(__NR_futex, address_of(&window.turns[process]), FUTEX_WAKE, 1);
}

// Until it is this process's turn.
void wait_for_turn(Window& window) {
  uint32_t& turn = window.turns[me];
  while (__atomic_exchange_n(&turn, 0, __ATOMIC_ACQUIRE) == 0)
    system_call(__NR_futex, address_of(&turn), FUTEX_WAIT, 0);
}

// The result of the record at `index` is known: false where the program must end.
bool finish(Window& window, uint32_t index, uint64_t result) {
  const Record& record = window.records[index];
  const bool is_timed = index >= window.timed_first && index < window.timed_end &&
                        (index - window.timed_first) % window.timed_every == 0;
  if (is_timed) window.ticks += vmadiff::kernel::ticks_now() - window.began;
  window.results[index] = result;
  if (record.must_equal != 0 && result != record.expected) return false;
  __atomic_store_n(&window.current, index + 1, __ATOMIC_RELEASE);
  return true;
}

bool is_there(const Window& window, uint32_t process) {
  return process == 0 || (process < vmadiff::kernel::kProcessCountMax && window.pids[process] != 0);
}

// Ends a process for which nobody waits.
[[noreturn]] void exit_process(Window& window) {
  window.leaving = window.pids[me];
  window.pids[me] = 0;
  vmadiff::kernel::close_userfaultfds();
  const bool goes_on = finish(window, window.current, 0);
  if (!goes_on) window.record_count = window.current;
  // It goes on with whoever is to run the next record, by way of the first one where there is none.
  uint32_t next = 0;
  if (window.current < window.record_count) next = window.records[window.current].process;
  give_turn(window, is_there(window, next) ? next : 0);
  leave(0);
}

// Runs records from the current one on, as long as they are this process's. True at the end of the
// program, false where another process must go on.
bool run_records(Window& window) {
  for (;;) {
    const uint32_t index = window.current;
    if (index >= window.record_count) return true;
    const Record& record = window.records[index];
    const bool can_run = is_there(window, record.process);
    uint64_t result = vmadiff::kernel::kNoSuchProcess;
    if (can_run && record.process != me) {
      give_turn(window, record.process);
      return false;
    }
    window.began = vmadiff::kernel::ticks_now();
    if (can_run) {
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
  vmadiff::kernel::forget_userfaultfds();
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
