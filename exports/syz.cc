// exports: a trace as a program of syzkaller. Its arguments of memory are pages of one area of
// 16 MiB, which its executor has mapped before: the program takes that away first.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "exports/exports.h"
#include "spec/trace_text.h"

namespace vmadiff::exports {
namespace {

using reports::ReproducedStep;
using reports::Reproduction;
using spec::Address;

/// How addresses are written, wherever the area lies.
constexpr Address kArea = 0x7f0000000000;
constexpr Address kAreaSize = Address{16} << 20;
/// Its last pages are for what calls take by address.
constexpr Address kRoom = kAreaSize - 4 * spec::kPageSize;
constexpr std::string_view kNoFile = "0xffffffffffffffff";

/// The calls of a form are several functions of one writer.
class Writer {
 public:
  explicit Writer(const Reproduction& r) : r_(r) {}

  Written write() {
    if (auto why = find_area()) return std::unexpected(*std::move(why));
    for (const std::string& line : r_.story) out_ += line.empty() ? "#\n" : "# " + line + "\n";
    out_ += "# Nothing is asserted; what was expected stands above each call.\n";
    open_files();
    out_ += fmt::format("munmap({}, {:#x})\n", pages(first_, size_), size_);
    for (std::size_t i = 0; i < r_.steps.size(); ++i) {
      const auto& step = r_.steps[i];
      out_ += fmt::format("# {}\n", spec::text(spec::Step{0, step.call, step.expected}));
      const auto line =
          std::visit([this](const auto& call) { return this->line(call); }, step.call);
      if (line.empty())
        return std::unexpected(fmt::format("call {}, {}: {}", i + 1, spec::text(step.call), why_));
      out_ += line + "\n";
    }
    return out_;
  }

 private:
  std::string refuse(std::string_view why) {
    why_ = why;
    return {};
  }

  /// Where the pages of the trace lie; why they cannot be in the area.
  std::optional<std::string> find_area() {
    Address end = 0;
    first_ = ~Address{0};
    for (const ReproducedStep& step : r_.steps) {
      const auto [first, second] = spec::named_ranges(step.call);
      for (const auto& range : {first, second}) {
        if (!range || range->size() == 0) continue;
        first_ = std::min(first_, range->start);
        end = std::max(end, range->end);
      }
    }
    for (const auto& layout : r_.layouts) {
      for (const spec::Vma& vma : layout) {
        first_ = std::min(first_, vma.start);
        end = std::max(end, vma.end);
      }
    }
    if (end == 0) first_ = 0;
    size_ = std::max(end - first_, spec::kPageSize);
    if (end != 0 && size_ > kRoom)
      return fmt::format("its calls span {} MiB, and a program of syzkaller has 16", size_ >> 20);
    if (!r_.own_setup.empty()) return fmt::format("it begins on a machine with {}", r_.own_setup);
    return std::nullopt;
  }

  [[nodiscard]] std::string pages(Address addr, Address length) const {
    return fmt::format("&({:#x}/{:#x})=nil", kArea + (addr - first_),
                       std::max(spec::page_up(length), spec::kPageSize));
  }
  /// Memory that a call takes by address, with its content.
  std::string room(std::string_view content) {
    return fmt::format("&({:#x})={}", kArea + kRoom, content);
  }

  /// The file that the call names, if it does.
  static spec::FileId file_of(const spec::Syscall& call) {
    if (const auto* mmap = std::get_if<spec::Mmap>(&call)) return mmap->file;
    if (const auto* seals = std::get_if<spec::AddSeals>(&call)) return seals->file;
    return {};
  }

  void open_files() {
    for (const ReproducedStep& step : r_.steps) {
      const spec::FileId file = file_of(step.call);
      const auto name = spec::text(file);
      if (file.is_none() || files_.contains(name)) continue;
      const auto number = next_++;
      const auto opened = opener(file);
      if (opened.empty()) {
        files_[name] = "";
        continue;
      }
      files_[name] = fmt::format("r{}", number);
      out_ += fmt::format("r{} = {}\n", number, opened);
      const bool has_size =
          file.cls == spec::FileClass::kMemfd || file.cls == spec::FileClass::kFile;
      if (has_size) {
        out_ += fmt::format("ftruncate(r{}, {:#x})\n", number,
                            spec::kFileSizePages << spec::kPageShift);
      }
    }
  }
  std::string opener(spec::FileId file) {
    constexpr std::string_view kHere = "0xffffffffffffff9c";
    switch (file.cls) {
      case spec::FileClass::kMemfd:
        // That may be sealed; and MFD_NOEXEC_SEAL.
        return fmt::format("memfd_create({}, {})", room("'vmadiff\\x00'"),
                           file.number == spec::kNoexecMemfd ? "0xa" : "0x2");
      case spec::FileClass::kHugetlb:
        return fmt::format("memfd_create({}, 0x4)", room("'vmadiff\\x00'"));
      case spec::FileClass::kFile:
        return fmt::format("open({}, 0x42, 0x180)", room("'./file0\\x00'"));
      case spec::FileClass::kZero:
        return fmt::format("openat$zero({}, {}, 0x2, 0x0)", kHere, room("'/dev/zero\\x00'"));
      case spec::FileClass::kUnmappable:
        return fmt::format("openat$null({}, {}, 0x2, 0x0)", kHere, room("'/dev/null\\x00'"));
      default:
        return {};
    }
  }

  std::string line(const spec::Mmap& c) {
    const bool fixed = (c.flags & (spec::kMapFixed | spec::kMapFixedNoreplace)) != 0;
    if (!fixed)
      return refuse("the kernel places it, and syzkaller names the pages of each mapping");
    if (!spec::is_page_aligned(c.addr)) return refuse(kUnaligned);
    std::string file{kNoFile};
    if (!c.file.is_none()) file = files_[spec::text(c.file)];
    if (file.empty()) return refuse("there is no such file in syzkaller's descriptions");
    return fmt::format("mmap({}, {:#x}, {:#x}, {:#x}, {}, {:#x})", pages(c.addr, c.length),
                       c.length, c.prot, c.flags, file, c.offset);
  }
  std::string of_range(std::string_view name, Address addr, Address length,
                       std::initializer_list<std::uint64_t> more) {
    if (!spec::is_page_aligned(addr)) return refuse(kUnaligned);
    std::string out = fmt::format("{}({}, {:#x}", name, pages(addr, length), length);
    for (const auto value : more) out += fmt::format(", {:#x}", value);
    return out + ")";
  }
  std::string line(const spec::Munmap& c) { return of_range("munmap", c.addr, c.length, {}); }
  std::string line(const spec::Mprotect& c) {
    return of_range("mprotect", c.addr, c.length, {c.prot});
  }
  std::string line(const spec::Brk& /*c*/) { return refuse("there is no brk in syzkaller"); }
  std::string line(const spec::Madvise& c) {
    return of_range("madvise", c.addr, c.length, {static_cast<std::uint32_t>(c.advice)});
  }
  std::string line(const spec::Prctl& c) {
    return fmt::format("prctl$intptr({:#x}, {:#x})", c.option, c.arg2);
  }
  /// Populating faults as an access does, and says an errno where that raises a signal.
  std::string line(const spec::Touch& c) {
    const auto start = spec::page_down(c.addr);
    const auto length = spec::page_up(c.addr + c.length) - start;
    const bool writes = c.access == spec::Access::kWrite;
    return of_range(
        "madvise", start, length,
        {static_cast<std::uint64_t>(writes ? spec::kMadvPopulateWrite : spec::kMadvPopulateRead)});
  }
  std::string line(const spec::Mremap& c) {
    const bool takes_place = (c.flags & (spec::kMremapFixed | spec::kMremapDontunmap)) != 0;
    if (!spec::is_page_aligned(c.addr) || (takes_place && !spec::is_page_aligned(c.new_addr)))
      return refuse(kUnaligned);
    // The new address is an argument in any case, and must be in the area.
    const Address to = takes_place && c.new_addr >= first_ ? c.new_addr : c.addr;
    return fmt::format("mremap({}, {:#x}, {:#x}, {:#x}, {})", pages(c.addr, c.length), c.length,
                       c.new_length, c.flags, pages(to, c.new_length));
  }
  std::string line(const spec::Mlock& c) { return of_range("mlock", c.addr, c.length, {}); }
  std::string line(const spec::Mlock2& c) {
    return of_range("mlock2", c.addr, c.length, {c.flags});
  }
  std::string line(const spec::Munlock& c) { return of_range("munlock", c.addr, c.length, {}); }
  std::string line(const spec::Mlockall& c) { return fmt::format("mlockall({:#x})", c.flags); }
  std::string line(const spec::Munlockall& /*c*/) { return "munlockall()"; }
  std::string line(const spec::Mseal& c) { return of_range("mseal", c.addr, c.length, {c.flags}); }
  std::string line(const spec::PkeyMprotect& c) {
    return of_range("pkey_mprotect", c.addr, c.length,
                    {c.prot, static_cast<std::uint64_t>(std::int64_t{c.pkey})});
  }
  std::string line(const spec::RemapFilePages& c) {
    return of_range("remap_file_pages", c.addr, c.length, {c.prot, c.pgoff, c.flags});
  }
  std::string line(const spec::Setrlimit& /*c*/) {
    return refuse("the limit would be syzkaller's own, too");
  }
  std::string line(const spec::Fork& /*c*/) { return refuse(kProcesses); }
  std::string line(const spec::Exec& /*c*/) { return refuse(kProcesses); }
  std::string line(const spec::Exit& /*c*/) { return refuse(kProcesses); }
  /// The resource of the number, made where there is none.
  std::string userfaultfd(std::uint64_t number) {
    auto& name = userfaultfds_[number];
    if (name.empty()) out_ += made_userfaultfd(number, 0) + "\n";
    return name;
  }
  std::string made_userfaultfd(std::uint64_t number, std::uint64_t features) {
    auto& name = userfaultfds_[number];
    name = fmt::format("r{}", next_++);
    out_ += fmt::format("{} = userfaultfd(0x80801)\n", name);
    return api(name, features);
  }
  std::string api(std::string_view file, std::uint64_t features) {
    return fmt::format("ioctl$UFFDIO_API({}, 0xc018aa3f, {})", file,
                       room(features == 0 ? "{0xaa}" : fmt::format("{{0xaa, {:#x}}}", features)));
  }
  std::string line(const spec::UffdRegister& c) {
    if (!spec::is_page_aligned(c.addr)) return refuse(kUnaligned);
    if (c.userfaultfd >= spec::kUserfaultfdCount) return refuse(kNoNumber);
    if ((c.mode & (spec::kUffdModeMissing | spec::kUffdModeMinor)) != 0) return refuse(kNoReader);
    const auto file = userfaultfd(c.userfaultfd);
    return fmt::format(
        "ioctl$UFFDIO_REGISTER({}, 0xc020aa00, {})", file,
        room(fmt::format("{{{{{}, {:#x}}}, {:#x}}}", pages(c.addr, c.length), c.length, c.mode)));
  }
  std::string line(const spec::UffdUnregister& c) {
    if (!spec::is_page_aligned(c.addr)) return refuse(kUnaligned);
    if (c.userfaultfd >= spec::kUserfaultfdCount) return refuse(kNoNumber);
    const auto file = userfaultfd(c.userfaultfd);
    return fmt::format("ioctl$UFFDIO_UNREGISTER({}, 0x8010aa01, {})", file,
                       room(fmt::format("{{{}, {:#x}}}", pages(c.addr, c.length), c.length)));
  }
  std::string line(const spec::UffdWriteprotect& /*c*/) { return refuse(kNoReader); }
  std::string line(const spec::UffdRwprotect& /*c*/) { return refuse(kNoReader); }
  std::string line(const spec::UffdOpen& c) {
    if (c.userfaultfd >= spec::kUserfaultfdCount) return refuse(kNoNumber);
    if ((c.features & (spec::kUffdEventFork | spec::kUffdEventRemap)) != 0)
      return refuse(kNoReader);
    const auto open = userfaultfds_.find(c.userfaultfd);
    return open != userfaultfds_.end() ? api(open->second, c.features)
                                       : made_userfaultfd(c.userfaultfd, c.features);
  }
  std::string line(const spec::UffdClose& c) {
    const auto found = userfaultfds_.find(c.userfaultfd);
    if (found == userfaultfds_.end()) return refuse(kNoNumber);
    auto out = fmt::format("close({})", found->second);
    userfaultfds_.erase(found);
    return out;
  }
  std::string line(const spec::Mbind& c) {
    if (!spec::is_page_aligned(c.addr)) return refuse(kUnaligned);
    return fmt::format("mbind({}, {:#x}, {:#x}, {}, 0x41, {:#x})", pages(c.addr, c.length),
                       c.length, c.mode | c.mode_flags, room(fmt::format("{:#x}", c.nodes)),
                       c.flags);
  }
  std::string line(const spec::SetMempolicy& c) {
    return fmt::format("set_mempolicy({:#x}, {}, 0x41)", c.mode | c.mode_flags,
                       room(fmt::format("{:#x}", c.nodes)));
  }

  std::string line(const spec::SetVmaName& c) {
    if (!spec::is_page_aligned(c.addr)) return refuse(kUnaligned);
    auto name = std::string{"0x0"};
    if (c.name.is_unreadable()) name = "0xffffffffffffffff";
    if (!c.name.is_none() && !c.name.is_unreadable()) {
      std::string text;
      for (const char byte : c.name.text()) {
        const auto code = static_cast<unsigned char>(byte);
        const bool is_plain = code >= 0x20 && code < 0x7f && byte != '\'' && byte != '\\';
        text += is_plain ? std::string(1, byte) : fmt::format("\\x{:02x}", code);
      }
      name = room(fmt::format("'{}\\x00'", text));
    }
    return fmt::format("prctl$PR_SET_VMA({:#x}, {:#x}, {}, {:#x}, {})", spec::kPrSetVma,
                       spec::kPrSetVmaAnonName, pages(c.addr, c.length), c.length, name);
  }
  std::string line(const spec::Msync& c) {
    if (!spec::is_page_aligned(c.addr)) return refuse(kUnaligned);
    return fmt::format("msync({}, {:#x}, {:#x})", pages(c.addr, c.length), c.length, c.flags);
  }
  std::string line(const spec::AddSeals& c) {
    const auto file = files_.find(spec::text(c.file));
    return fmt::format("fcntl$addseals({}, 0x409, {:#x})",
                       file == files_.end() ? std::string{kNoFile} : file->second, c.seals);
  }
  std::string line(const spec::ProcessMadvise& /*c*/) {
    return refuse("a program of syzkaller has no pidfd of itself");
  }

  std::string line(const spec::Shmat& /*c*/) { return refuse(kSegments); }
  std::string line(const spec::Shmdt& /*c*/) { return refuse(kSegments); }
  std::string line(const spec::PkeyAlloc& c) {
    return fmt::format("pkey_alloc({:#x}, {:#x})", c.flags, c.rights);
  }
  std::string line(const spec::PkeyFree& c) {
    return fmt::format("pkey_free({:#x})", static_cast<std::uint64_t>(std::int64_t{c.pkey}));
  }

  static constexpr std::string_view kSegments =
      "syzkaller names an attachment by what shmat gave, and may attach it elsewhere";
  static constexpr std::string_view kUnaligned =
      "syzkaller names memory by pages, and this address is none's";
  static constexpr std::string_view kNoReader =
      "nobody would read of a userfaultfd's events and faults";
  static constexpr std::string_view kNoNumber = "no userfaultfd has that number";
  static constexpr std::string_view kProcesses =
      "a program of syzkaller has no processes that it can name";

  const Reproduction& r_;
  std::string out_;
  std::string why_;
  Address first_ = 0;
  Address size_ = 0;
  std::map<std::string, std::string> files_;
  std::map<std::uint64_t, std::string> userfaultfds_;
  int next_ = 0;
};

}  // namespace

Written syz(const Reproduction& r) { return Writer{r}.write(); }

}  // namespace vmadiff::exports
