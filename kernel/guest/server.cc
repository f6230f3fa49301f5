// kernel: inside the virtual machine: answers requests.
#include "kernel/guest/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/guest/committed.h"
#include "kernel/guest/huge_pool.h"
#include "kernel/guest/program.h"
#include "kernel/host/agent_session.h"
#include "kernel/machine/left_together.h"
#include "kernel/machine/messages.h"
#include "kernel/machine/wire.h"
#include "spec/flags.h"

namespace vmadiff::kernel {
namespace {

constexpr const char* kMapLimit = "/proc/sys/vm/max_map_count";

/// The wire's other end was opened and is closed, or the wire is broken.
class WireIsGone {};

void send(int wire, MessageKind kind, std::string_view body) {
  const auto bytes = framed(static_cast<std::uint8_t>(kind), body);
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto count = ::write(wire, rest.data(), rest.size());
    if (count < 0 && errno != EINTR && errno != EAGAIN) throw WireIsGone{};
    if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
  }
}

/// Waits for the next message.
Message receive(int wire, MessageStream& stream) {
  for (;;) {
    if (auto message = stream.next()) return *std::move(message);
    std::array<char, std::size_t{64} << 10> buffer;
    const auto count = ::read(wire, buffer.data(), buffer.size());
    if (count < 0 && errno != EINTR) throw WireIsGone{};
    if (count > 0) stream.add({buffer.data(), static_cast<std::size_t>(count)});
    // A virtio port reads as ended until the other side is there.
    if (count == 0) ::poll(nullptr, 0, 10);
  }
}

class Server {
 public:
  Server(int wire, std::unique_ptr<AgentSession> session, std::optional<CrashOn> crash_on,
         std::uint64_t max_map_count)
      : wire_(wire),
        session_(std::move(session)),
        committed_(session_->files()),
        pool_(session_->files()),
        crash_on_(crash_on),
        own_max_map_count_(max_map_count),
        max_map_count_(max_map_count) {}

  void answer(const Message& message) {
    std::expected<void, spec::ToolFault> done;
    switch (static_cast<MessageKind>(message.kind)) {
      case MessageKind::kRun:
        done = run(message.body);
        break;
      case MessageKind::kLook:
        done = look(message.body);
        break;
      case MessageKind::kProgram:
        done = bring(message.body);
        break;
      case MessageKind::kSettle:
        done = settle();
        if (done) send(wire_, MessageKind::kSettled, body_of(left_));
        break;
      default:
        done = std::unexpected(spec::ToolFault{"guest: a message of an unknown kind"});
    }
    if (!done) send(wire_, MessageKind::kFault, done.error().message);
  }

 private:
  std::expected<void, spec::ToolFault> run(std::string_view body) {
    std::vector<Request> requests;
    if (!read(body, requests))
      return std::unexpected(spec::ToolFault{"guest: a request that cannot be read"});
    std::vector<Answer> answers(requests.size());
    Block block{*this, requests, answers};
    if (auto done = together_.run(block, requests.size()); !done) return done;
    send(wire_, MessageKind::kAnswers, body_of(answers));
    return {};
  }

  /// Whether there may be a stack that was mapped without a charge, and something it can grow for.
  static bool grows_uncharged_stacks(std::span<const Record> program) {
    const auto is_one = [](const Record& record) {
      const auto prot = record.argument[2];
      const auto flags = record.argument[3];
      return record.number == SYS_mmap && (flags & spec::kMapGrowsdown) != 0 &&
             ((flags & spec::kMapNoreserve) != 0 || (prot & spec::kProtWrite) == 0);
    };
    const auto touches = [](const Record& record) {
      return record.number == kTouchRead || record.number == kTouchWrite;
    };
    return std::any_of(std::ranges::find_if(program, is_one), program.end(), touches);
  }

  /// The requests of a message, as together_ runs them.
  struct Block {
    Server& server;
    std::vector<Request>& requests;
    std::vector<Answer>& answers;

    /// Of a kernel that works, but for the known exception: what a stack without a charge grows by
    /// stays committed. What is left in a pool of huge pages is asked of each that has one.
    [[nodiscard]] bool leaves_nothing(std::size_t i) const {
      const Request& request = requests[i];
      const Program& program = request.program;
      return request.begins && request.ends && program.max_map_count != 0 &&
             !program.has_huge_pages() && !grows_uncharged_stacks(program.records);
    }
    std::expected<bool, spec::ToolFault> run(std::size_t i, bool waits) {
      if (auto done = server.run(requests[i], answers[i], waits); !done)
        return std::unexpected(std::move(done.error()));
      return server.goes_on_;
    }
    std::expected<Left, spec::ToolFault> settle() {
      server.goes_on_ = false;
      if (auto done = server.settle(); !done) return std::unexpected(std::move(done.error()));
      return server.left_;
    }
    std::expected<Left, spec::ToolFault> run_again(std::size_t i) {
      Answer again;
      if (auto done = server.run(requests[i], again, false); !done)
        return std::unexpected(std::move(done.error()));
      return again.left;
    }
    [[nodiscard]] Left& left(std::size_t i) { return answers[i].left; }
  };

  /// With `waits` it is left as it is at its end, if it comes to that: then goes_on_.
  std::expected<void, spec::ToolFault> run(Request& request, Answer& answer, bool waits) {
    if (request.begins) {
      if (auto begun = begin(request); !begun) return begun;
      has_pool_ = false;
    }
    is_settled_ = false;
    has_pool_ = has_pool_ || request.program.has_huge_pages();
    // Who only looks at the beginning asks for none; the calls come later.
    if (auto made = limit_maps(request.program.max_map_count); !made) return made;
    if (request.begins) is_pool_due_ = true;
    if (is_pool_due_ && request.program.max_map_count != 0) {
      is_pool_due_ = false;
      const auto& [pages, surplus] =
          std::pair{request.program.nr_hugepages, request.program.nr_overcommit_hugepages};
      if (auto made = pool_.make(pages, surplus); !made) return made;
    }
    forked_ = forked_ || std::ranges::any_of(request.program.records, [](const Record& record) {
                return record.number == kFork;
              });
    const bool crashes = cut_before_crash(request.program.records);
    if (auto ran = request.looks ? run_looking(request, answer) : run_all(request, answer); !ran)
      return ran;
    if (crashes) crash();
    answer.bare_nanoseconds = static_cast<std::uint64_t>(session_->bare_time().count());
    if (answer.run.died) return {};
    if (waits) {
      goes_on_ = true;
    } else if (request.ends) {
      if (auto done = settle(); !done) return done;
      answer.left = left_;
    }
    return {};
  }

  std::expected<void, spec::ToolFault> run_all(const Request& request, Answer& answer) {
    auto ran = session_->run(request.program, answer.results);
    if (!ran) return std::unexpected(ran.error());
    answer.run = *std::move(ran);
    if (answer.run.died) return {};
    const auto huge_pages = pool_.now();
    for (const spec::ProcessId process : processes_of(request, answer.results)) {
      auto& [number, snapshot] = answer.seen.emplace_back(process, spec::Snapshot{});
      if (auto seen = session_->snapshot(number, snapshot); !seen) return seen;
      if (!snapshot.vmas.empty()) snapshot.huge_pages = huge_pages;
    }
    return {};
  }

  std::expected<void, spec::ToolFault> run_looking(const Request& request, Answer& answer) {
    // What is in the pool is seen between two calls only where they are made one by one.
    if (request.begins && !request.program.has_huge_pages()) {
      auto ran = session_->run_and_look(request.program, answer.results, answer.states);
      if (!ran) return std::unexpected(ran.error());
      if (*ran) {
        answer.run = **std::move(ran);
        answer.states.resize(answer.run.done + 1);
        for (spec::Snapshot& state : answer.states) state.huge_pages = pool_.now();
        return {};
      }
    }
    if (request.begins) {
      if (auto seen = see(0, answer.states.emplace_back()); !seen) return seen;
    }
    Program one = request.program;
    std::vector<std::uint64_t> result;
    for (const Record& record : request.program.records) {
      one.records.assign(1, record);
      auto ran = session_->run(one, result);
      if (!ran) return std::unexpected(ran.error());
      const auto done = answer.run.done + ran->done;
      answer.run = *std::move(ran);
      answer.run.done = done;
      if (answer.run.died) return {};
      answer.results.push_back(result.front());
      if (auto seen = see(record.process, answer.states.emplace_back()); !seen) return seen;
    }
    return {};
  }

  std::expected<void, spec::ToolFault> see(spec::ProcessId process, spec::Snapshot& snapshot) {
    auto seen = session_->snapshot(process, snapshot);
    if (seen && !snapshot.vmas.empty()) snapshot.huge_pages = pool_.now();
    return seen;
  }

  std::expected<void, spec::ToolFault> begin(const Request& next) {
    // A fresh agent needs more room than a sequence may be given.
    if (auto made = limit_maps(own_max_map_count_); !made) return made;
    if (std::exchange(goes_on_, false)) return session_->begin();
    // What a sequence has left that nobody asked about is not the next one's, where that is asked
    // about; nor is a pool of huge pages that is not whole.
    if (!is_settled_ && (next.asks || has_pool_)) {
      if (auto done = settle(); !done) return done;
    }
    if (is_settled_) return {};
    return session_->begin();
  }

  /// Takes away what the last sequence has made; left_ is what it has left all the same.
  std::expected<void, spec::ToolFault> settle() {
    left_ = {};
    const auto before = std::exchange(committed_before_, std::nullopt);
    if (auto made = limit_maps(own_max_map_count_); !made) return made;
    const auto settled = session_->settle();
    if (!settled) return std::unexpected(settled.error());
    is_settled_ = *settled;
    if (!is_settled_) return {};
    left_.huge_pages = pool_.settle(forked_);
    committed_before_ = committed_.settled_pages(before, std::exchange(forked_, false));
    if (before && committed_before_) left_.committed = *committed_before_ - *before;
    return {};
  }

  std::expected<void, spec::ToolFault> look(std::string_view body) {
    Reader reader{body};
    spec::Snapshot snapshot;
    const auto process = static_cast<spec::ProcessId>(reader.number());
    if (auto seen = see(process, snapshot); !seen) return seen;
    send(wire_, MessageKind::kSeen, body_of(snapshot));
    return {};
  }

  std::expected<void, spec::ToolFault> bring(std::string_view program) {
    const auto end = run_program(program);
    if (!end) return std::unexpected(end.error());
    send(wire_, MessageKind::kProgramEnded, body_of(*end));
    return {};
  }

  static std::vector<spec::ProcessId> processes_of(const Request& request,
                                                   const std::vector<std::uint64_t>& results) {
    const auto& records = request.program.records;
    std::vector<spec::ProcessId> processes;
    const auto add = [&processes](std::uint64_t process) {
      const auto number = static_cast<spec::ProcessId>(process);
      if (std::ranges::find(processes, number) == processes.end()) processes.push_back(number);
    };
    if (request.begins) add(0);
    for (std::size_t i = 0; i < records.size(); ++i) {
      add(records[i].process);
      if (records[i].number == kFork && results[i] < kProcessCountMax) add(results[i]);
    }
    return processes;
  }

  /// Makes the whole machine one with that vm.max_map_count. Nobody else lives here.
  std::expected<void, spec::ToolFault> limit_maps(std::uint64_t most) {
    if (most == 0 || most == max_map_count_) return {};
    const auto text = fmt::format("{}", most);
    const Descriptor file{::open(kMapLimit, O_WRONLY | O_CLOEXEC)};
    if (::write(file.number(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      return std::unexpected(spec::ToolFault{
          fmt::format("guest: {} cannot be made {}: {}", kMapLimit, most, std::strerror(errno))});
    }
    max_map_count_ = most;
    return {};
  }

  /// Takes away the call that is to crash the kernel, and what stands behind it.
  bool cut_before_crash(std::vector<Record>& records) const {
    if (!crash_on_) return false;
    const auto at = std::ranges::find_if(records, [this](const Record& record) {
      return record.number == crash_on_->number && record.argument[2] == crash_on_->argument;
    });
    if (at == records.end()) return false;
    records.erase(at, records.end());
    return true;
  }

  static void crash() {
    const Descriptor trigger{::open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC)};
    [[maybe_unused]] const auto written = ::write(trigger.number(), "c", 1);
  }

  int wire_;
  std::unique_ptr<AgentSession> session_;
  Committed committed_;
  std::optional<std::int64_t> committed_before_;  ///< when the present sequence began
  HugePool pool_;
  bool is_pool_due_ = true;  ///< the present sequence has not asked for one yet
  Left left_;                ///< by the one before
  LeftTogether together_;
  bool is_settled_ = false;  ///< the agent is at its beginning
  bool has_pool_ = false;    ///< the last sequence had huge pages, unless it is settled
  bool forked_ = false;      ///< so may have the present sequence, or one that waits
  bool goes_on_ = false;     ///< the last sequence waits to be settled together with others
  std::optional<CrashOn> crash_on_;
  std::uint64_t own_max_map_count_;  ///< the machine's, as it was at the beginning
  std::uint64_t max_map_count_;      ///< as it is now
};

}  // namespace

void serve(int wire, std::optional<CrashOn> crash_on) try {
  const HostOptions options{.memory_device = true};
  Introduction introduction{.capabilities = probe_host(options), .setup = {}};
  std::unique_ptr<AgentSession> session;
  auto& capabilities = introduction.capabilities;
  if (capabilities.can_run) {
    auto setup = read_setup();
    auto opened = AgentSession::open(options);
    if (setup && opened) {
      introduction.setup = *std::move(setup);
      session = *std::move(opened);
    } else {
      capabilities.can_run = false;
      capabilities.why_not = (setup ? opened.error() : setup.error()).message;
    }
  }
  send(wire, MessageKind::kReady, body_of(introduction));
  if (!session) return;
  Server server{wire, std::move(session), crash_on, introduction.setup.max_map_count};
  MessageStream stream;
  for (;;) server.answer(receive(wire, stream));
} catch (const WireIsGone&) {  // NOLINT(bugprone-empty-catch): the end that was asked for
  // The machine has nothing to do any more.
}

}  // namespace vmadiff::kernel
