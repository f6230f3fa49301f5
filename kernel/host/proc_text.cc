// kernel: what /proc says about a process, read and parsed.
#include "kernel/host/proc_text.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include "kernel/descriptor.h"
#include "spec/setup.h"

namespace vmadiff::kernel {
namespace {

using spec::ToolFault;

/// Takes a number off the front, and the one character behind it.
template <typename Number>
bool take_number(std::string_view& text, int base, char behind, Number& number) {
  const char* const first = text.data();
  const char* const last = first + text.size();
  const auto [stop, error] = std::from_chars(first, last, number, base);
  if (error != std::errc{} || stop == last || *stop != behind) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - first) + 1);
  return true;
}

/// The flag of each two-letter code, by its letters.
class FlagCodes {
 public:
  FlagCodes() {
    for (const auto& [bits, code] : spec::vm_flag_codes()) {
      if (is_code(code)) bits_[index(code)] = bits;
    }
  }
  /// 0 for an unknown code.
  [[nodiscard]] spec::VmFlags bits(std::string_view code) const {
    return is_code(code) ? bits_[index(code)] : 0;
  }

 private:
  static constexpr std::size_t kLetters = 26;
  static constexpr bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
  static constexpr std::size_t letter(char c) { return static_cast<std::size_t>(c - 'a'); }
  static constexpr bool is_code(std::string_view code) {
    return code.size() == 2 && is_letter(code[0]) && is_letter(code[1]);
  }
  static constexpr std::size_t index(std::string_view code) {
    return letter(code[0]) * kLetters + letter(code[1]);
  }
  std::array<spec::VmFlags, kLetters * kLetters> bits_{};
};

spec::VmFlags flags_of(std::string_view codes, UnknownCodes& unknown) {
  static const FlagCodes table;
  spec::VmFlags flags = 0;
  while (!codes.empty()) {
    const auto space = std::min(codes.find(' '), codes.size());
    const auto code = codes.substr(0, space);
    codes.remove_prefix(std::min(space + 1, codes.size()));
    if (code.empty()) continue;
    // In 6.1 this flag, which only locked memory has, has no code yet.
    const bool is_lockonfault = code == "??" && (flags & spec::kVmLocked) != 0;
    const auto bits = is_lockonfault ? spec::kVmLockonfault : table.bits(code);
    if (bits == 0 && !unknown.contains(code)) unknown.emplace(code);
    flags |= bits;
  }
  // Until 6.16 x86 notes here (VM_PAT) that it tracks the memory type of a driver's whole mapping.
  // No call asks for it but fork, which copies it.
  if ((flags & spec::kVmPfnmap) != 0) flags &= ~spec::kVmArch1;
  return flags & ~spec::kVmSoftdirty;
}

constexpr std::string_view kAnonymousName = "[anon:";
constexpr std::string_view kSharedName = "[anon_shmem:";

spec::VmaName name_of(const SmapsEntry& entry, MayBeNamed names) {
  auto path = entry.path;
  const auto prefix = entry.inode.is_none() ? kAnonymousName : kSharedName;
  if (path.starts_with(prefix) && path.ends_with(']')) {
    path.remove_prefix(prefix.size());
    path.remove_suffix(1);
    return spec::VmaName::of(path.substr(0, spec::kVmaNameTextMax));
  }
  const bool hides = names == MayBeNamed::kYes && (path == "[heap]" || path == "[stack]");
  return hides ? spec::VmaName::unseen() : spec::VmaName{};
}

std::expected<spec::FileId, ToolFault> file_of(const SmapsEntry& entry,
                                               const std::vector<KnownFile>& known,
                                               AnonymousFiles& anonymous_files) {
  if (entry.inode.is_none()) return spec::FileId{};
  // A segment has the number that shmget gave it, where other shared memory has its inode's.
  const bool is_segment = entry.path.starts_with("/SYSV");
  const auto at = std::ranges::find_if(known, [&](const KnownFile& file) {
    return is_segment
               ? file.id.cls == spec::FileClass::kSysv && file.inode.number == entry.inode.number
               : file.inode == entry.inode;
  });
  if (at != known.end()) return at->id;
  // Shared memory without a file that has a name is shown by that.
  if (entry.path == "/dev/zero (deleted)" || entry.path.starts_with(kSharedName))
    return anonymous_files.id(spec::FileClass::kAnonShared, entry.inode);
  if (entry.path == "/anon_hugepage (deleted)")
    return anonymous_files.id(spec::FileClass::kAnonHugetlb, entry.inode);
  return std::unexpected(
      ToolFault{fmt::format("smaps shows a mapping of '{}' at {:#x}, which no call can have made",
                            entry.path, entry.range.start)});
}

/// Of the last line in front of VmFlags, where the machine has protection keys; else 0.
std::int32_t key_of(const SmapsEntry& entry) {
  constexpr std::string_view kName = "ProtectionKey:";
  auto line = entry.sizes.substr(0, entry.sizes.size() - 1);
  line.remove_prefix(line.rfind('\n') + 1);
  if (!line.starts_with(kName)) return 0;
  line.remove_prefix(line.find_last_of(' ') + 1);
  std::int32_t key = 0;
  std::from_chars(line.data(), line.data() + line.size(), key);
  return key;
}

}  // namespace

spec::FileId AnonymousFiles::id(spec::FileClass cls, const Inode& inode) {
  auto at = std::ranges::find(seen_, inode);
  if (at == seen_.end()) at = seen_.insert(at, inode);
  return {cls, static_cast<std::uint32_t>(at - seen_.begin())};
}

bool take_smaps_entry(std::string_view& text, SmapsEntry& entry) {
  const auto newline = text.find('\n');
  if (newline == std::string_view::npos) return false;
  std::string_view line = text.substr(0, newline);
  constexpr std::size_t kPermissions = 5;  // "rw-p ": VmFlags say the same
  if (!take_number(line, 16, '-', entry.range.start) ||
      !take_number(line, 16, ' ', entry.range.end) || line.size() < kPermissions)
    return false;
  line.remove_prefix(kPermissions);
  if (!take_number(line, 16, ' ', entry.offset) ||
      !take_number(line, 16, ':', entry.inode.device_major) ||
      !take_number(line, 16, ' ', entry.inode.device_minor) ||
      !take_number(line, 10, ' ', entry.inode.number))
    return false;
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  entry.path = line;
  text.remove_prefix(newline);

  constexpr std::string_view kFlags = "\nVmFlags: ";
  const auto flags = text.find(kFlags);
  if (flags == std::string_view::npos) return false;
  entry.sizes = text.substr(0, flags + 1);
  text.remove_prefix(flags + kFlags.size());
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return false;
  entry.flag_codes = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

std::optional<std::uint64_t> anonymous_bytes(const SmapsEntry& entry) {
  constexpr std::string_view kName = "\nAnonymous:";
  constexpr std::uint64_t kKib = 1024;
  const auto at = entry.sizes.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  auto rest = entry.sizes.substr(at + kName.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::uint64_t kib = 0;
  if (!take_number(rest, 10, ' ', kib)) return std::nullopt;
  return kib * kKib;
}

std::expected<void, ToolFault> parse_smaps(std::string_view text,
                                           const std::vector<KnownFile>& known,
                                           spec::Address task_size, AnonymousFiles& anonymous_files,
                                           UnknownCodes& unknown_codes, MayBeNamed names,
                                           std::vector<spec::Vma>& vmas) {
  vmas.clear();
  while (!text.empty()) {
    SmapsEntry entry;
    if (!take_smaps_entry(text, entry)) {
      return std::unexpected(
          ToolFault{fmt::format("smaps is not as expected: '{}'", text.substr(0, 80))});
    }
    // The vsyscall page is the kernel's own, and in no mm.
    if (entry.range.start >= task_size) continue;
    const auto flags = spec::with_pkey(flags_of(entry.flag_codes, unknown_codes), key_of(entry));
    const auto file = file_of(entry, known, anonymous_files);
    if (!file) return std::unexpected(file.error());
    vmas.push_back({entry.range.start,
                    entry.range.end,
                    flags,
                    entry.offset >> spec::kPageShift,
                    *file,
                    spec::kNoAnonVma,
                    0,
                    {},
                    0,
                    0,
                    name_of(entry, names)});
  }
  return {};
}

std::expected<void, ToolFault> parse_status(std::string_view text, spec::Counters& counters) {
  // `text` and `lib` are parts of exec_vm, which has no line of its own.
  std::uint64_t text_vm = 0;
  std::uint64_t lib_vm = 0;
  struct Field {
    std::string_view label;
    std::uint64_t* pages;
  };
  // In the order in which the kernel writes them.
  const Field fields[] = {{"\nVmSize:", &counters.total_vm},
                          {"\nVmLck:", &counters.locked_vm},
                          {"\nVmData:", &counters.data_vm},
                          {"\nVmStk:", &counters.stack_vm},
                          {"\nVmExe:", &text_vm},
                          {"\nVmLib:", &lib_vm}};
  constexpr std::uint64_t kKibPerPage = spec::kPageSize / 1024;
  for (const auto& [label, pages] : fields) {
    const auto at = text.find(label);
    if (at == std::string_view::npos) {
      return std::unexpected(
          ToolFault{fmt::format("/proc/PID/status has no line '{}'", label.substr(1))});
    }
    text.remove_prefix(at + label.size());
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    std::uint64_t kib = 0;
    if (!take_number(text, 10, ' ', kib))
      return std::unexpected(ToolFault{"/proc/PID/status: a number was expected"});
    *pages = kib / kKibPerPage;
  }
  counters.exec_vm = text_vm + lib_vm;
  return {};
}

std::optional<std::string_view> process_numbers(std::string_view text) {
  for (const std::string_view label : {"\nNSpid:\t", "\nPid:\t"}) {
    const auto at = text.find(label);
    if (at == std::string_view::npos) continue;
    const auto numbers = text.substr(at + label.size());
    return numbers.substr(0, numbers.find('\n'));
  }
  return std::nullopt;
}

namespace {

/// `is_whole` says of the text so far, and of whether the last read gave less than there was room
/// for, that there is no more.
std::expected<std::string_view, ToolFault> read_until(int descriptor, std::string& buffer,
                                                      bool (*is_whole)(std::string_view text,
                                                                       bool has_room)) {
  constexpr std::size_t kRoom = std::size_t{16} << 10;
  std::size_t size = 0;
  for (;;) {
    if (buffer.size() < size + kRoom) buffer.resize(2 * (size + kRoom));
    const auto count =
        ::pread(descriptor, buffer.data() + size, buffer.size() - size, static_cast<off_t>(size));
    if (count < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(
          ToolFault{fmt::format("reading from /proc: {}", std::strerror(errno))});
    }
    size += static_cast<std::size_t>(count);
    const auto text = std::string_view{buffer}.substr(0, size);
    if (count == 0 || is_whole(text, size < buffer.size())) return text;
  }
}

}  // namespace

std::expected<std::string_view, ToolFault> read_proc(int descriptor, std::string& buffer) {
  return read_until(descriptor, buffer, [](std::string_view, bool) { return false; });
}

// The vsyscall page, where there is one, is always the last (the kernel's m_next), and an entry is
// never given in parts where there is room for it (seq_read_iter). Where its text were longer than
// what is looked at, one read more would find the end.
std::expected<std::string_view, ToolFault> read_smaps(int descriptor, std::string& buffer) {
  return read_until(descriptor, buffer, [](std::string_view text, bool has_room) {
    constexpr std::size_t kLastEntry = 2048;
    const auto end = text.substr(text.size() - std::min(text.size(), kLastEntry));
    return has_room && end.contains("\nffffffffff600000-");
  });
}

// One entry alone (single_open), which is given whole where there is room.
std::expected<std::string_view, ToolFault> read_status(int descriptor, std::string& buffer) {
  return read_until(descriptor, buffer,
                    [](std::string_view text, bool has_room) { return has_room && !text.empty(); });
}

std::expected<std::vector<spec::Range>, ToolFault> mapped_ranges(int pid) {
  const Descriptor maps{::open(fmt::format("/proc/{}/maps", pid).c_str(), O_RDONLY | O_CLOEXEC)};
  std::string buffer;
  auto text = read_proc(maps.number(), buffer);
  if (!text) return std::unexpected(text.error());
  std::vector<spec::Range> ranges;
  while (!text->empty()) {
    spec::Range range;
    if (!take_number(*text, 16, '-', range.start) || !take_number(*text, 16, ' ', range.end))
      return std::unexpected(ToolFault{"/proc/PID/maps is not as expected"});
    text->remove_prefix(std::min(text->find('\n'), text->size() - 1) + 1);
    if (range.start < spec::Setup{}.task_size) ranges.push_back(range);
  }
  return ranges;
}

}  // namespace vmadiff::kernel
