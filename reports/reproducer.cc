// reports: the tables of a C program; the rest of it is the same for all (program/).
#include "reports/reproducer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/quoting.h"
#include "reports/reproducer_parts.h"
#include "reports/requirements.h"
#include "reports/trace.h"
#include "spec/trace_text.h"
#include "spec/word_fields.h"

namespace vmadiff::reports {
namespace {

/// /dev/zero is one file, however often it is opened: from outside they cannot be told apart.
spec::FileId as_seen(spec::FileId file) {
  if (file.cls == spec::FileClass::kZero) file.number = 0;
  return file;
}

std::vector<spec::FileId> files_of(const Reproduction& r) {
  std::vector<spec::FileId> files;
  for (const ReproducedStep& step : r.steps) {
    spec::FileId file;
    if (const auto* mmap = std::get_if<spec::Mmap>(&step.call)) file = mmap->file;
    if (const auto* seals = std::get_if<spec::AddSeals>(&step.call)) file = seals->file;
    if (file.is_none()) continue;
    if (std::ranges::find(files, file) == files.end()) files.push_back(file);
  }
  return files;
}

/// A call's six arguments, and the index of its file.
class Arguments : public spec::WordFields<Arguments> {
 public:
  explicit Arguments(const std::vector<spec::FileId>& files) : files_(files) {}
  void file(spec::FileId f) {
    const auto at = std::ranges::find(files_, f);
    if (at != files_.end()) file_ = static_cast<int>(at - files_.begin());
    add(0);
  }
  void vma_name(spec::VmaName n) {
    // No kernel's memory can be read from outside.
    constexpr std::uint64_t kUnreadable = 0xffff800000000000;
    add(n.is_unreadable() ? kUnreadable : 0);
    if (!n.is_none() && !n.is_unreadable()) name_ = spec::argument_text(n);
  }

  /// "{0x1000, …}, FILE, NAME"
  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto value : values_) out += fmt::format("{}{:#x}", out.empty() ? "" : ", ", value);
    return fmt::format("{{{}}}, {}, {}", out, file_, name_);
  }

 private:
  friend spec::WordFields<Arguments>;
  void add(std::uint64_t value) { values_.at(count_++) = value; }
  const std::vector<spec::FileId>& files_;
  std::array<std::uint64_t, 6> values_{};
  std::size_t count_ = 0;
  int file_ = -1;
  std::string name_ = "NULL";
};

/// Those that are more than a system call have a name of their own in the program.
std::string call_name(const spec::Syscall& call) {
  constexpr std::array kOwn{"touch",
                            "setrlimit",
                            "fork",
                            "exec",
                            "exit",
                            "uffd_register",
                            "uffd_unregister",
                            "mbind",
                            "set_mempolicy",
                            "set_vma_name",
                            "uffd_open",
                            "uffd_close",
                            "shmat",
                            "add_seals",
                            "process_madvise",
                            "uffd_writeprotect",
                            "uffd_rwprotect"};
  std::string name{spec::name(call)};
  if (name == "mseal") return "CALL_MSEAL";
  if (std::ranges::find(kOwn, name) == kOwn.end()) return "SYS_" + name;
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

std::string expectation(const std::optional<spec::Outcome>& expected) {
  if (!expected || expected->is_death()) return "ANY, 0";
  if (expected->is_error()) return fmt::format("FAILS, {}", static_cast<int>(expected->error()));
  return fmt::format("IS, {:#x}", expected->value());
}

std::string files_table(const std::vector<spec::FileId>& files) {
  constexpr std::array<std::string_view, spec::kFileClassCount> kKinds{
      "NOWHERE", "MEMFD",         "REGULAR", "READ_ONLY",   "ZERO",
      "HUGETLB", "MEMORY_DEVICE", "NOWHERE", "NULL_DEVICE", "NOWHERE",
      "NOWHERE", "NOWHERE",       "NOWHERE", "NOWHERE",     "NOWHERE"};
  std::string out = "static struct file files[] = {\n";
  for (const spec::FileId file : files) {
    out += fmt::format("    {{{}, {}, -1, \"\"}},\n", kKinds[static_cast<std::size_t>(file.cls)],
                       c_string(spec::text(as_seen(file))));
  }
  return out + "    {NO_FILE, \"\", -1, \"\"}};\n";
}

std::string needs_table(const Reproduction& r) {
  std::string out = "static const struct need needs[] = {\n";
  for (const Requirement& need : requirements_of(r))
    out += fmt::format("    {{{}, {:#x}, {}}},\n", need.trait, need.value, c_string(need.text));
  return out + "    {NO_TRAIT, 0, \"\"}};\n";
}

/// All layouts, one behind the other, and where each begins.
class Layouts {
 public:
  explicit Layouts(const Reproduction& r) {
    for (const auto& layout : r.layouts) {
      places_.push_back(fmt::format("{}, {}", count_, layout.size()));
      for (const spec::Vma& vma : layout) add(r, vma);
      count_ += layout.size();
    }
  }
  [[nodiscard]] std::string place(const std::optional<std::size_t>& layout) const {
    return layout ? places_[*layout] : "-1, -1";
  }
  [[nodiscard]] std::string table() const {
    return "static const struct vma vmas[] = {\n" + rows_ + "    {0, 0, \"\"}};\n";
  }

 private:
  void add(const Reproduction& r, spec::Vma vma) {
    if (r.ignore_mergeable) vma.flags &= ~spec::kVmMergeable;
    vma.file = as_seen(vma.file);
    // The text of a VMA behind its range.
    const auto text = spec::text(vma);
    rows_ += fmt::format("    {{{:#x}, {:#x}, {}}},\n", vma.start, vma.end,
                         c_string(text.substr(text.find(' ') + 1)));
  }

  std::string rows_;
  std::vector<std::string> places_;
  std::size_t count_ = 0;
};

std::string steps_table(const Reproduction& r, const std::vector<spec::FileId>& files,
                        const Layouts& layouts) {
  std::string out = "static const struct step steps[] = {\n";
  for (const ReproducedStep& step : r.steps) {
    Arguments arguments{files};
    visit_fields(step.call, arguments);
    out += fmt::format("    {{{}, {}, {}, {}, {},\n     {}}},\n", step.process,
                       call_name(step.call), arguments.text(), expectation(step.expected),
                       layouts.place(step.layout), c_string(spec::text(step.call)));
  }
  return out + "    {0, 0, {0}, -1, NULL, ANY, 0, -1, -1, NULL}};\n";
}

/// Counters as a process's /proc/PID/status has them, in kB, beyond those of the beginning.
std::string ends_table(const Reproduction& r, const Layouts& layouts) {
  constexpr std::int64_t kKibPerPage = spec::kPageSize / 1024;
  const auto& first = r.setup.initial.counters;
  std::string out = "static const struct end ends[] = {\n";
  for (const ReproducedEnd& end : r.ends) {
    const auto more = [](std::uint64_t now, std::uint64_t before) {
      return (static_cast<std::int64_t>(now) - static_cast<std::int64_t>(before)) * kKibPerPage;
    };
    const auto& now = end.counters;
    out += fmt::format("    {{{}, {}, {:#x}, {}, {}, {}, {}, {}, {}}},\n", end.process,
                       layouts.place(end.layout), end.brk, end.merge_any ? 1 : 0,
                       more(now.total_vm, first.total_vm), more(now.locked_vm, first.locked_vm),
                       more(now.data_vm, first.data_vm), more(now.stack_vm, first.stack_vm),
                       more(now.exec_vm, first.exec_vm));
  }
  return out + "    {-1, 0, 0, 0, 0, 0, 0, 0, 0, 0}};\n";
}

std::string comment(const std::vector<std::string>& lines) {
  std::string out = "/*\n";
  for (const std::string& line : lines)
    out += line.empty() ? " *\n" : fmt::format(" * {}\n", c_comment_line(line));
  return out + " */\n";
}

/// smaps' codes that are known, but for soft-dirty's.
std::string known_codes() { return spec::vm_flags_text(~spec::VmFlags{0}); }

std::string options_of(const Reproduction& r) {
  return fmt::format(
      "static const struct settings options = {{\n    {}, {},\n    {}, {}ul, {}, {}, {}, {}}};\n",
      c_string(r.held), c_string(r.differed), c_string(known_codes()), r.setup.limits.memlock,
      r.setup.bottom_up ? 1 : 0, r.ignore_mergeable ? 1 : 0,
      r.committed == Committed::kNotAsked ? 0 : 1,
      r.committed == Committed::kSomethingStays ? 1 : 0);
}

/// The state that the finding's first view shows, as what is expected after its last step.
void expect_view(Reproduction& r, const properties::View& view, bool ends_there) {
  auto& last = r.steps.back();
  last.expected = view.outcome;
  last.layout = r.add_layout(view.snapshot.vmas);
  if (!ends_there || !view.observes.counters) return;
  const auto& state = view.snapshot;
  r.ends.push_back({last.process, *last.layout, state.counters, state.brk, state.merge_any});
}

}  // namespace

std::string c_program(const Reproduction& r) {
  const auto files = files_of(r);
  const Layouts layouts{r};
  std::string out = comment(r.story);
  out += program_types();
  out += options_of(r) + files_table(files) + needs_table(r) + layouts.table();
  out += steps_table(r, files, layouts) + ends_table(r, layouts) + '\n';
  out += program_rest();
  return out;
}

std::string c_reproducer(const properties::Finding& finding) {
  Reproduction r;
  r.profile = finding.profile;
  r.story = {fmt::format("vmadiff: {}", finding.claim)};
  for (auto& line : wrapped(finding.explanation, 90)) r.story.push_back(std::move(line));
  r.story.push_back(fmt::format("Profile {}; seeds: {}.", finding.profile, seeds_text(finding)));
  const auto setup = setup_directive(finding);
  if (!setup.empty()) r.story.push_back(machine_note(setup));
  r.story.emplace_back();
  r.story.emplace_back("cc -Wall THIS.c -o reproducer && ./reproducer");
  r.story.emplace_back("Exit status: 0 as expected, 1 different, 3 cannot run here.");
  r.setup = finding.setup;
  for (const spec::Step& step : finding.sequence) {
    if (r.steps.size() > finding.step) break;
    r.steps.push_back({step.process, step.call, step.expected});
  }
  const bool one_state = finding.views.size() == 1;
  const bool relation = !finding.views.empty() && finding.views[0].system.contains(", ");
  if (!finding.views.empty()) {
    const auto& view = finding.views.front();
    if (!r.steps.empty() && !view.outcome.is_death()) expect_view(r, view, !relation);
    r.held = one_state ? fmt::format("as {} under {}: this kernel breaks the claim too, {}",
                                     view.system, finding.profile, finding.claim)
                       : fmt::format("as expected ({} under {})", view.system, finding.profile);
    r.differed = fmt::format("different from {} under {}", view.system, finding.profile);
  }
  if (finding.claim == "NothingStaysCommitted") {
    r.committed = Committed::kNothingStays;
    r.held = "nothing stays committed here";
    r.differed = fmt::format("not as before: this kernel breaks the claim {}", finding.claim);
  }
  // EnablingKsmChangesNoLayout: the side that differs is the one with KSM on.
  const bool turns_ksm_on = !one_state && finding.views.size() > 1 &&
                            finding.views[1].system.ends_with("KSM on from the start");
  if (turns_ksm_on && !uses_ksm(r.steps)) {
    r.steps.insert(r.steps.begin(), {0, spec::Prctl{.arg2 = 1}, spec::Outcome::ok(0)});
    r.ignore_mergeable = true;
  }
  return c_program(r);
}

}  // namespace vmadiff::reports
