// kernel: what does a real kernel do? This file: the kernel of the machine we run on, as a System
// named "host". Calls run in a process of their own (the agent), which is looked at from outside.
// Knows no model and no implementation: nothing here says what should happen.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "spec/call_part.h"
#include "spec/file.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// A call, or one with a certain argument, that something else than the kernel answers here: a
/// sandbox's policy, a security module, a limit on processes. Sequences do without it.
struct Withheld {
  spec::CallPart part;
  std::string how;  ///< what happens instead: "-1 EPERM", "killed by SIGSYS"
};

/// What this machine lets us do, found by trying.
struct HostCapabilities {
  bool can_run = false;
  std::string why_not;  ///< where it cannot run: one line, with the way to get it
  /// Why it cannot be compared with the models (it can with another real kernel): one line, with
  /// the way to change that; else empty.
  std::string unmodelled;
  /// Whether calls about KSM can be part of sequences: the kernel has KSM, and lets us turn it on.
  bool ksm = false;
  std::string ksm_note;  ///< why not, one line; else empty
  std::vector<Withheld> withheld;
  /// The classes that have at least one file here, in enum order.
  std::vector<spec::FileClass> file_classes;
  /// How many files of each class there are, by the class's value: kFilesPerClass or less.
  std::array<std::uint32_t, spec::kFileClassCount> file_counts{};
  /// VmFlags codes that mean nothing here, and are not compared.
  std::vector<std::string> unknown_codes;
  std::vector<std::string> file_notes;  ///< why a class is missing or not whole, a line each
  std::string release;                  ///< the kernel's, as uname gives it
};

struct HostOptions {
  /// An agent that does not come further for so long, in time in which it could have
  /// (kernel/patience.h), counts as dead.
  std::chrono::milliseconds timeout{10000};
  /// How much memory one sequence may take, bytes; 0: half of the machine's, at most a GiB. A soft
  /// limit of the caller's own (ulimit -v) that is lower holds instead.
  std::uint64_t memory_limit = 0;
  /// How much CPU time one sequence may take.
  std::chrono::seconds cpu_limit{60};
  /// A fresh process after so many sequences, against state that no reset sees.
  std::uint32_t sequences_per_process = 10000;
  /// `pfnmap:N` is /dev/mem: only in a machine of our own, since sequences write to it.
  bool memory_device = false;
};
/// What can be mapped of /dev/mem: the first MiB, from which no kernel hands out memory. Pages.
inline constexpr std::uint64_t kMemoryDevicePages = 256;

[[nodiscard]] HostCapabilities probe_host(const HostOptions& options = {});

/// The agent's initial layout and this machine's limits, for the models: equal to
/// Setup::standard() but for the limits, unless the kernel refuses to unmap something of its own.
[[nodiscard]] std::expected<spec::Setup, spec::ToolFault> read_setup();

/// A system that starts from the layout of read_setup(), and no other.
///
/// start() costs nothing: the agent resets itself in the same round trip as the calls that follow.
/// A call that touches reserved memory (spec::touches_reserved) is run, and mostly kills the agent:
/// that is reported as the death it is, and start() brings a fresh one.
[[nodiscard]] std::expected<std::unique_ptr<spec::System>, spec::ToolFault> make_host(
    const HostOptions& options = {});

}  // namespace vmadiff::kernel
