// intake: from lines to calls in order.
#include "intake/strace_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "intake/strace_names.h"

namespace vmadiff::intake {
namespace {

/// A place in one file's order; the even ones are lines.
using Position = std::uint64_t;

struct Positioned {
  Position position = 0;
  std::size_t number = 0;  ///< in the order of the file, or of all files
  std::optional<std::uint64_t> time;
  LogEvent event;
};

std::unexpected<std::string> bad_line(const LogFile& file, std::size_t line,
                                      const std::string& what) {
  return std::unexpected(fmt::format("{}:{}: {}", file.name, line, what));
}

bool counts_where_it_began(std::string_view name) {
  return name == "munmap" || name == "exit" || name == "exit_group";
}

/// "NAME.PID" of -ff; 0 where the name ends otherwise.
Pid pid_in(const std::string& name) {
  const auto dot = name.rfind('.');
  if (dot == std::string::npos || dot + 1 == name.size()) return 0;
  const auto number = number_of(std::string_view{name}.substr(dot + 1));
  return number && *number <= 0x7fffffff ? static_cast<Pid>(*number) : Pid{0};
}

/// Reads one file.
class FileReader {
 public:
  FileReader(const LogFile& file, std::size_t index, Pid own, Losses& losses, StraceLog& log,
             std::set<Pid>& seen)
      : file_(file), index_(index), own_(own), losses_(losses), log_(log), seen_(seen) {}

  std::expected<std::vector<Positioned>, std::string> read() {
    auto text = file_.text;
    while (!text.empty()) {
      const auto newline = text.find('\n');
      const auto line = text.substr(0, newline);
      is_cut_off_ = newline == std::string_view::npos;
      text.remove_prefix(is_cut_off_ ? text.size() : newline + 1);
      ++line_number_;
      if (auto taken = take(line); !taken) return std::unexpected(taken.error());
    }
    put_forks_before_children();
    std::ranges::sort(out_, {},
                      [](const Positioned& at) { return std::pair{at.position, at.number}; });
    return std::move(out_);
  }

 private:
  struct Pending {
    std::string head;
    std::size_t line = 0;
    std::optional<std::uint64_t> time;
  };

  [[nodiscard]] Position position_of(std::size_t line) const { return 2 * Position{line}; }

  std::expected<void, std::string> take(std::string_view line) {
    if (const auto at = interruption_in(line); at != std::string_view::npos) {
      if (auto done = take(line.substr(at)); !done) return done;
      interrupted_ += line.substr(0, at);
      return {};
    }
    if (!interrupted_.empty()) {
      interrupted_ += line;
      const auto whole = std::exchange(interrupted_, {});
      return take(whole);
    }
    auto read = read_strace_line(line);
    if (read.kind == StraceLine::Kind::kNone) {
      if (!line.empty()) {
        losses_.add(is_cut_off_ ? "a last line that is cut off: left out"
                                : "no line of strace's (the program's own output?): left out",
                    {index_, line_number_});
      }
      return {};
    }
    if (read.kind != StraceLine::Kind::kNote) ++log_.lines;
    read.pid = pid_of(read);
    seen_.insert(read.pid);
    if (read.pid != 0) first_line_.try_emplace(read.pid, line_number_);
    return take(read);
  }

  /// Whose line it is. strace names nobody while there is one task only.
  Pid pid_of(const StraceLine& line) {
    if (line.kind == StraceLine::Kind::kAttached) {
      alive_.insert(line.other);
      made_.insert(line.other);
      return 0;
    }
    if (own_ != 0) return own_;
    if (line.pid != 0) {
      // The first that nobody made is the one that had no number so far.
      if (root_ == 0 && !made_.contains(line.pid)) name_root(line.pid);
      alive_.insert(line.pid);
      return line.pid;
    }
    return root_is_gone_ && alive_.size() == 1 ? *alive_.begin() : root_;
  }

  void name_root(Pid pid) {
    root_ = pid;
    if (const auto at = pending_.find(0); at != pending_.end()) {
      pending_[pid] = std::move(at->second);
      pending_.erase(at);
    }
  }

  std::expected<void, std::string> take(const StraceLine& line) {
    switch (line.kind) {
      case StraceLine::Kind::kCall:
        ++log_.calls;
        return take_call(line.text, line.name, line.pid, line_number_, line.time);
      case StraceLine::Kind::kUnfinished:
        ++log_.calls;
        pending_[line.pid] = {std::string{line.text}, line_number_, line.time};
        return {};
      case StraceLine::Kind::kResumed:
        return resume(line);
      case StraceLine::Kind::kSuperseded:
        // A thread's execve goes on under the number of the first thread.
        if (const auto at = pending_.find(line.other); at != pending_.end()) {
          pending_[line.pid] = std::move(at->second);
          pending_.erase(at);
        }
        alive_.erase(line.other);
        return {};
      case StraceLine::Kind::kExit:
        alive_.erase(line.pid);
        if (line.pid == root_) root_is_gone_ = true;
        add(position_of(line_number_), line.time,
            {LogEvent::Kind::kEnd, line.pid, {index_, line_number_}, {}});
        return {};
      case StraceLine::Kind::kOtherBits:
        losses_.add("a program of 32 bits: its calls are taken as those of 64", place());
        return {};
      case StraceLine::Kind::kAttached:
      case StraceLine::Kind::kNote:
      case StraceLine::Kind::kNone:
        return {};
    }
    return {};
  }

  std::expected<void, std::string> resume(const StraceLine& line) {
    const auto at = pending_.find(line.pid);
    if (at == pending_.end()) {
      if (call_kind(line.name)) {
        losses_.add(fmt::format("{} whose beginning is not in the log: left out", line.name),
                    place());
      }
      return {};
    }
    const auto pending = std::move(at->second);
    pending_.erase(at);
    auto tail = line.text;
    constexpr std::string_view kMark = "<unfinished ...>";
    while (tail.starts_with(' ')) tail.remove_prefix(1);
    if (tail.starts_with(kMark)) tail.remove_prefix(kMark.size());
    auto whole = pending.head + std::string{tail};
    if (!whole.starts_with(fmt::format("{}(", line.name))) {
      return bad_line(file_, line_number_,
                      fmt::format("'{}' is resumed, but line {} began '{}'", line.name,
                                  pending.line, whole.substr(0, whole.find('('))));
    }
    const auto began = counts_where_it_began(line.name) ? pending.line : line_number_;
    return take_call(whole, line.name, line.pid, began, pending.time);
  }

  std::expected<void, std::string> take_call(std::string_view text, std::string_view name, Pid pid,
                                             std::size_t where, std::optional<std::uint64_t> time) {
    if (!call_kind(name)) {
      ++log_.calls_skipped;
      return {};
    }
    auto call = read_strace_call(text);
    if (!call) {
      if (is_cut_off_) {
        losses_.add("a last line that is cut off: left out", place());
        return {};
      }
      return bad_line(file_, line_number_, call.error());
    }
    if (makes_task(name) && call->result.is_value()) {
      made_.insert(static_cast<Pid>(call->result.value));
      if (own_ == 0) alive_.insert(static_cast<Pid>(call->result.value));
    }
    add(position_of(where), time,
        {LogEvent::Kind::kCall, pid, {index_, line_number_}, *std::move(call)});
    return {};
  }

  void add(Position position, std::optional<std::uint64_t> time, LogEvent event) {
    if (event.pid == 0) has_unnamed_ = true;
    out_.push_back({position, out_.size(), time, std::move(event)});
  }

  void put_forks_before_children() {
    for (Positioned& at : out_) {
      // What stood before the first number was the root's.
      if (has_unnamed_ && at.event.pid == 0) at.event.pid = root_;
      const StraceCall& call = at.event.call;
      if (!makes_task(call.name) || !call.result.is_value()) continue;
      const auto first = first_line_.find(static_cast<Pid>(call.result.value));
      if (first == first_line_.end()) continue;
      at.position = std::min(at.position, position_of(first->second) - 1);
    }
  }

  [[nodiscard]] Place place() const { return {index_, line_number_}; }

  const LogFile& file_;
  std::size_t index_;
  Pid own_;
  Losses& losses_;
  StraceLog& log_;
  std::set<Pid>& seen_;
  std::size_t line_number_ = 0;
  bool is_cut_off_ = false;
  std::string interrupted_;
  std::map<Pid, Pending> pending_;
  std::map<Pid, std::size_t> first_line_;
  std::set<Pid> alive_;
  std::set<Pid> made_;
  Pid root_ = 0;
  bool root_is_gone_ = false;
  bool has_unnamed_ = false;
  std::vector<Positioned> out_;
};

/// The files of -ff by their times.
std::vector<LogEvent> by_time(std::vector<std::vector<Positioned>> files) {
  std::vector<Positioned> all;
  for (auto& file : files) {
    // A line's time counts no less than those before it: the order within a file stands.
    std::uint64_t latest = 0;
    for (Positioned& at : file) at.time = latest = std::max(latest, at.time.value_or(0));
    std::ranges::move(file, std::back_inserter(all));
  }
  for (std::size_t i = 0; i < all.size(); ++i) all[i].number = i;
  std::ranges::sort(all, {}, [](const Positioned& at) { return std::pair{at.time, at.number}; });
  std::vector<LogEvent> out;
  for (Positioned& at : all) out.push_back(std::move(at.event));
  return out;
}

/// Each file where its task was made.
std::vector<LogEvent> by_descent(std::vector<std::vector<Positioned>> files,
                                 const std::vector<Pid>& pids) {
  std::map<Pid, std::size_t> file_of;
  std::set<std::size_t> roots;
  for (std::size_t i = 0; i < pids.size(); ++i) {
    file_of.emplace(pids[i], i);
    roots.insert(i);
  }
  const auto child_of = [&](const LogEvent& event) -> std::optional<std::size_t> {
    if (!makes_task(event.call.name) || !event.call.result.is_value()) return std::nullopt;
    const auto at = file_of.find(static_cast<Pid>(event.call.result.value));
    return at == file_of.end() ? std::nullopt : std::optional{at->second};
  };
  for (const auto& file : files) {
    for (const Positioned& at : file) {
      if (const auto child = child_of(at.event)) roots.erase(*child);
    }
  }
  std::vector<LogEvent> out;
  std::vector<bool> is_begun(files.size());
  std::vector<std::pair<std::size_t, std::size_t>> open;  // file, next event
  const auto begin = [&](std::size_t file) {
    if (is_begun[file]) return;
    is_begun[file] = true;
    open.emplace_back(file, 0);
  };
  const auto run = [&] {
    while (!open.empty()) {
      auto& [file, next] = open.back();
      if (next == files[file].size()) {
        open.pop_back();
        continue;
      }
      LogEvent event = std::move(files[file][next++].event);
      const auto child = child_of(event);
      out.push_back(std::move(event));
      if (child) begin(*child);
    }
  };
  for (const std::size_t root : roots) {
    begin(root);
    run();
  }
  // Files that make each other, which no log has, are read all the same.
  for (std::size_t i = 0; i < files.size(); ++i) {
    begin(i);
    run();
  }
  return out;
}

bool have_times(const std::vector<std::vector<Positioned>>& files) {
  return std::ranges::all_of(files, [](const auto& file) {
    return std::ranges::all_of(file, [](const Positioned& at) { return at.time.has_value(); });
  });
}

}  // namespace

bool makes_task(std::string_view name) {
  return name == "fork" || name == "vfork" || name == "clone" || name == "clone3";
}

std::expected<StraceLog, std::string> read_strace_log(const std::vector<LogFile>& files,
                                                      Losses& losses) {
  StraceLog log;
  std::vector<std::vector<Positioned>> read;
  std::vector<Pid> pids;
  std::set<Pid> seen;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Pid own = files.size() > 1 ? pid_in(files[i].name) : Pid{0};
    if (files.size() > 1 && own == 0) {
      return std::unexpected(fmt::format(
          "{}: of several files each must be one task's, as -ff writes them: expected a name that "
          "ends in '.PID'",
          files[i].name));
    }
    if (std::ranges::find(pids, own) != pids.end()) {
      return std::unexpected(fmt::format("{}: there is another file of task {}: expected each once",
                                         files[i].name, own));
    }
    pids.push_back(own);
    auto one = FileReader{files[i], i, own, losses, log, seen}.read();
    if (!one) return std::unexpected(one.error());
    read.push_back(*std::move(one));
    seen.insert(own);
  }
  if (log.calls == 0) {
    return std::unexpected(fmt::format(
        "{}:1: no call as strace prints it in the whole file: expected lines like 'munmap("
        "0x7f2a44000000, 4096) = 0'",
        files.empty() ? "" : files.front().name));
  }
  if (read.size() == 1) {
    for (Positioned& at : read.front()) log.events.push_back(std::move(at.event));
  } else if (have_times(read)) {
    log.events = by_time(std::move(read));
  } else {
    log.events = by_descent(std::move(read), pids);
    losses.add(
        "the order between the files, which have no times (-tt): a task's is taken where it was "
        "made",
        {0, 1});
  }
  for (const LogEvent& event : log.events) {
    if (!makes_task(event.call.name) || !event.call.result.is_value()) continue;
    if (seen.contains(static_cast<Pid>(event.call.result.value))) continue;
    losses.add("all that a task calls of which the log has no line (strace -f): left out",
               event.place);
  }
  return log;
}

}  // namespace vmadiff::intake
