// kernel: what the agent and its parent say to each other: a window of shared memory that holds a
// program (a list of records), how far it has come, and the results. Plain data, fixed layout; seen
// by the agent, which has no C++ library.
#pragma once

#include <stdint.h>

namespace vmadiff::kernel {

/// The agent's own memory, bytes. agent.ld repeats the program's part; spec::Setup::standard() is
/// the same layout seen from above.
inline constexpr uint64_t kWindowStart = 0x10000000;
inline constexpr uint64_t kWindowSize = 0x100000;
inline constexpr uint64_t kTextStart = 0x20000000;
inline constexpr uint64_t kTextEnd = 0x20010000;
inline constexpr uint64_t kDataEnd = 0x20020000;

/// Open descriptors of the agent: the window, and above it the files that a call can name.
inline constexpr int kWindowDescriptor = 3;
inline constexpr int kExecutableDescriptor = 4;
/// A socket, over which the parent hands files.
inline constexpr int kGivingDescriptor = 5;
/// The agent's own smaps and status, which the parent opens and hands to it; and the file into
/// which it copies what they show (kShow).
inline constexpr int kSmapsDescriptor = 6;
inline constexpr int kStatusDescriptor = 7;
inline constexpr int kShownDescriptor = 8;
inline constexpr int kFirstFileDescriptor = 16;
/// Those of memfds among them, and the size of each, bytes.
inline constexpr uint64_t kFirstMemfdDescriptor = 20;
inline constexpr uint64_t kMemfdCount = 4;
inline constexpr uint64_t kMemfdSize = 0x40000;
/// One past the last descriptor that the agent is given.
inline constexpr int kDescriptorEnd = 128;

/// Record numbers that are not system calls. A touch is an access to argument[1] pages, the first
/// of which holds the byte argument[0]; its result is 0 or the signal's number.
inline constexpr uint32_t kTouchRead = 0xffff0000;
inline constexpr uint32_t kTouchWrite = 0xffff0001;
/// Gives argument[0] back and does nothing.
inline constexpr uint32_t kGive = 0xffff0002;
/// Sets the soft limit of the resource argument[0] to argument[1] and keeps the hard one.
inline constexpr uint32_t kSetLimit = 0xffff0003;
/// Makes a process; its result is that process's number (one more than that of the last), or
/// kNoProcessLeft. The process ends with kExit (which process 0 refuses, with EPERM).
inline constexpr uint32_t kFork = 0xffff0004;
/// Runs the agent's own executable in the process, which goes on with the next record.
inline constexpr uint32_t kExec = 0xffff0005;
inline constexpr uint32_t kExit = 0xffff0006;
/// Registers [argument[0], +argument[1]) for the modes argument[2] with the process's userfaultfd
/// of the number argument[3], or unregisters it with that of argument[2]. The userfaultfd is made
/// first where there is none.
inline constexpr uint32_t kUffdRegister = 0xffff0007;
inline constexpr uint32_t kUffdUnregister = 0xffff0008;
/// mbind and set_mempolicy with spec's arguments: mode and mode flags apart, the mask by value.
inline constexpr uint32_t kMbind = 0xffff0009;
inline constexpr uint32_t kSetMempolicy = 0xffff000a;
/// Names [argument[0], +argument[1]): argument[2] is 0 for the record's own name, else the pointer
/// itself, less one.
inline constexpr uint32_t kSetVmaName = 0xffff000b;
/// Makes the process's userfaultfd of the number argument[0], with the features argument[1]; closes
/// it; closes all that there are.
inline constexpr uint32_t kUffdOpen = 0xffff000c;
inline constexpr uint32_t kUffdClose = 0xffff000d;
inline constexpr uint32_t kUffdReset = 0xffff000e;
/// shmat of the segment argument[0], a number below kSegmentCount, at argument[1] with the flags
/// argument[2].
inline constexpr uint32_t kShmat = 0xffff000f;
/// process_madvise of the process itself, with spec's arguments: two ranges, of which the second is
/// none where it is at 0 and empty.
inline constexpr uint32_t kProcessMadvise = 0xffff0010;
/// UFFDIO_WRITEPROTECT and UFFDIO_RWPROTECT of [argument[0], +argument[1]) in the mode argument[2]
/// with the process's userfaultfd of the number argument[3].
inline constexpr uint32_t kUffdWriteprotect = 0xffff0011;
inline constexpr uint32_t kUffdRwprotect = 0xffff0012;
/// Takes the file that the parent has handed, as the descriptor argument[0] in place of what that
/// was.
inline constexpr uint32_t kTakeFile = 0xffff0013;
/// Copies what the descriptor argument[0] reads, from its beginning to its end, behind what is in
/// the file of what was shown, and a zero behind that. argument[1] is not zero where a single read
/// gives all of it.
inline constexpr uint32_t kShow = 0xffff0014;
/// UFFDIO_RWPROTECT itself, of 7.3, which older headers do not have; its argument is that of
/// UFFDIO_WRITEPROTECT.
inline constexpr uint64_t kUffdioRwprotect = 0xc018aa09;

/// The result of every record of a process that is not there: no errno, and nothing that a call can
/// give.
inline constexpr uint64_t kNoSuchProcess = -uint64_t{5000};
/// The result of a kFork where the machine allows no more processes (the kernel's EAGAIN; the
/// protocol's own limit is the errno).
inline constexpr uint64_t kNoProcessLeft = -uint64_t{5001};

/// How kFork calls clone: CLONE_FILES | CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD. Every process
/// is a child of the agent's parent, in the agent's process group, so that its number stays its own
/// until that parent has taken it away; and the kernel writes the number down before the process
/// runs. They have their descriptors in common, since a userfaultfd gives that of a fork's copy to
/// who reads of it.
inline constexpr uint64_t kForkFlags = 0x400 | 0x8000 | 0x100000 | 17;
/// The thread that reads a process's userfaultfds: CLONE_VM | CLONE_FS | CLONE_FILES |
/// CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM.
inline constexpr uint64_t kListenerFlags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000;

/// Processes of one sequence; a further kFork gives EAGAIN.
inline constexpr uint32_t kProcessCountMax = 64;
/// Userfaultfds of one process; a higher number gives EBADF.
inline constexpr uint32_t kUserfaultfdCount = 4;
/// One past the highest descriptor that a userfaultfd can have.
inline constexpr uint32_t kUserfaultfdEnd = 512;
/// What the kernel maps of its own at exec, at most.
inline constexpr uint32_t kOwnRangeCountMax = 8;

/// The longest name that the kernel takes, with its end.
inline constexpr uint32_t kNameSize = 80;

/// One thing to do: a system call by its number, or one of the above.
struct Record {
  uint32_t number;
  /// Nonzero: the program ends here unless the result is `expected`.
  uint16_t must_equal;
  /// Which process runs it: 0 is the first, the others come from kFork.
  uint16_t process;
  uint64_t argument[6];
  uint64_t expected;
  /// Of a kSetVmaName: what the kernel reads of a name, which ends at a zero or is too long.
  char name[kNameSize] = {};
  friend bool operator==(const Record&, const Record&) = default;
};
static_assert(sizeof(Record) == 144);

inline constexpr uint32_t kRecordCountMax = 6144;
inline constexpr uint32_t kScratchSize = 0x8000;

/// System V segments that a sequence can attach.
inline constexpr uint32_t kSegmentCount = 4;

/// A range that the kernel mapped, bytes.
struct OwnRange {
  uint64_t start;
  uint64_t size;
};

/// One of a process's userfaultfds.
struct Userfaultfd {
  int32_t behind_descriptor;  ///< one more than the descriptor; 0: there is none
  uint32_t features;
  uint32_t is_told_all;      ///< of the kernel's own faults, too (no UFFD_USER_MODE_ONLY)
  uint32_t tells_of_faults;  ///< it may
};

/// The time stamp counter of this processor.
inline uint64_t ticks_now() { return __builtin_ia32_rdtsc(); }

/// The whole window. `request` and `reply` are futex words, each written by one side only: a
/// program runs when request has been raised by one, and is over when reply equals it. The process
/// whose `turn` it is runs records until one is another's. Each waits for its own futex word in
/// `turns`, so that nobody is woken who has nothing to do.
struct Window {
  alignas(64) uint32_t request;
  uint32_t record_count;
  alignas(64) uint32_t reply;
  /// Index of the record that is being run, written before it is issued; record_count at the end.
  uint32_t current;
  /// Whose turn it is, for who looks from outside.
  alignas(64) uint32_t turn;
  /// Number of the last process that was made; the parent sets it back between sequences.
  uint32_t last_process;
  /// Not zero where it is that process's turn, until it has seen so.
  uint32_t turns[kProcessCountMax];
  /// Nonzero between the exec of a process and its coming back: one more than its number.
  uint32_t execing;
  /// Each process's pid; 0 for one that is not there. The first one's is not written.
  int32_t pids[kProcessCountMax];
  /// The pid of the last process that ended by a record; it may still be at it.
  int32_t leaving;
  /// The pid of the agent's parent, without which nobody goes on.
  int32_t parent;
  /// What shmget said of each segment; negative where there are none, so that no shmat is (ENOSYS).
  int32_t segments[kSegmentCount];
  /// What to unmap after an exec, so that the layout is the first one again. The count is 0 until
  /// the parent has found out.
  uint32_t own_range_count;
  OwnRange own_ranges[kOwnRangeCountMax];
  /// Of the records [timed_first, timed_end) every `timed_every`th is timed, the first one among
  /// them: how many ticks all of these took. `began` is when the present one did.
  uint32_t timed_first;
  uint32_t timed_end;
  uint32_t timed_every;
  uint64_t ticks;
  uint64_t began;
  /// The agent's processes' own business: which userfaultfds each has, and a bit for each
  /// descriptor that was one's since the last kUffdReset.
  Userfaultfd userfaultfds[kProcessCountMax][kUserfaultfdCount];
  uint64_t userfaultfd_descriptors[kUserfaultfdEnd / 64];
  /// In the child that is to become the agent: which step it is at (SpawnStep), and the errno with
  /// which that failed.
  alignas(64) uint32_t spawn_step;
  int32_t spawn_errno;
  /// How many bytes of the file of what was shown are written. The parent sets it back.
  uint64_t shown;
  /// Memory for structures that set-up calls take by address, and for what is copied.
  alignas(64) uint8_t scratch[kScratchSize];
  alignas(64) uint64_t results[kRecordCountMax];
  alignas(64) Record records[kRecordCountMax];
};
static_assert(sizeof(Window) <= kWindowSize);

}  // namespace vmadiff::kernel
