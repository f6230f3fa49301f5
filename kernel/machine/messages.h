// kernel: what a vmadiff says to the one in a virtual machine, and what that one answers. Compiled
// for both places; the two are always of the same build, so there are no versions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/host/host.h"
#include "kernel/host/session.h"
#include "spec/setup.h"

namespace vmadiff::kernel {

enum class MessageKind : std::uint8_t {
  kReady = 1,     ///< from the guest, once: Introduction
  kRun,           ///< to the guest: some Requests, each answered by an Answer
  kAnswers,       ///< from the guest
  kLook,          ///< to the guest: a process's number
  kSeen,          ///< from the guest: a snapshot
  kFault,         ///< from the guest, instead of an answer: a tool fault's message
  kProgram,       ///< to the guest: an ELF file to be run
  kProgramEnded,  ///< from the guest: ProgramEnd
  kSettle,        ///< to the guest: the sequence has ended
  kSettled,       ///< from the guest: what it left behind
};

/// What the guest's kernel lets us do, and how it is set up.
struct Introduction {
  HostCapabilities capabilities;
  spec::Setup setup;  ///< meaningless where it cannot run
};

struct Request {
  bool begins = false;  ///< from the initial state; else it goes on where the last one ended
  Program program;
  bool ends = false;  ///< what the sequence left is asked for, too
  bool asks = true;   ///< it is, or may be asked for later
  /// The states behind all records are asked for, in place of those at the end.
  bool looks = false;
};

/// What a sequence has left behind when all its processes and mappings are gone.
struct Left {
  std::optional<std::int64_t> committed;      ///< pages
  std::optional<spec::HugePages> huge_pages;  ///< in the pool; differences wrap
};

struct Answer {
  Session::Run run;
  std::vector<std::uint64_t> results;
  /// After the last record: each process that a record belongs to, and each that was made; the
  /// first too where the request begins.
  std::vector<std::pair<spec::ProcessId, spec::Snapshot>> seen;
  std::uint64_t bare_nanoseconds = 0;  ///< Session::bare_time, since the machine began
  Left left = {};                      ///< of a request that ends its sequence
  /// Of one that looks: the first process before the records where it begins, then each record's
  /// process behind it.
  std::vector<spec::Snapshot> states = {};
};

/// How a program that was brought along ended.
struct ProgramEnd {
  std::uint64_t status = 0;  ///< of its exit
  std::uint64_t signal = 0;  ///< that ended it; 0: it came to its own end
  std::string output;        ///< both outputs
};

[[nodiscard]] std::string body_of(const Introduction& introduction);
[[nodiscard]] std::string body_of(const std::vector<Request>& requests);
[[nodiscard]] std::string body_of(const std::vector<Answer>& answers);
[[nodiscard]] std::string body_of(const spec::Snapshot& snapshot);
[[nodiscard]] std::string body_of(const ProgramEnd& end);
[[nodiscard]] std::string body_of(const Left& left);

// False where the body is not as these write it; what was read is then of no use.
[[nodiscard]] bool read(std::string_view body, Introduction& introduction);
[[nodiscard]] bool read(std::string_view body, std::vector<Request>& requests);
[[nodiscard]] bool read(std::string_view body, std::vector<Answer>& answers);
[[nodiscard]] bool read(std::string_view body, spec::Snapshot& snapshot);
[[nodiscard]] bool read(std::string_view body, ProgramEnd& end);
[[nodiscard]] bool read(std::string_view body, Left& left);

}  // namespace vmadiff::kernel
