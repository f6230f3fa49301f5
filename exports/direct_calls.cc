// exports: calls as lines of C. Arguments are written as trace text writes them, which is C where
// the names are known.
#include "exports/direct_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "reports/quoting.h"
#include "reports/trace.h"
#include "spec/trace_names.h"
#include "spec/trace_text.h"

// VMADIFF_DIRECT is the C file; the build makes this one anew when it changes.
asm(R"(
  .pushsection .rodata.vmadiff_direct, "a"
  .globl vmadiff_direct_begin, vmadiff_direct_end
vmadiff_direct_begin:
  .incbin ")" VMADIFF_DIRECT R"("
vmadiff_direct_end:
  .popsection
)");

extern "C" {
extern const char vmadiff_direct_begin[];
extern const char vmadiff_direct_end[];
}

namespace vmadiff::exports {
namespace {

using reports::ReproducedStep;
using reports::Reproduction;
using spec::Address;
using spec::FileClass;

/// Where no program has anything: above a low executable and its heap, below where others are.
constexpr spec::Range kFree{.start = 0x1000000000, .end = 0x540000000000};

std::string hex(std::uint64_t value) {
  return value < 10 ? fmt::format("{}", value) : fmt::format("{:#x}", value);
}

/// Writes a call's arguments, and notes the names that it uses.
class Arguments {
 public:
  void range(Address addr, Address length) {
    add(hex(addr));
    add(hex(length));
  }
  void address(Address a) { add(hex(a)); }
  void optional_address(Address a) { add(hex(a)); }
  void length(Address l) { add(hex(l)); }
  void offset(std::uint64_t o) { add(hex(o)); }
  void prot(std::uint64_t p) { flags(p, spec::prot_names(), "PROT_NONE"); }
  void map_flags(std::uint64_t f) {
    const std::uint64_t type = f & spec::kMapType;
    const auto name = std::ranges::find(spec::kMapTypeNames, type, &spec::FlagName::bits);
    std::string shown = name == spec::kMapTypeNames.end() ? hex(type) : std::string{name->name};
    if (name != spec::kMapTypeNames.end()) used[std::string{name->name}] = type;
    const auto rest = f & ~spec::kMapType;
    if (rest != 0) shown += " | " + joined(rest, spec::map_flag_names());
    add(shown);
  }
  void file(spec::FileId f) {
    if (f.is_none()) return add("-1");
    auto name = spec::text(f);
    std::ranges::replace(name, ':', '_');
    std::ranges::replace(name, '-', '_');
    add("(unsigned long)" + name);
    files.insert({name, f});
  }
  void access(spec::Access a) { add(a == spec::Access::kWrite ? "WRITE" : "READ"); }
  void bits(std::uint64_t value, std::span<const spec::FlagName> names) {
    flags(value, names, "0");
  }
  void choice(auto value, std::span<const spec::FlagName> names) {
    const auto wide = static_cast<std::uint64_t>(value);
    const auto name = std::ranges::find(names, wide, &spec::FlagName::bits);
    if (name == names.end())
      return add(static_cast<std::int64_t>(value) < 0
                     ? fmt::format("{}", static_cast<std::int64_t>(value))
                     : hex(wide));
    used[std::string{name->name}] = wide;
    add(std::string{name->name});
  }
  void number(std::uint64_t n) { add(hex(n)); }
  void optional_number(std::uint64_t n) { add(hex(n)); }
  void unused(std::uint64_t n) { add(hex(n)); }
  void vma_name(spec::VmaName n) { add("(unsigned long)" + spec::argument_text(n)); }

  std::string text;
  std::map<std::string, std::uint64_t> used;
  std::map<std::string, spec::FileId> files;

 private:
  void add(const std::string& argument) { text += (text.empty() ? "" : ", ") + argument; }
  std::string joined(std::uint64_t value, std::span<const spec::FlagName> names) {
    std::string out;
    for (const auto& [bits, name] : names) {
      if ((value & bits) != bits) continue;
      out += fmt::format("{}{}", out.empty() ? "" : " | ", name);
      used[std::string{name}] = bits;
      value &= ~bits;
    }
    if (value != 0) out += fmt::format("{}{:#x}", out.empty() ? "" : " | ", value);
    return out;
  }
  void flags(std::uint64_t value, std::span<const spec::FlagName> names, std::string_view none) {
    add(value == 0 ? std::string{none} : joined(value, names));
  }
};

bool changes_nothing(const ReproducedStep& step) {
  return step.expected && step.expected->is_error() &&
         step.expected->error() == spec::Errno::kEINVAL;
}

/// Whether the mapping went, or may go, where the kernel put it.
bool is_placed(const ReproducedStep& step) {
  if (const auto* mmap = std::get_if<spec::Mmap>(&step.call)) {
    if ((mmap->flags & (spec::kMapFixed | spec::kMapFixedNoreplace)) != 0) return false;
    if (!step.expected) return true;
    if (step.expected->is_error()) return step.expected->error() == spec::Errno::kENOMEM;
    return step.expected->value() != spec::page_down(mmap->addr);
  }
  if (const auto* mremap = std::get_if<spec::Mremap>(&step.call)) {
    if ((mremap->flags & spec::kMremapFixed) != 0) return false;
    if (!step.expected) return true;
    return step.expected->is_ok() && step.expected->value() != mremap->addr;
  }
  return false;
}

/// Why a test cannot make the call itself; nothing where it can.
std::optional<std::string> why_not(const ReproducedStep& step) {
  const auto& call = step.call;
  if (step.process != 0 || std::holds_alternative<spec::Fork>(call) ||
      std::holds_alternative<spec::Exec>(call) || std::holds_alternative<spec::Exit>(call))
    return "it takes more than one process, or an exec";
  if (std::holds_alternative<spec::Brk>(call)) return "the break is the C library's";
  if (std::holds_alternative<spec::Setrlimit>(call)) return "the limit is the test's own, too";
  if (std::holds_alternative<spec::Mlockall>(call) ||
      std::holds_alternative<spec::Munlockall>(call))
    return "it is of the test's own memory, too";
  if (const auto* open = std::get_if<spec::UffdOpen>(&call);
      open != nullptr && (open->features & (spec::kUffdEventFork | spec::kUffdEventRemap)) != 0)
    return "somebody else has to read of a userfaultfd's events";
  const auto* watch = std::get_if<spec::UffdRegister>(&call);
  const bool waits =
      watch != nullptr && (watch->mode & (spec::kUffdModeMissing | spec::kUffdModeMinor)) != 0;
  if (waits || std::holds_alternative<spec::UffdWriteprotect>(call) ||
      std::holds_alternative<spec::UffdRwprotect>(call))
    return "somebody else has to resolve a userfaultfd's faults";
  const auto* prctl = std::get_if<spec::Prctl>(&call);
  if (prctl != nullptr && prctl->option == spec::kPrSetMdwe)
    return "MDWE would be the test's own, for good";
  if (prctl != nullptr &&
      (prctl->option == spec::kPrSetThpDisable || prctl->option == spec::kPrGetThpDisable))
    return "huge pages are the test's own matter";
  if (is_placed(step)) return "where it goes depends on what else is mapped";
  const auto* mmap = std::get_if<spec::Mmap>(&call);
  if (mmap != nullptr && (mmap->flags & spec::kMapAnonymous) == 0) {
    switch (mmap->file.cls) {
      case FileClass::kPfnmap:
      case FileClass::kPreparedPfnmap:
      case FileClass::kTwoHooks:
      case FileClass::kLegacyFile:
        return fmt::format("{} is a file that the test has not", spec::text(mmap->file));
      default:
        break;
    }
  }
  const bool locks = spec::name(call).starts_with("mlock") ||
                     (mmap != nullptr && (mmap->flags & spec::kMapLocked) != 0);
  if (locks && (!step.expected || (step.expected->is_error() && !changes_nothing(step))))
    return "it depends on the limit of locked memory";
  if (changes_nothing(step)) return std::nullopt;
  const auto [first, second] = spec::named_ranges(call);
  for (const auto& range : {first, second}) {
    if (range && range->size() != 0 && (range->start < kFree.start || range->end > kFree.end))
      return "it is of addresses where a program may have something";
  }
  return std::nullopt;
}

/// Names that headers may lack, with their values.
std::string definitions_of(const std::map<std::string, std::uint64_t>& used) {
  std::string out;
  for (const auto& [name, value] : used) {
    // Those of uffd_register are the test's own.
    if (name == "WP" || name == "RWP") continue;
    out += fmt::format("#ifndef {0}\n#define {0} {1:#x}\n#endif\n", name, value);
  }
  return out;
}

std::string opener_of(spec::FileId file) {
  switch (file.cls) {
    case FileClass::kMemfd:
      return file.number == spec::kNoexecMemfd ? "open_memfd(8u /* MFD_NOEXEC_SEAL */)"
                                               : "open_memfd(0x10u /* MFD_EXEC */)";
    case FileClass::kFile:
      return "open_regular(O_RDWR)";
    case FileClass::kFileReadOnly:
      return "open_regular(O_RDONLY)";
    case FileClass::kZero:
      return "open(\"/dev/zero\", O_RDWR)";
    case FileClass::kHugetlb:
      return "(int)syscall(SYS_memfd_create, \"vmadiff\", 4u | 21u << 26)";
    default:
      return "open(\"/dev/null\", O_RDWR)";
  }
}

std::string wanted_of(const ReproducedStep& step) {
  if (!step.expected) return {};
  if (step.expected->is_ok()) return hex(step.expected->value());
  const auto error = step.expected->error();
  if (error == spec::Errno::kSIGSEGV || error == spec::Errno::kSIGBUS)
    return std::string{spec::name(error)};
  return fmt::format("-{}", spec::name(error));
}

/// The rows of a table of areas, which shows less of a VMA than there is.
std::string area_rows(const std::vector<spec::Vma>& vmas) {
  std::string out;
  for (const spec::Vma& vma : vmas) {
    const auto offset = vma.file.is_none() ? 0 : vma.pgoff << spec::kPageShift;
    out += fmt::format("\t{{ {:#x}, {:#x}, {:#x}, \"{}\" }},\n", vma.start, vma.end, offset,
                       spec::permissions_text(vma.flags));
  }
  return out;
}

void widen(spec::Range& arena, const spec::Range& range) {
  if (range.size() == 0) return;
  arena.start = arena.end == 0 ? range.start : std::min(arena.start, range.start);
  arena.end = std::max(arena.end, range.end);
}

spec::Range arena_of(const Reproduction& r) {
  spec::Range arena;
  for (const ReproducedStep& step : r.steps) {
    if (changes_nothing(step)) continue;
    const auto [first, second] = spec::named_ranges(step.call);
    if (first) widen(arena, *first);
    if (second) widen(arena, *second);
  }
  for (const auto& layout : r.layouts) {
    for (const spec::Vma& vma : layout) widen(arena, vma.range());
  }
  return arena;
}

}  // namespace

std::expected<DirectCalls, std::string> direct_calls(const Reproduction& r) {
  if (r.committed != reports::Committed::kNotAsked)
    return std::unexpected("it is about what stays committed, which such a test does not ask");
  if (!r.own_setup.empty())
    return std::unexpected(fmt::format("it begins on a machine with {}", r.own_setup));
  for (std::size_t i = 0; i < r.steps.size(); ++i) {
    if (const auto why = why_not(r.steps[i]))
      return std::unexpected(
          fmt::format("call {}, {}: {}", i + 1, spec::text(r.steps[i].call), *why));
  }
  DirectCalls out;
  out.arena = arena_of(r);
  out.ksm = uses_ksm(r.steps);
  Arguments all;
  std::map<std::string, std::string> areas;  // rows -> the name of their table
  std::optional<std::size_t> shown;
  const auto look = [&](std::size_t layout) {
    const auto& vmas = r.layouts[layout];
    const auto rows = area_rows(vmas);
    const auto [at, is_new] =
        areas.try_emplace(rows, rows.empty() ? "NULL" : fmt::format("layout_{}", areas.size()));
    if (is_new && !rows.empty()) {
      out.layouts += fmt::format("\nstatic const struct area {}[] = {{\n{}}};\n", at->second, rows);
    }
    out.lines.push_back({{}, {}, at->second, vmas.size()});
    shown = layout;
  };
  for (const ReproducedStep& step : r.steps) {
    all.text.clear();
    visit_fields(step.call, all);
    out.lines.push_back(
        {fmt::format("do_{}({})", spec::name(step.call), all.text), wanted_of(step), {}, 0});
    if (step.layout && step.layout != shown) look(*step.layout);
  }
  if (!r.ends.empty() && shown != r.ends.front().layout) look(r.ends.front().layout);
  std::string files;
  for (const auto& [name, file] : all.files) {
    files += fmt::format("static int {} = -1;\n", name);
    out.opening += fmt::format("\t{} = {};\n", name, opener_of(file));
    out.files.push_back(name);
    out.hugetlb = out.hugetlb || file.cls == FileClass::kHugetlb;
  }
  out.names = definitions_of(all.used) + files;
  return out;
}

std::string direct_runtime() { return {vmadiff_direct_begin, vmadiff_direct_end}; }

std::string kernel_comment(const Reproduction& r) {
  std::string out = "/*\n";
  for (const std::string& line : r.story) {
    if (line.empty()) out += " *\n";
    for (const auto& part : reports::wrapped(line, 76)) {
      if (!part.empty()) out += fmt::format(" * {}\n", reports::c_comment_line(part));
    }
  }
  return out + " */\n";
}

std::string wrapped_call(std::string_view text) {
  constexpr std::size_t kColumns = 80;
  constexpr std::size_t kTab = 8;
  std::string out = "\t";
  std::size_t column = kTab;
  while (column + text.size() > kColumns) {
    auto cut = text.rfind(", ", kColumns - column);
    if (cut == std::string_view::npos || cut == 0) cut = text.find(", ");
    if (cut == std::string_view::npos) break;
    out += fmt::format("{}\n\t\t", text.substr(0, cut + 1));
    text.remove_prefix(cut + 2);
    column = 2 * kTab;
  }
  return fmt::format("{}{}\n", out, text);
}

}  // namespace vmadiff::exports
