// kernel: the agent, the process whose address space is looked at. It runs records from the window
// and knows nothing of what they mean. No C library, no heap, no thread-local storage: nothing maps
// memory here but the records themselves. All it owns is its text, its data (with the stack in it)
// and the window.
#include <asm/signal.h>
// <asm/ucontext.h> is made of types of the one above and the next, and includes neither.
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/mman.h>

#include "agent/protocol.h"

using vmadiff::kernel::Record;
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

uint64_t run(const Record& record) {
  const auto& argument = record.argument;
  switch (record.number) {
    case vmadiff::kernel::kTouchRead:
      return touch_read(argument[0], argument[1]);
    case vmadiff::kernel::kTouchWrite:
      return touch_write(argument[0], argument[1]);
    case vmadiff::kernel::kGive:
      return argument[0];
    default:
      return system_call(record.number, argument[0], argument[1], argument[2], argument[3],
                         argument[4], argument[5]);
  }
}

void run_program(Window& window) {
  const uint32_t count = window.record_count;
  for (uint32_t i = 0; i < count; ++i) {
    __atomic_store_n(&window.current, i, __ATOMIC_RELEASE);
    const Record& record = window.records[i];
    const uint64_t result = run(record);
    window.results[i] = result;
    if (record.must_equal != 0 && result != record.expected) return;
  }
  __atomic_store_n(&window.current, count, __ATOMIC_RELEASE);
}

}  // namespace

void agent_main() {
  catch_faults();
  if (system_call(__NR_mmap, vmadiff::kernel::kWindowStart, vmadiff::kernel::kWindowSize,
                  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
                  vmadiff::kernel::kWindowDescriptor, 0) != vmadiff::kernel::kWindowStart) {
    leave(1);
  }
  system_call(__NR_close, vmadiff::kernel::kWindowDescriptor);
  auto& window = *__builtin_bit_cast(Window*, vmadiff::kernel::kWindowStart);
  for (uint32_t seen = 0;;) {
    while (__atomic_load_n(&window.request, __ATOMIC_ACQUIRE) == seen) {
      system_call(__NR_futex, address_of(&window.request), FUTEX_WAIT, seen);
    }
    ++seen;
    run_program(window);
    __atomic_store_n(&window.reply, seen, __ATOMIC_RELEASE);
    system_call(__NR_futex, address_of(&window.reply), FUTEX_WAKE, 1);
  }
}
