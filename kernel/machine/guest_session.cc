// kernel: a session with the server in a virtual machine. Long, since blocks that were announced,
// answers that have come and a machine that died between them are one state.
#include "kernel/machine/guest_session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "kernel/machine/accelerator.h"
#include "kernel/machine/boot_files.h"
#include "kernel/machine/guest_disk.h"

namespace vmadiff::kernel {
namespace {

using spec::ToolFault;

/// So many messages are sent ahead at most: one being run, one waiting.
constexpr std::size_t kMessagesAhead = 2;
/// A machine that somebody kills while it boots is booted so many times.
constexpr int kBootsMax = 3;
constexpr std::uint64_t kMostNanoseconds = ~std::uint64_t{0} >> 1;

using Seen = std::vector<std::pair<spec::ProcessId, spec::Snapshot>>;

/// What was seen of a process last is how it is.
void merge_seen(Seen& all, Seen latest) {
  for (auto& [process, snapshot] : latest) {
    const auto at =
        std::ranges::find(all, process, &std::pair<spec::ProcessId, spec::Snapshot>::first);
    if (at == all.end()) {
      all.emplace_back(process, std::move(snapshot));
    } else {
      at->second = std::move(snapshot);
    }
  }
}

Answer killed(const MachineDeath& death) {
  return {.run = {.done = 0,
                  .died = true,
                  .how_died = death.how,
                  .setback = "its virtual machine was killed from outside (SIGKILL)"},
          .results = {},
          .seen = {}};
}

std::string text(const Program& program) {
  std::string out;
  for (const Record& record : program.records) {
    out += fmt::format("    [pid {}] {}({:#x})\n", record.process, record.number,
                       fmt::join(record.argument, ", "));
  }
  return out;
}

}  // namespace

std::expected<std::unique_ptr<GuestSession>, ToolFault> GuestSession::open(
    const GuestOptions& options) {
  std::unique_ptr<GuestSession> session{new GuestSession{options}};
  if (auto booted = session->boot(); !booted) return std::unexpected(booted.error());
  session->introduction_ = session->machine_->introduction();
  session->note_files();
  return session;
}

/// The guest knows that it has no disk; why, is known here.
void GuestSession::note_files() {
  auto& has = introduction_.capabilities;
  for (const spec::FileClass cls : {spec::FileClass::kFile, spec::FileClass::kFileReadOnly}) {
    if (has.file_counts[static_cast<std::size_t>(cls)] != 0 || why_no_files_.empty()) continue;
    const auto head = fmt::format("{}: ", spec::name(cls));
    std::erase_if(has.file_notes, [&](const std::string& note) { return note.starts_with(head); });
    has.file_notes.push_back(head + why_no_files_);
  }
}

std::expected<void, ToolFault> GuestSession::boot() {
  const auto files = make_boot_files(options_.kernel);
  if (!files) return std::unexpected(files.error());
  MachineOptions machine{.kernel = options_.kernel,
                         .append = options_.append,
                         .memory_mib = options_.memory_mib,
                         .cpus = options_.cpus,
                         .disk = guest_disk(),
                         .disk_by_nvme_too = !files->has_virtio_disk,
                         .timeout = options_.timeout};
  auto booted = boot_accelerated(machine, files->initramfs.number());
  for (int i = 1; i < kBootsMax && !booted && booted.error().was_killed; ++i)
    booted = boot_accelerated(machine, files->initramfs.number());
  if (!booted) {
    const auto& death = booted.error();
    return std::unexpected(ToolFault{
        fmt::format("{} does not boot: {}\n{}", options_.kernel, death.how, death.console)});
  }
  machine_ = *std::move(booted);
  why_no_files_ = why_no_regular_files(*files, machine.disk);
  return {};
}

std::expected<void, ToolFault> GuestSession::begin() {
  begins_ = true;
  if (machine_) return {};
  return boot();
}

void GuestSession::bury(const MachineDeath& death) {
  machine_.reset();
  bare_of_dead_ += std::exchange(bare_, {});
  // What was answered stays so.
  announced_.resize(answers_.size());
  messages_ = 0;
  death_log_ = death.console;
}

/// The machine died while programs that were sent ahead were under way.
void GuestSession::suspect_announced(const MachineDeath& death) {
  suspects_.assign(announced_.begin() + static_cast<std::ptrdiff_t>(answers_.size()),
                   announced_.end());
  suspects_before_ = suspects_.size();
  if (suspects_.empty()) return;
  their_death_ = death;
  their_death_.console +=
      "\nIt died while it ran these, one after the other; none of them alone kills it.\n"
      "Calls by number:\n";
  for (const Program& suspect : suspects_) their_death_.console += text(suspect) + "\n";
}

GuestSession::Result<void> GuestSession::send(MessageKind kind, std::string_view body) {
  if (auto death = machine_->send(kind, body))
    return std::unexpected(Failure{.is_death = true, .death = *std::move(death), .fault = {}});
  return {};
}

GuestSession::Result<Message> GuestSession::receive(MessageKind kind) {
  auto message = machine_->receive();
  if (!message) {
    return std::unexpected(
        Failure{.is_death = true, .death = std::move(message.error()), .fault = {}});
  }
  if (static_cast<MessageKind>(message->kind) == kind) return *std::move(message);
  const bool is_fault = static_cast<MessageKind>(message->kind) == MessageKind::kFault;
  return std::unexpected(Failure{
      .is_death = false,
      .death = {},
      .fault = {fmt::format("guest: {}", is_fault ? message->body : "an unexpected answer")}});
}

GuestSession::Result<void> GuestSession::receive_announced() {
  auto message = receive(MessageKind::kAnswers);
  --messages_;
  if (!message) return std::unexpected(std::move(message.error()));
  std::vector<Answer> answers;
  if (!read(message->body, answers)) {
    return std::unexpected(
        Failure{.is_death = false, .death = {}, .fault = {"guest: an answer that cannot be read"}});
  }
  for (const Answer& answer : answers) note_bare_time(answer);
  std::ranges::move(answers, std::back_inserter(answers_));
  return {};
}

/// It never falls, whatever a machine says.
void GuestSession::note_bare_time(const Answer& answer) {
  bare_ = std::max(bare_, std::chrono::nanoseconds{static_cast<std::int64_t>(
                              answer.bare_nanoseconds & kMostNanoseconds)});
}

GuestSession::Result<Answer> GuestSession::ask(Request request) {
  while (messages_ != 0) {
    if (auto received = receive_announced(); !received)
      return std::unexpected(std::move(received.error()));
  }
  request.asks = asks_;
  std::vector<Request> requests;
  requests.push_back(std::move(request));
  if (auto sent = send(MessageKind::kRun, body_of(requests)); !sent)
    return std::unexpected(std::move(sent.error()));
  auto message = receive(MessageKind::kAnswers);
  if (!message) return std::unexpected(std::move(message.error()));
  std::vector<Answer> answers;
  if (!read(message->body, answers) || answers.size() != 1) {
    return std::unexpected(
        Failure{.is_death = false, .death = {}, .fault = {"guest: an answer that cannot be read"}});
  }
  note_bare_time(answers.front());
  return std::move(answers.front());
}

std::expected<ProgramEnd, ToolFault> GuestSession::run_program(std::string_view elf) {
  const auto fault = [](Failure failure) {
    if (!failure.is_death) return std::move(failure.fault);
    return ToolFault{fmt::format("{}\n{}", failure.death.how, failure.death.console)};
  };
  if (auto sent = send(MessageKind::kProgram, elf); !sent) {
    return std::unexpected(fault(std::move(sent.error())));
  }
  auto message = receive(MessageKind::kProgramEnded);
  if (!message) return std::unexpected(fault(std::move(message.error())));
  ProgramEnd end;
  if (!read(message->body, end)) {
    return std::unexpected(ToolFault{"guest: an answer that cannot be read"});
  }
  return end;
}

void GuestSession::will_run(std::vector<Program> programs) {
  if (!suspects_.empty()) {
    // Some may never be run again; the death is not forgotten for that.
    is_overdue_ = suspects_.size() == suspects_before_;
    suspects_before_ = suspects_.size();
    return;
  }
  if (!machine_ || messages_ >= kMessagesAhead || programs.empty()) return;
  std::vector<Request> requests;
  for (const Program& program : programs)
    requests.push_back({.begins = true, .program = program, .ends = asks_, .asks = asks_});
  std::ranges::move(programs, std::back_inserter(announced_));
  ++messages_;
  // A machine that is dead says so again when it is asked.
  (void)send(MessageKind::kRun, body_of(requests));
}

GuestSession::Result<std::optional<Answer>> GuestSession::announced(const Program& program) {
  const auto at = std::ranges::find(announced_, program);
  if (!begins_ || at == announced_.end()) return std::nullopt;
  const auto before = static_cast<std::size_t>(at - announced_.begin());
  while (answers_.size() <= before) {
    if (auto received = receive_announced(); !received)
      return std::unexpected(std::move(received.error()));
  }
  // Those that were left out are of no use any more.
  const auto passed = static_cast<std::ptrdiff_t>(before + 1);
  Answer answer = std::move(answers_[before]);
  announced_.erase(announced_.begin(), announced_.begin() + passed);
  answers_.erase(answers_.begin(), answers_.begin() + passed);
  return answer;
}

std::expected<Session::Run, ToolFault> GuestSession::run(const Program& program,
                                                         std::vector<std::uint64_t>& results) {
  results.clear();
  if (!machine_)
    return Run{.done = 0, .died = true, .how_died = "it is dead already", .setback = {}};
  auto answer = announced(program);
  if (!answer && !answer.error().is_death) return std::unexpected(std::move(answer.error().fault));
  if (!answer) {
    // One of those under way killed it, and this is the first of them.
    if (!answer.error().death.was_killed) suspect_announced(answer.error().death);
    bury(answer.error().death);
    if (auto booted = boot(); !booted) return std::unexpected(booted.error());
    answer = std::optional<Answer>{};
  }
  const bool goes_on = !begins_ && was_announced_;
  was_announced_ = answer->has_value();
  if (was_announced_) {
    last_ = **std::move(answer);
    last_announced_ = program;
  } else {
    if (goes_on) {
      auto back = return_to(last_announced_);
      if (!back) return std::unexpected(back.error());
      back->run.done = 0;
      if (back->run.died) return std::move(back->run);
    }
    auto alone = run_alone(program);
    if (!alone) return std::unexpected(alone.error());
    last_ = after_all(program, *std::move(alone));
  }
  begins_ = is_settled_ = false;
  results = last_.results;
  return last_.run;
}

std::expected<std::optional<Session::Run>, ToolFault> GuestSession::run_and_look(
    const Program& program, std::vector<std::uint64_t>& results,
    std::vector<spec::Snapshot>& states) {
  while (machine_ && messages_ != 0) {
    if (!receive_announced()) return std::nullopt;
  }
  // What killed the machine before is looked for call by call; and where one has died others may,
  // of which each costs a boot less so.
  if (!machine_ || !begins_ || !suspects_.empty() || !death_log_.empty() || program.records.empty())
    return std::nullopt;
  auto answer = [&]() -> std::expected<Answer, ToolFault> {
    auto asked = ask({.begins = true, .program = program, .ends = false, .looks = true});
    if (asked) return *std::move(asked);
    if (!asked.error().is_death) return std::unexpected(std::move(asked.error().fault));
    const auto death = std::move(asked.error().death);
    bury(death);
    if (death.was_killed) return killed(death);
    return run_after_death(program, death, true, true);
  }();
  if (!answer) return std::unexpected(std::move(answer.error()));
  const bool is_whole = answer->run.died || answer->states.size() == program.records.size() + 1;
  if (!is_whole) return std::unexpected(ToolFault{"guest: an answer without its states"});
  begins_ = is_settled_ = was_announced_ = false;
  results = answer->results;
  states = std::move(answer->states);
  last_ = *std::move(answer);
  last_.states.clear();
  return last_.run;
}

/// A machine that was sent ahead has run others since: what goes on behind a program that was
/// announced goes on where the last of these ended, unless the program is run once more.
std::expected<Answer, ToolFault> GuestSession::return_to(const Program& program) {
  begins_ = true;
  auto again = run_alone(program);
  begins_ = false;
  return again;
}

std::expected<Answer, ToolFault> GuestSession::run_alone(const Program& program) {
  // After a death every call is on its own, so that a second death names its call at once.
  if (begins_ && !suspects_.empty() && !program.records.empty()) return run_call_by_call(program);
  auto answer = ask({begins_, program});
  if (answer) return *std::move(answer);
  if (!answer.error().is_death) return std::unexpected(std::move(answer.error().fault));
  const auto death = std::move(answer.error().death);
  if (death.was_killed) {
    bury(death);
    return killed(death);
  }
  // Programs sent ahead may have killed it as well.
  suspect_announced(death);
  const bool was_alone = suspects_.empty();
  bury(death);
  if (was_alone && program.records.size() <= 1) {
    return Answer{.run = {.done = 0, .died = true, .how_died = death.how, .setback = {}},
                  .results = {},
                  .seen = {}};
  }
  return run_after_death(program, death, was_alone, false);
}

/// The sequence again, in another machine: which call it is that kills one.
std::expected<Answer, ToolFault> GuestSession::run_after_death(const Program& program,
                                                               const MachineDeath& death,
                                                               bool was_alone, bool looks) {
  if (auto booted = boot(); !booted) return std::unexpected(booted.error());
  auto again = run_call_by_call(program, looks);
  if (!again || again->run.died || !was_alone) return again;
  // It lived: the death is reported all the same, at the last call.
  bury(death);
  --again->run.done;
  again->results.pop_back();
  again->run.died = true;
  again->run.how_died = fmt::format("{} (call by call, it lived)", death.how);
  return again;
}

/// From the beginning. Where the machine dies, the last answer's call is the one.
std::expected<Answer, ToolFault> GuestSession::run_call_by_call(const Program& program,
                                                                bool looks) {
  Answer all;
  bool begins = true;
  for (const Record& record : program.records) {
    auto answer = ask({.begins = begins,
                       .program = {.records = {record},
                                   .distrusted = program.distrusted,
                                   .max_map_count = program.max_map_count,
                                   .nr_hugepages = program.nr_hugepages,
                                   .nr_overcommit_hugepages = program.nr_overcommit_hugepages},
                       .ends = false,
                       .looks = looks});
    begins = false;
    if (!answer && !answer.error().is_death)
      return std::unexpected(std::move(answer.error().fault));
    const bool machine_died = !answer;
    if (machine_died) bury(answer.error().death);
    if (machine_died || answer->run.died) {
      all.run.died = true;
      all.run.how_died = machine_died ? answer.error().death.how : answer->run.how_died;
      return all;
    }
    ++all.run.done;
    all.results.push_back(answer->results.front());
    merge_seen(all.seen, std::move(answer->seen));
    std::ranges::move(answer->states, std::back_inserter(all.states));
  }
  return all;
}

/// Where a machine died of several programs and no single one of them kills it, the last one's
/// answer is that death.
Answer GuestSession::after_all(const Program& program, Answer answer) {
  if (suspects_.empty()) return answer;
  if (answer.run.died) {
    suspects_.clear();
    return answer;
  }
  const auto at = std::ranges::find(suspects_, program);
  if (at != suspects_.end()) suspects_.erase(suspects_.begin(), at + 1);
  if ((!suspects_.empty() && !is_overdue_) || program.records.empty()) return answer;
  suspects_.clear();
  is_overdue_ = false;
  bury(their_death_);
  answer.run = {.done = static_cast<std::uint32_t>(program.records.size()) - 1,
                .died = true,
                .how_died = fmt::format("{} (of several sequences together)", their_death_.how),
                .setback = {}};
  answer.results.resize(answer.run.done);
  answer.seen.clear();
  return answer;
}

std::expected<void, ToolFault> GuestSession::snapshot(spec::ProcessId process,
                                                      spec::Snapshot& out) {
  if (!machine_) return std::unexpected(ToolFault{"the guest is dead: nothing to look at"});
  if (begins_) {
    std::vector<std::uint64_t> none;
    if (auto ran = run({}, none); !ran) return std::unexpected(ran.error());
  }
  if (last_.run.died) return std::unexpected(ToolFault{"the agent is dead: nothing to look at"});
  const auto seen =
      std::ranges::find(last_.seen, process, &std::pair<spec::ProcessId, spec::Snapshot>::first);
  if (seen != last_.seen.end()) {
    out = seen->second;
    return {};
  }
  // The machine has gone on since, and its answer had every process that there was.
  if (was_announced_) {
    out = {};
    return {};
  }
  while (messages_ != 0) {
    if (auto received = receive_announced(); !received)
      return std::unexpected(ToolFault{fmt::format("guest: {}", received.error().death.how)});
  }
  Writer writer;
  writer.number(process);
  Result<Message> message = std::unexpected(Failure{});
  if (auto sent = send(MessageKind::kLook, writer.take()); !sent) {
    message = std::unexpected(std::move(sent.error()));
  } else {
    message = receive(MessageKind::kSeen);
  }
  if (!message && message.error().is_death) {
    bury(message.error().death);
    return std::unexpected(
        ToolFault{fmt::format("guest: {} while it was looked at", message.error().death.how)});
  }
  if (!message) return std::unexpected(std::move(message.error().fault));
  if (!read(message->body, out))
    return std::unexpected(ToolFault{"guest: a state that cannot be read"});
  return {};
}

std::expected<std::optional<std::int64_t>, ToolFault> GuestSession::left_committed() {
  const auto left = settled();
  if (!left) return std::unexpected(left.error());
  return left->committed;
}

std::expected<std::optional<spec::HugePages>, ToolFault> GuestSession::left_in_pool() {
  const auto left = settled();
  if (!left) return std::unexpected(left.error());
  return left->huge_pages;
}

/// What the sequence that has just been run has left. It is ended for that, once.
std::expected<Left, ToolFault> GuestSession::settled() {
  if (!machine_ || begins_ || last_.run.died || !asks_) return Left{};
  if (was_announced_ || is_settled_) return last_.left;
  // What was sent ahead since has begun others.
  if (messages_ != 0) return Left{};
  Result<Message> message = std::unexpected(Failure{});
  if (auto sent = send(MessageKind::kSettle, {}); !sent) {
    message = std::unexpected(std::move(sent.error()));
  } else {
    message = receive(MessageKind::kSettled);
  }
  if (!message && message.error().is_death) {
    bury(message.error().death);
    return std::unexpected(
        ToolFault{fmt::format("guest: {} after the last call", message.error().death.how)});
  }
  if (!message) return std::unexpected(std::move(message.error().fault));
  if (!read(message->body, last_.left))
    return std::unexpected(ToolFault{"guest: an answer that cannot be read"});
  is_settled_ = true;
  return last_.left;
}

}  // namespace vmadiff::kernel
