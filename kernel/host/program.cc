// kernel: calls as records for the agent, and its results as outcomes.
#include "kernel/host/program.h"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <csignal>
#include <span>

#include "kernel/host/agent_files.h"
#include "spec/word_fields.h"

namespace vmadiff::kernel {
namespace {

/// A call's arguments as the kernel takes them.
class Arguments : public spec::WordFields<Arguments> {
 public:
  /// The descriptor is an int to the kernel; -1 is widened as C would.
  void file(spec::FileId f) { choice(descriptor_of(f), {}); }
  void vma_name(spec::VmaName n) { name_ = n; }

  [[nodiscard]] Record record(std::uint32_t number) const {
    auto record =
        system_call(number, values_[0], values_[1], values_[2], values_[3], values_[4], values_[5]);
    if (number == kSetVmaName) write_name(record);
    return record;
  }

 private:
  friend spec::WordFields<Arguments>;
  void add(std::uint64_t value) { values_.at(count_++) = value; }
  void write_name(Record& record) const {
    // No kernel's memory can be read from here.
    constexpr std::uint64_t kUnreadable = 0xffff800000000000;
    if (name_.is_none() || name_.is_unreadable()) {
      record.argument[2] = 1 + (name_.is_none() ? 0 : kUnreadable);
      return;
    }
    name_.text().copy(record.name, kNameSize);
  }
  std::array<std::uint64_t, 6> values_{};
  std::size_t count_ = 0;
  spec::VmaName name_;
};

/// The number of each call, in the variant's order; touch is not a call, fork, exec and exit are
/// the agent's business.
constexpr std::array<std::uint32_t, std::variant_size_v<spec::Syscall>> kNumbers{
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_brk,
    SYS_madvise,
    SYS_prctl,
    kTouchRead,
    SYS_mremap,
    SYS_mlock,
    SYS_mlock2,
    SYS_munlock,
    SYS_mlockall,
    SYS_munlockall,
    kSysMseal,
    SYS_pkey_mprotect,
    SYS_remap_file_pages,
    kSetLimit,
    kFork,
    kExec,
    kExit,
    kUffdRegister,
    kUffdUnregister,
    kMbind,
    kSetMempolicy,
    kSetVmaName,
    kUffdOpen,
    kUffdClose,
    kShmat,
    SYS_shmdt,
    SYS_pkey_alloc,
    SYS_pkey_free,
    SYS_msync,
    SYS_fcntl,
    kProcessMadvise,
    kUffdWriteprotect,
    kUffdRwprotect};
static_assert(kUserfaultfdCount == spec::kUserfaultfdCount);
static_assert(std::ranges::none_of(kNumbers, [](std::uint32_t number) { return number == 0; }),
              "each call has a number");

// The rules for a touch that accesses nothing are spec/syscall.h's.
Record record_of_touch(const spec::Touch& call, spec::Address task_size) {
  const spec::Address end = call.addr + call.length;
  if (call.length == 0) return system_call(kGive, 0);
  if (call.length > spec::kTouchBytesMax || end < call.addr || end > task_size)
    return system_call(kGive, SIGSEGV);
  const spec::Address pages = (spec::page_up(end) - spec::page_down(call.addr)) >> spec::kPageShift;
  return system_call(call.access == spec::Access::kWrite ? kTouchWrite : kTouchRead,
                     spec::page_down(call.addr), pages);
}

constexpr std::uint64_t kErrnoMax = 4095;

}  // namespace

Record record_of(const spec::Syscall& call, spec::Address task_size) {
  if (const auto* touch = std::get_if<spec::Touch>(&call))
    return record_of_touch(*touch, task_size);
  if (const auto* seals = std::get_if<spec::AddSeals>(&call)) {
    const auto file = static_cast<std::uint64_t>(std::int64_t{descriptor_of(seals->file)});
    return system_call(SYS_fcntl, file, kAddSeals, seals->seals);
  }
  Arguments arguments;
  spec::visit_fields(call, arguments);
  return arguments.record(kNumbers[call.index()]);
}

spec::Outcome outcome_of(const spec::Syscall& call, std::uint64_t result) {
  if (result == kNoSuchProcess) return spec::Outcome::fail(spec::Errno::kESRCH);
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
