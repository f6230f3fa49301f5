// intake: walking through the calls in order, with what each task has: memory, descriptors, a
// process of the trace.
#include "intake/strace_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>

#include "intake/collection.h"
#include "intake/memory_calls.h"
#include "intake/open_files.h"
#include "intake/page_set.h"
#include "intake/strace_names.h"
#include "spec/setup.h"

namespace vmadiff::intake {
namespace {

using spec::Address;
using spec::Outcome;
using spec::Range;

/// An address space of the program, and what is known of it.
struct Memory {
  std::optional<spec::ProcessId> process;  ///< nothing: a trace has no room for it
  std::size_t image = 0;
  PageSet mapped;    ///< by calls, and by execve where that was seen
  PageSet written;   ///< private memory that has pages of its own
  PageSet writable;  ///< by PROT_WRITE
  Address brk = 0;
  bool awaits_look = false;  ///< just after an execve
  bool is_told = false;      ///< what execve mapped is known
  std::size_t tasks = 0;
};

struct Task {
  Pid group = 0;
  std::shared_ptr<Memory> memory;
  std::shared_ptr<DescriptorTable> descriptors;
  bool borrows = false;     ///< a process that runs in its parent's memory until it calls execve
  std::size_t watched = 0;  ///< calls of is_watched that it made
};

constexpr std::array kCloneNames{
    spec::FlagName{0x100, "CLONE_VM"}, spec::FlagName{0x400, "CLONE_FILES"},
    spec::FlagName{0x4000, "CLONE_VFORK"}, spec::FlagName{0x10000, "CLONE_THREAD"}};

struct CloneFlags {
  bool vm = false;
  bool files = false;
  bool thread = false;
};

CloneFlags clone_flags(const StraceCall& call) {
  if (call.name == "vfork") return {.vm = true};
  if (call.name == "fork") return {};
  std::uint64_t bits = 0;
  for (const std::string& argument : call.arguments) {
    auto words = field_of(argument, "flags").value_or("");
    while (!words.empty()) {
      const auto end = std::min(words.find('|'), words.size());
      if (const auto some = bits_of(words.substr(0, end), {kCloneNames})) bits |= *some;
      words.remove_prefix(std::min(end + 1, words.size()));
    }
  }
  return {(bits & 0x100) != 0, (bits & 0x400) != 0, (bits & 0x10000) != 0};
}

Address length_of(const spec::Mmap& call) {
  const bool huge = (call.flags & spec::kMapHugetlb) != 0;
  return huge ? spec::huge_page_up(call.length) : spec::page_up(call.length);
}

/// A range that the program named, in whole pages; nothing where it wraps or leaves the address
/// space.
std::optional<Range> pages(Address address, Address length) {
  const Address end = address + length;
  if (end < address || end > spec::Setup::standard().task_size) return std::nullopt;
  return Range{spec::page_down(address), spec::page_up(end)};
}

class Walk {
 public:
  Walk(const std::vector<LogFile>& files, const Looks& looks) : files_(files), looks_(looks) {}

  std::expected<Imported, std::string> run() {
    const auto log = read_strace_log(files_, losses_);
    if (!log) return std::unexpected(log.error());
    for (const LogEvent& event : log->events) {
      if (auto taken = take(event); !taken) return std::unexpected(taken.error());
    }
    if (!root_) {
      return std::unexpected(fmt::format(
          "{}:1: no call of memory, files or processes in the whole log: expected mmap, execve, …",
          files_.front().name));
    }
    return finished(*log);
  }

 private:
  using Done = std::expected<void, std::string>;

  // --- which task ------------------------------------------------------------------------------

  Done take(const LogEvent& event) {
    place_ = event.place;
    if (event.kind == LogEvent::Kind::kEnd) {
      end_task(event.pid);
      return {};
    }
    const auto kind = call_kind(event.call.name);
    if (!root_) begin(event);
    const auto at = tasks_.find(event.pid);
    if (at == tasks_.end()) {
      // What a group leaves unfinished at its end is told after it.
      const bool matters = kind == CallKind::kMemory && event.call.result.is_value();
      if (matters && !ended_.contains(event.pid)) {
        lose("calls of a task whose beginning is not in the log (trace %process, too): left out");
      }
      return {};
    }
    Task& task = at->second;
    look(event, task);
    if (is_watched(event.call.name)) ++task.watched;
    switch (*kind) {
      case CallKind::kMemory:
        return take_memory(event.call, task);
      case CallKind::kDescriptor:
        task.descriptors->apply(event.call, gathered_.files());
        return {};
      case CallKind::kProcess:
        take_process(event, task);
        return {};
      case CallKind::kNotKept:
        if (const auto what = other_change(event.call)) lose(fmt::format("{}: left out", *what));
        return {};
    }
    return {};
  }

  void begin(const LogEvent& event) {
    root_ = event.pid;
    auto memory = std::make_shared<Memory>();
    memory->process = spec::ProcessId{0};
    memory->image = gathered_.new_image();
    memory->tasks = 1;
    tasks_[event.pid] = {event.pid, std::move(memory), std::make_shared<DescriptorTable>()};
    const bool at_beginning = event.call.name == "execve" || event.call.name == "execveat";
    if (!at_beginning) {
      lose(
          "what was there before the log's first call, which is no execve: left out, and calls on "
          "it");
    }
  }

  // --- processes -------------------------------------------------------------------------------

  void take_process(const LogEvent& event, Task& task) {
    const StraceCall& call = event.call;
    if (call.name == "exit") return end_task(event.pid);
    if (call.name == "exit_group") return end_group(task.group);
    if (!call.result.is_value()) return;
    if (makes_task(call.name)) return make_task(call, task);
    if (call.name == "execve" || call.name == "execveat") return execute(event, task);
  }

  void make_task(const StraceCall& call, const Task& parent) {
    const auto pid = static_cast<Pid>(call.result.value);
    const auto flags = clone_flags(call);
    Task child;
    child.group = flags.thread ? parent.group : pid;
    child.descriptors =
        flags.files ? parent.descriptors : std::make_shared<DescriptorTable>(*parent.descriptors);
    child.memory = flags.vm ? parent.memory : forked(*parent.memory, pid);
    child.borrows = flags.vm && !flags.thread;
    if (flags.vm) ++child.memory->tasks;
    ended_.erase(pid);
    if (const auto at = tasks_.find(pid); at != tasks_.end()) end_task(pid);
    tasks_[pid] = std::move(child);
  }

  /// A copy for a new process, and the fork that makes it.
  std::shared_ptr<Memory> forked(const Memory& parent, Pid pid) {
    auto child = std::make_shared<Memory>(parent);
    child->tasks = 1;
    child->process.reset();
    if (!parent.process) return child;
    if (processes_ == spec::kProcessCountMax) {
      lose(fmt::format("processes beyond {}: left out with all that they call",
                       spec::kProcessCountMax));
      return child;
    }
    child->process = static_cast<spec::ProcessId>(processes_++);
    gathered_.comment(fmt::format("task {} is process {}", pid, *child->process));
    add(parent, spec::Fork{}, Outcome::ok(*child->process));
    return child;
  }

  void execute(const LogEvent& event, Task& task) {
    const StraceCall& call = event.call;
    const std::size_t path_at = call.name == "execve" ? 0 : 1;
    const auto path = path_at < call.arguments.size()
                          ? string_of(call.arguments[path_at]).value_or("?")
                          : std::string{"?"};
    const bool is_first = gathered_.size() == 0 && event.pid == *root_ && !has_executed_;
    if (task.borrows && task.memory->tasks > 1) {
      --task.memory->tasks;
      task.memory = forked(*task.memory, event.pid);
    }
    task.borrows = false;
    end_others_of_group(event.pid, task);
    Memory& memory = *task.memory;
    gathered_.comment(fmt::format("execve {}", path));
    if (!is_first && memory.process) add(memory, spec::Exec{}, Outcome::ok(0));
    has_executed_ = true;
    if (memory.process == spec::ProcessId{0}) program_ = path;
    memory.image = gathered_.new_image();
    memory.mapped = {};
    memory.written = {};
    memory.writable = {};
    memory.brk = 0;
    memory.is_told = false;
    memory.awaits_look = true;
  }

  void end_others_of_group(Pid pid, const Task& task) {
    std::vector<Pid> others;
    for (const auto& [other, t] : tasks_) {
      if (other != pid && t.group == task.group && t.memory == task.memory) others.push_back(other);
    }
    for (const Pid other : others) end_task(other);
  }

  void end_group(Pid group) {
    std::vector<Pid> members;
    for (const auto& [pid, task] : tasks_) {
      if (task.group == group) members.push_back(pid);
    }
    for (const Pid pid : members) end_task(pid);
  }

  void end_task(Pid pid) {
    const auto at = tasks_.find(pid);
    if (at == tasks_.end()) return;
    Memory& memory = *at->second.memory;
    // Process 0 of a trace cannot end: its memory is what is looked at then.
    if (--memory.tasks == 0 && memory.process && *memory.process != 0) {
      add(memory, spec::Exit{}, std::nullopt);
    }
    if (memory.process == spec::ProcessId{0}) last_image_ = memory.image;
    ended_.insert(pid);
    tasks_.erase(at);
  }

  // --- what was seen of it ---------------------------------------------------------------------

  void look(const LogEvent& event, Task& task) {
    if (!is_watched(event.call.name)) return;
    Memory& memory = *task.memory;
    const auto at = looks_.find({event.pid, task.watched});
    if (std::exchange(memory.awaits_look, false) && at != looks_.end())
      map_program(at->second, memory);
    if (at == looks_.end()) return;
    take_faults(at->second, memory);
    const bool ends =
        event.call.name == "exit_group" || (event.call.name == "exit" && memory.tasks == 1);
    if (ends && memory.process == spec::ProcessId{0} && !task.borrows) end_ = at->second;
  }

  /// What execve made, by calls: the files' parts, memory without a file, the stack.
  void map_program(const std::vector<MapsEntry>& maps, Memory& memory) {
    memory.is_told = true;
    std::map<std::string, FileIndex> opened;
    for (const MapsEntry& entry : maps) {
      if (entry.is_kernels()) continue;
      spec::Mmap call{.addr = entry.range.start,
                      .length = entry.range.size(),
                      .prot = entry.prot,
                      .flags = spec::kMapPrivate | spec::kMapFixed,
                      .file = {},
                      .offset = entry.offset};
      std::optional<FileIndex> file;
      if (entry.inode == 0) {
        call.flags |= spec::kMapAnonymous;
        if (entry.is_stack()) call.flags |= spec::kMapGrowsdown;
      } else {
        const auto [at, is_new] = opened.try_emplace(entry.path, gathered_.files().size());
        if (is_new) {
          gathered_.files().push_back({spec::FileClass::kFileReadOnly, entry.path, 0, false});
        }
        file = at->second;
        use_file(*file, entry.offset + entry.range.size());
      }
      note_mapped(memory, entry.range, call.prot);
      add(memory, call, Outcome::ok(entry.range.start), file, true);
    }
  }

  /// A touch of what has pages of its own and had none before.
  void take_faults(const std::vector<MapsEntry>& maps, Memory& memory) {
    for (const MapsEntry& entry : maps) {
      if (entry.is_kernels() || entry.is_shared) continue;
      const bool has_grown = entry.is_stack() && !memory.mapped.contains(entry.range);
      const bool is_new = entry.has_own_pages && !memory.written.overlaps(entry.range);
      if (!memory.mapped.overlaps(entry.range)) continue;
      if (!has_grown && !is_new) continue;
      if (has_grown) note_mapped(memory, entry.range, entry.prot);
      // Another task's mprotect can be seen here before strace told of it: the next look is in
      // time.
      const Range first{entry.range.start, entry.range.start + spec::kPageSize};
      if (!memory.writable.contains(first)) continue;
      memory.written.add(entry.range);
      // Behind the end of a trace's small files a touch is a SIGBUS; the anon_vma is made first.
      add(memory, spec::Touch{entry.range.start, spec::kPageSize, spec::Access::kWrite},
          entry.inode == 0 ? std::optional{Outcome::ok(0)} : std::nullopt);
    }
  }

  // --- memory ----------------------------------------------------------------------------------

  Done take_memory(const StraceCall& from, Task& task) {
    auto read = memory_call(from);
    if (!read) {
      return std::unexpected(
          fmt::format("{}:{}: {}", files_[place_.file].name, place_.line, read.error()));
    }
    const bool did = from.result.is_value();
    if (read->not_kept) {
      if (did) lose(fmt::format("{}: left out", *read->not_kept));
      return {};
    }
    if (!read->call) return {};
    if (from.result.kind == StraceResult::Kind::kUnknown) {
      if (from.result.error.empty())
        lose(fmt::format("{} that did not return: left out", from.name));
      return {};
    }
    Memory& memory = *task.memory;
    if (!memory.process) return {};
    std::visit([&](auto& call) { apply(call, *read, from, task, memory); }, *read->call);
    return {};
  }

  void apply(spec::Mmap& call, const MemoryCall& read, const StraceCall& from, Task& task,
             Memory& memory) {
    const bool did = from.result.is_value();
    if (from.result.error == "EBADF") {
      return lose("mappings of a descriptor that was not open (EBADF): left out");
    }
    std::optional<FileIndex> file;
    if (read.descriptor && read.descriptor->number >= 0) {
      file = file_of(*read.descriptor, call, task);
      const OpenFile& opened = gathered_.files()[*file];
      if (opened.cls == spec::FileClass::kNone) {
        if (did) lose("mappings of a driver's, or of what is no file: left out, and calls on them");
        return;
      }
      use_file(*file, did ? call.offset + length_of(call) : 0);
    }
    const bool huge = (call.flags & spec::kMapHugetlb) != 0 ||
                      (file && gathered_.files()[*file].cls == spec::FileClass::kHugetlb);
    if (did && huge) {
      return lose("mappings of huge pages from a pool, which a trace's machine has not: left out");
    }
    if (!did) {
      if (call.addr != 0) note_named(memory, call.addr, call.length);
      return add(memory, call, outcome_of(from.result), file);
    }
    if ((call.flags & (spec::kMapFixed | spec::kMapFixedNoreplace)) == 0) {
      call.flags |= spec::kMapFixedNoreplace;
      call.addr = from.result.value;
    }
    const Range range{from.result.value, from.result.value + length_of(call)};
    memory.written.remove(range);
    note_mapped(memory, range, call.prot);
    add(memory, call, outcome_of(from.result), file, true);
  }

  void apply(spec::Munmap& call, const MemoryCall&, const StraceCall& from, Task&, Memory& memory) {
    const auto range = pages(call.addr, call.length);
    if (from.result.is_value() && range) {
      if (!memory.mapped.overlaps(*range)) return lose_unknown();
      memory.mapped.remove(*range);
      memory.written.remove(*range);
      gathered_.image(memory.image).used.add(*range);
    } else {
      note_named(memory, call.addr, call.length);
    }
    add(memory, call, outcome_of(from.result));
  }

  void apply(spec::Brk& call, const MemoryCall&, const StraceCall& from, Task&, Memory& memory) {
    if (!from.result.is_value()) return lose("brk without a break as its result: left out");
    const Address now = from.result.value;
    Range& heap = gathered_.image(memory.image).heap;
    if (heap.start == 0) {
      if (call.addr != 0) lose("where the break began: the first that is seen is taken for it");
      heap = {now, now};
    }
    heap.end = std::max(heap.end, spec::page_up(now));
    const Address before = memory.brk == 0 ? heap.start : memory.brk;
    const Range change{spec::page_up(std::min(before, now)), spec::page_up(std::max(before, now))};
    if (now > before) note_mapped(memory, change, spec::kProtRead | spec::kProtWrite);
    if (now < before) {
      memory.mapped.remove(change);
      memory.written.remove(change);
    }
    memory.brk = now;
    add(memory, call, Outcome::ok(now), std::nullopt, true);
  }

  void apply(spec::Mremap& call, const MemoryCall&, const StraceCall& from, Task&, Memory& memory) {
    const auto old = pages(call.addr, call.length);
    const bool did = from.result.is_value();
    if (!did || !old) {
      note_named(memory, call.addr, call.length);
      return add(memory, call, outcome_of(from.result), std::nullopt, true);
    }
    if (!memory.mapped.contains(*old)) return lose_unknown();
    const Address to = from.result.value;
    const Range now{to, to + spec::page_up(call.new_length)};
    const bool has_pages = memory.written.overlaps(*old);
    const auto prot = memory.writable.overlaps(*old) ? spec::kProtWrite : spec::kProtNone;
    if (to != call.addr) {
      call.flags |= spec::kMremapFixed | spec::kMremapMaymove;
      call.new_addr = to;
    }
    const bool keeps_old = (call.flags & spec::kMremapDontunmap) != 0 || call.length == 0;
    if (!keeps_old) {
      memory.mapped.remove(*old);
      memory.written.remove(*old);
    }
    gathered_.image(memory.image).used.add(*old);
    memory.written.remove(now);
    note_mapped(memory, now, prot);
    if (has_pages) memory.written.add(now);
    add(memory, call, outcome_of(from.result), std::nullopt, true);
  }

  /// The calls on a range of what is there.
  template <typename Call>
    requires requires(Call c) { c.addr, c.length; }
  void apply(Call& call, const MemoryCall&, const StraceCall& from, Task&, Memory& memory) {
    const auto range = pages(call.addr, call.length);
    const bool is_known = !range || memory.mapped.contains(*range);
    const bool lacks =
        from.result.kind == StraceResult::Kind::kError && from.result.error == "ENOMEM";
    if (!is_known && !lacks) return lose_unknown();
    note_named(memory, call.addr, call.length);
    constexpr bool kProtects =
        std::is_same_v<Call, spec::Mprotect> || std::is_same_v<Call, spec::PkeyMprotect>;
    if constexpr (kProtects) {
      if (range && from.result.is_value()) note_protection(memory, *range, call.prot);
    }
    add(memory, call, outcome_of(from.result));
  }

  /// Those that name no memory.
  template <typename Call>
  void apply(Call& call, const MemoryCall&, const StraceCall& from, Task&, Memory& memory) {
    add(memory, call, outcome_of(from.result));
  }

  /// The file behind a descriptor. One that nobody opened in the log is taken for a regular file;
  /// each mapping of its beginning that is not laid over another, for one of its own.
  FileIndex file_of(const DescriptorWord& word, const spec::Mmap& call, Task& task) {
    OpenFiles& files = gathered_.files();
    auto found = task.descriptors->find(word, files);
    const bool is_guessed = found && guessed_.contains(*found);
    if (!found || (is_guessed && call.offset == 0 && (call.flags & spec::kMapFixed) == 0)) {
      lose(
          "descriptors whose opening is not in the log (trace %desc, too, or with -y): taken for "
          "regular files");
      files.push_back({spec::FileClass::kFileReadOnly, {}, 0, false});
      found = files.size() - 1;
      guessed_.insert(*found);
      task.descriptors->set(word.number, *found);
    }
    OpenFile& file = files[*found];
    const bool must_write =
        (call.flags & spec::kMapType) != spec::kMapPrivate && (call.prot & spec::kProtWrite) != 0;
    // With a path, but no open in the log, only this shows that it was opened to be written.
    if (must_write && file.cls == spec::FileClass::kFileReadOnly && !file.is_used) {
      file.cls = spec::FileClass::kFile;
    }
    return *found;
  }

  void use_file(FileIndex index, std::uint64_t end) {
    OpenFile& file = gathered_.files()[index];
    file.is_used = true;
    file.offset_end = std::max(file.offset_end, end);
  }

  // --- gathering -------------------------------------------------------------------------------

  void note_mapped(Memory& memory, Range range, std::uint64_t prot) {
    memory.mapped.add(range);
    note_protection(memory, range, prot);
    gathered_.image(memory.image).used.add(range);
  }

  static void note_protection(Memory& memory, Range range, std::uint64_t prot) {
    if ((prot & spec::kProtWrite) != 0) {
      memory.writable.add(range);
    } else {
      memory.writable.remove(range);
    }
  }

  /// What was asked for lies where it lies, even in vain.
  void note_named(Memory& memory, Address address, Address length) {
    constexpr Address kLongest = Address{64} << 30;
    const auto range = pages(address, std::min(length, kLongest));
    if (range && range->start >= spec::kPageSize) gathered_.image(memory.image).used.add(*range);
  }

  template <typename Call>
  void add(const Memory& memory, const Call& call, std::optional<Outcome> outcome,
           std::optional<FileIndex> file = std::nullopt, bool gives_address = false) {
    if (!memory.process) return;
    gathered_.add({memory.image, {*memory.process, call, outcome}, file, gives_address});
  }

  void lose(std::string_view what) { losses_.add(what, place_); }
  void lose_unknown() {
    lose(
        "calls on memory that no call of the log made (execve's own: binary, loader, stack): left "
        "out");
  }

  std::expected<Imported, std::string> finished(const StraceLog& log) {
    for (const auto& [pid, task] : tasks_) {
      if (task.memory->process == spec::ProcessId{0}) last_image_ = task.memory->image;
    }
    const std::size_t steps = gathered_.size();
    auto made = std::move(gathered_).finish();
    if (!made) return std::unexpected(fmt::format("{}: {}", files_.front().name, made.error()));
    Imported out;
    out.relocation = made->relocations[last_image_];
    for (const Relocation& relocation : made->relocations) {
      if (relocation.parts_heap()) losses_.add("memory right beside the break: apart here", {0, 1});
    }
    out.trace = std::move(made->trace);
    out.losses = losses_.list();
    out.end = std::move(end_);
    out.program = std::move(program_);
    std::vector<std::string> head{
        fmt::format(
            "From what strace printed: {} calls, of which {} say nothing of memory; {} steps "
            "here.",
            log.calls, log.calls_skipped, steps),
        looks_.empty()
            ? "Faults are not in it: nothing is touched here that the calls do not touch."
            : "Touches are faults that smaps showed before a call: one for each mapping."};
    std::ranges::move(made->notes, std::back_inserter(head));
    for (const Loss& loss : out.losses) {
      head.push_back(fmt::format("not kept: {} (first {}:{}, {} times)", loss.what,
                                 files_[loss.first.file].name, loss.first.line, loss.count));
    }
    for (std::string& line : head) line.insert(0, "# ");
    auto& first = out.trace.comments.front();
    first.insert(first.begin(), std::make_move_iterator(head.begin()),
                 std::make_move_iterator(head.end()));
    return out;
  }

  const std::vector<LogFile>& files_;
  const Looks& looks_;
  Losses losses_;
  Collection gathered_;
  std::map<Pid, Task> tasks_;
  std::set<Pid> ended_;
  std::set<FileIndex> guessed_;
  std::optional<Pid> root_;
  Place place_;
  std::size_t processes_ = 1;
  std::size_t last_image_ = 0;
  bool has_executed_ = false;
  std::string program_;
  std::vector<MapsEntry> end_;
};

}  // namespace

std::expected<Imported, std::string> import_strace(const std::vector<LogFile>& files,
                                                   const Looks& looks) {
  return Walk{files, looks}.run();
}

}  // namespace vmadiff::intake
