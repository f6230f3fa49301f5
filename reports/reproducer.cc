// reports: the tables of a C reproducer. Long, since each kind of argument is written in its own
// way.
#include "reports/reproducer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "reports/quoting.h"
#include "reports/reproducer_runtime.h"
#include "reports/trace.h"
#include "spec/trace_text.h"

namespace vmadiff::reports {
namespace {

using spec::Address;

/// By how much a mapping that the kernel placed is moved: from the top of the address space, where
/// a process has its libraries and stack, to where none has anything. Keeps huge-page alignment.
constexpr Address kMovedDown = 0x400000000000;
/// Addresses this near to a placed mapping are taken to mean it.
constexpr Address kNear = Address{1} << 20;
/// A break farther from its start than this is a wild address, not a heap.
constexpr Address kHeapMax = Address{1} << 30;

/// An address in the program: as it is, or counted from where the program's own break begins.
struct Place {
  Address value = 0;
  bool from_break = false;
};

/// Where the addresses of the expected run lie in the program.
class Places {
 public:
  explicit Places(const Reproduction& r) : start_brk_(r.setup.start_brk) {
    for (const spec::Step& step : r.sequence) {
      if (const auto range = placed_by_kernel(step)) placed_.push_back(*range);
    }
  }

  /// The range of a mapping that was not put where the call said.
  [[nodiscard]] static std::optional<spec::Range> placed_by_kernel(const spec::Step& step) {
    if (const auto* mremap = std::get_if<spec::Mremap>(&step.call)) {
      if (!step.expected || !step.expected->is_ok()) return std::nullopt;
      const Address to = step.expected->value();
      if (to == mremap->addr || (mremap->flags & spec::kMremapFixed) != 0) return std::nullopt;
      return spec::Range{to, to + spec::page_up(mremap->new_length)};
    }
    const auto* mmap = std::get_if<spec::Mmap>(&step.call);
    if (mmap == nullptr || !step.expected || !step.expected->is_ok()) return std::nullopt;
    const Address at = step.expected->value();
    if ((mmap->flags & (spec::kMapFixed | spec::kMapFixedNoreplace)) != 0 ||
        spec::page_down(mmap->addr) == at) {
      return std::nullopt;
    }
    return spec::Range{at, at + spec::page_up(mmap->length)};
  }

  [[nodiscard]] Place of(Address address) const {
    if (address >= start_brk_ && address < start_brk_ + kHeapMax) {
      return {address - start_brk_, true};
    }
    for (const spec::Range& range : placed_) {
      if (address + kNear >= range.start && address < range.end + kNear && address > kMovedDown) {
        return {address - kMovedDown, false};
      }
    }
    return {address, false};
  }

 private:
  Address start_brk_;
  std::vector<spec::Range> placed_;
};

/// /dev/zero is one file, however often it is opened: the program cannot tell them apart.
std::string backing(spec::FileId file) {
  if (file.cls == spec::FileClass::kZero) file.number = 0;
  return spec::text(file);
}

/// The call's kind, its six arguments, and which of them are counted from the break.
struct CallRow {
  std::string kind;
  std::array<std::uint64_t, 6> arguments{};
  unsigned from_break = 0;
  int file = -1;

  void set(std::size_t index, Place place) {
    arguments[index] = place.value;
    if (place.from_break) from_break |= 1U << index;
  }
};

/// Writes a call's arguments into its row.
class Arguments {
 public:
  Arguments(const Places& places, const std::vector<spec::FileId>& files, CallRow& row)
      : places_(places), files_(files), row_(row) {}
  void range(Address addr, Address length) {
    address(addr);
    add(length);
  }
  void address(Address a) { row_.set(count_++, places_.of(a)); }
  void optional_address(Address a) { address(a); }
  void length(Address l) { add(l); }
  void offset(std::uint64_t o) { add(o); }
  void prot(std::uint64_t p) { add(p); }
  void map_flags(std::uint64_t f) { add(f); }
  void file(spec::FileId f) {
    const auto at = std::ranges::find(files_, f);
    if (at != files_.end()) row_.file = static_cast<int>(at - files_.begin());
    add(0);
  }
  void access(spec::Access a) { add(a == spec::Access::kWrite ? 1 : 0); }
  void bits(std::uint64_t value, std::span<const spec::FlagName> /*names*/) { add(value); }
  void choice(auto value, std::span<const spec::FlagName> /*names*/) {
    add(static_cast<std::uint64_t>(value));
  }
  void number(std::uint64_t n) { add(n); }
  void optional_number(std::uint64_t n) { add(n); }
  void unused(std::uint64_t n) { add(n); }

 private:
  void add(std::uint64_t value) { row_.arguments.at(count_++) = value; }
  const Places& places_;
  const std::vector<spec::FileId>& files_;
  CallRow& row_;
  std::size_t count_ = 0;
};

/// The call's name in capitals: the program's kind of it.
std::string kind_of(const spec::Syscall& call) {
  std::string out{spec::name(call)};
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

CallRow row_of(const Places& places, const spec::Step& step,
               const std::vector<spec::FileId>& files) {
  CallRow row{.kind = kind_of(step.call)};
  Arguments arguments{places, files, row};
  visit_fields(step.call, arguments);
  if (const auto placed = Places::placed_by_kernel(step)) {
    if (std::holds_alternative<spec::Mremap>(step.call)) {
      constexpr std::size_t kFlags = 3;
      constexpr std::size_t kNewAddress = 4;
      row.arguments[kFlags] |= spec::kMremapFixed;
      row.set(kNewAddress, places.of(placed->start));
    } else {
      row.set(0, places.of(placed->start));
    }
  }
  return row;
}

std::string call_line(const CallRow& row, const spec::Step& step, const Places& places) {
  std::string arguments;
  for (const auto argument : row.arguments) {
    arguments += fmt::format("{}{:#x}", arguments.empty() ? "" : ", ", argument);
  }
  std::string expected = "ANY, 0, 0";
  if (step.expected && step.expected->is_error()) {
    expected = fmt::format("FAILS, 0, {}", static_cast<unsigned>(step.expected->error()));
  } else if (step.expected && step.expected->is_ok()) {
    const bool is_address = std::holds_alternative<spec::Mmap>(step.call) ||
                            std::holds_alternative<spec::Brk>(step.call) ||
                            std::holds_alternative<spec::Mremap>(step.call);
    const Place place =
        is_address ? places.of(step.expected->value()) : Place{step.expected->value(), false};
    expected = fmt::format("{}, {:#x}, 0", place.from_break ? "IS_FROM_BREAK" : "IS", place.value);
  }
  return fmt::format("  {{{}, {{{}}}, {:#x}, {}, {}, {}}},\n", row.kind, arguments, row.from_break,
                     row.file, expected, c_string(spec::text(step.call)));
}

std::vector<spec::FileId> files_of(const spec::Sequence& sequence) {
  std::vector<spec::FileId> files;
  for (const spec::Step& step : sequence) {
    const auto* mmap = std::get_if<spec::Mmap>(&step.call);
    if (mmap == nullptr || mmap->file.is_none()) continue;
    if (std::ranges::find(files, mmap->file) == files.end()) files.push_back(mmap->file);
  }
  return files;
}

std::string files_table(const std::vector<spec::FileId>& files) {
  constexpr std::array<std::string_view, spec::kFileClassCount> kKinds{
      "IMPOSSIBLE", "MEMFD",      "REGULAR",     "READ_ONLY",  "ZERO",       "HUGETLB",
      "IMPOSSIBLE", "IMPOSSIBLE", "NULL_DEVICE", "IMPOSSIBLE", "IMPOSSIBLE", "IMPOSSIBLE"};
  std::string out = "static struct file files[] = {\n";
  for (const spec::FileId file : files) {
    out += fmt::format("  {{{}, {}, -1, 0, 0}},\n", kKinds[static_cast<std::size_t>(file.cls)],
                       c_string(backing(file)));
  }
  return out + "  {NO_FILE, \"\", -1, 0, 0},\n};\n\n";
}

/// A half-open range in the program.
std::string span(Place start, Address size) {
  return fmt::format("{:#x}, {:#x}, {}", start.value, start.value + size, start.from_break ? 1 : 0);
}

std::string layout_table(const Reproduction& r, const Places& places) {
  std::string out = "static const struct mapping expected[] = {\n";
  for (const spec::Vma& vma : r.expected.vmas) {
    if (vma.file.cls == spec::FileClass::kOther) continue;
    const auto offset = vma.file.is_none() ? 0 : vma.pgoff << spec::kPageShift;
    const auto flags = r.ignore_mergeable ? vma.flags & ~spec::kVmMergeable : vma.flags;
    out += fmt::format("  {{{}, {}, {:#x}, {}, {}}},\n",
                       span(places.of(vma.start), vma.range().size()),
                       c_string(spec::permissions_text(vma.flags)), offset,
                       c_string(backing(vma.file)), c_string(spec::vm_flags_text(flags)));
  }
  return out + "  {0, 0, 0, \"\", 0, \"\", \"\"},\n};\n\n";
}

/// Everything that a call of the sequence maps: what lies outside is not the sequence's.
std::string footprint_table(const Reproduction& r, const Places& places) {
  std::string out = "static const struct span footprint[] = {\n";
  Address heap_end = r.setup.start_brk;
  for (const spec::Step& step : r.sequence) {
    if (!step.expected || !step.expected->is_ok()) continue;
    if (const auto* mmap = std::get_if<spec::Mmap>(&step.call)) {
      const bool huge =
          mmap->file.cls == spec::FileClass::kHugetlb && (mmap->flags & spec::kMapAnonymous) == 0;
      const Address unit = huge ? spec::kHugePageSize : spec::kPageSize;
      const Address size = (mmap->length + unit - 1) & ~(unit - 1);
      out += fmt::format("  {{{}}},\n", span(places.of(step.expected->value()), size));
    } else if (const auto* mremap = std::get_if<spec::Mremap>(&step.call)) {
      const Address size = spec::page_up(mremap->new_length);
      out += fmt::format("  {{{}}},\n", span(places.of(step.expected->value()), size));
    } else if (const auto* touch = std::get_if<spec::Touch>(&step.call)) {
      // It may have made a stack grow.
      const Address start = spec::page_down(touch->addr);
      const Address end = spec::page_up(touch->addr + touch->length);
      out += fmt::format("  {{{}}},\n", span(places.of(start), end - start));
    } else if (std::holds_alternative<spec::Brk>(step.call)) {
      heap_end = std::max(heap_end, spec::page_up(step.expected->value()));
    }
  }
  if (heap_end > r.setup.start_brk) {
    out += fmt::format("  {{{}}},\n", span({0, true}, heap_end - r.setup.start_brk));
  }
  return out + "  {0, 0, 0},\n};\n\n";
}

bool uses_ksm(const spec::Sequence& sequence) {
  return std::ranges::any_of(sequence, [](const spec::Step& step) {
    const auto* madvise = std::get_if<spec::Madvise>(&step.call);
    return std::holds_alternative<spec::Prctl>(step.call) ||
           (madvise != nullptr &&
            (madvise->advice == spec::kMadvMergeable || madvise->advice == spec::kMadvUnmergeable));
  });
}

std::string comment(const std::vector<std::string>& lines) {
  std::string out = "/*\n";
  for (const std::string& line : lines) {
    out += line.empty() ? " *\n" : fmt::format(" * {}\n", c_comment_line(line));
  }
  return out + " */\n";
}

}  // namespace

std::string machine_note(std::string_view setup) {
  return fmt::format("It needs a machine with {}, which this program cannot arrange.", setup);
}

std::string c_program(const Reproduction& r) {
  const Places places{r};
  const auto files = files_of(r.sequence);
  std::string out = comment(r.story);
  out += reproducer_prologue();
  out += fmt::format("static const char HELD[] = {};\nstatic const char DIFFERED[] = {};\n",
                     c_string(r.held), c_string(r.differed));
  out += fmt::format(
      "enum {{ USES_KSM = {}, IGNORES_MERGEABLE = {}, LOOKS_AT_COMMITTED = {}, MEMLOCK_LIMIT = {} "
      "}};\n\n",
      uses_ksm(r.sequence) ? 1 : 0, r.ignore_mergeable ? 1 : 0, r.looks_at_committed ? 1 : 0,
      std::min<std::uint64_t>(r.setup.limits.memlock, 1U << 30));
  out += files_table(files);
  out += "static const struct call calls[] = {\n";
  for (const spec::Step& step : r.sequence) {
    out += call_line(row_of(places, step, files), step, places);
  }
  out += "  {END, {0}, 0, -1, ANY, 0, 0, \"\"},\n};\n\n";
  out += layout_table(r, places);
  out += footprint_table(r, places);
  out += reproducer_runtime();
  return out;
}

std::string c_reproducer(const properties::Finding& finding) {
  Reproduction r;
  r.story = {fmt::format("vmadiff: {}", finding.claim)};
  for (auto& line : wrapped(finding.explanation, 90)) r.story.push_back(std::move(line));
  r.story.push_back(fmt::format("Profile {}; seeds: {}.", finding.profile, seeds_text(finding)));
  const auto setup = setup_directive(finding);
  if (!setup.empty()) r.story.push_back(machine_note(setup));
  r.story.emplace_back();
  r.story.emplace_back("cc -Wall THIS.c -o reproducer && ./reproducer");
  r.story.emplace_back("Exit status: 0 as expected, 1 different, 3 cannot run here.");
  r.setup = finding.setup;
  r.sequence = finding.sequence;
  if (finding.step + 1 < r.sequence.size()) r.sequence.resize(finding.step + 1);
  const bool one_state = finding.views.size() == 1;
  if (!finding.views.empty()) {
    const auto& view = finding.views.front();
    r.expected = view.snapshot;
    if (!r.sequence.empty() && !view.outcome.is_death()) r.sequence.back().expected = view.outcome;
    r.held = one_state ? fmt::format("as {} under {}: this kernel breaks the claim too, {}",
                                     view.system, finding.profile, finding.claim)
                       : fmt::format("as expected ({} under {})", view.system, finding.profile);
    r.differed = fmt::format("different from {} under {}", view.system, finding.profile);
  }
  if (finding.claim == "NothingStaysCommitted") {
    r.looks_at_committed = true;
    r.held = "nothing stays committed here";
    r.differed = fmt::format("not as before: this kernel breaks the claim {}", finding.claim);
  }
  // EnablingKsmChangesNoLayout: the side that differs is the one with KSM on.
  const bool turns_ksm_on = !one_state && finding.views.size() > 1 &&
                            finding.views[1].system.ends_with("KSM on from the start");
  if (turns_ksm_on && !uses_ksm(r.sequence)) {
    r.sequence.insert(
        r.sequence.begin(),
        spec::Step{.process = 0, .call = spec::Prctl{.arg2 = 1}, .expected = spec::Outcome::ok(0)});
    r.ignore_mergeable = true;
  }
  return c_program(r);
}

}  // namespace vmadiff::reports
