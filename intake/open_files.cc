// intake: following descriptors.
#include "intake/open_files.h"

#include <algorithm>
#include <array>

#include "spec/flags.h"

namespace vmadiff::intake {
namespace {

using spec::FileClass;

constexpr std::array kAccessNames{spec::FlagName{1, "O_WRONLY"}, spec::FlagName{2, "O_RDWR"}};

/// Whether flags of open, by name or number, ask for writing. Others' names are no matter.
bool asks_for_writing(std::string_view flags) {
  while (!flags.empty()) {
    const auto end = std::min(flags.find('|'), flags.size());
    if (const auto bits = bits_of(flags.substr(0, end), {kAccessNames})) {
      if ((*bits & 3) != 0) return true;
    }
    flags.remove_prefix(std::min(end + 1, flags.size()));
  }
  return false;
}

constexpr std::uint64_t kMfdHugetlb = 4;

bool asks_for_huge_pages(std::string_view flags) {
  constexpr std::array kNames{spec::FlagName{1, "MFD_CLOEXEC"},
                              spec::FlagName{2, "MFD_ALLOW_SEALING"},
                              spec::FlagName{kMfdHugetlb, "MFD_HUGETLB"},
                              spec::FlagName{8, "MFD_NOEXEC_SEAL"}, spec::FlagName{16, "MFD_EXEC"}};
  const auto bits = bits_of(flags, {kNames});
  return bits ? (*bits & kMfdHugetlb) != 0 : flags.find("MFD_HUGETLB") != std::string_view::npos;
}

std::string argument(const StraceCall& call, std::size_t at) {
  return at < call.arguments.size() ? call.arguments[at] : std::string{};
}

bool doubles(const StraceCall& call) {
  return call.name == "dup" || call.name == "dup2" || call.name == "dup3" ||
         (call.name == "fcntl" &&
          (argument(call, 1).starts_with("F_DUPFD") || number_of(argument(call, 1)) == 0 ||
           number_of(argument(call, 1)) == 1030));
}

}  // namespace

FileClass file_class_of(std::string_view path, bool writable) {
  const auto begins = [path](std::string_view with) { return path.starts_with(with); };
  if (begins("/memfd:") || begins("memfd:") || begins("/dev/shm/")) return FileClass::kMemfd;
  if (begins("/dev/hugepages/") || begins("/anon_hugepage")) return FileClass::kHugetlb;
  // -yy writes the device behind it: "/dev/zero<char 1:5>".
  const auto plain = path.substr(0, path.find('<'));
  if (plain == "/dev/zero") return FileClass::kZero;
  if (plain == "/dev/null") return FileClass::kUnmappable;
  // Drivers, what the kernel makes up as it is read, System V's shared memory.
  if (begins("/dev/") || begins("/proc/") || begins("/sys/") || begins("/SYSV")) {
    return FileClass::kNone;
  }
  // A path, and nothing like "socket:[123]" or "anon_inode:[eventpoll]".
  const bool is_other = !path.empty() && !begins("/") && path.find(":[") != std::string_view::npos;
  if (is_other) return FileClass::kNone;
  return writable ? FileClass::kFile : FileClass::kFileReadOnly;
}

std::optional<OpenFile> opened_by(const StraceCall& call) {
  const auto with_path = [&](std::size_t path_at, bool writable) {
    // -y shows where symbolic links led.
    auto path = call.result.path;
    if (path.empty()) path = string_of(argument(call, path_at)).value_or("");
    const auto cls = file_class_of(path, writable);
    return OpenFile{cls, std::move(path), 0, false};
  };
  if (call.name == "open") return with_path(0, asks_for_writing(argument(call, 1)));
  if (call.name == "openat") return with_path(1, asks_for_writing(argument(call, 2)));
  if (call.name == "openat2") {
    return with_path(1, asks_for_writing(field_of(argument(call, 2), "flags").value_or("")));
  }
  if (call.name == "creat") return with_path(0, true);
  if (call.name == "memfd_create") {
    const bool huge = asks_for_huge_pages(argument(call, 1));
    return OpenFile{huge ? FileClass::kHugetlb : FileClass::kMemfd,
                    "memfd:" + string_of(argument(call, 0)).value_or(""), 0, false};
  }
  return std::nullopt;
}

void DescriptorTable::apply(const StraceCall& call, OpenFiles& files) {
  if (!call.result.is_value()) return;
  const auto result = static_cast<std::int64_t>(call.result.value);
  if (call.name == "close") {
    if (const auto word = descriptor_of(argument(call, 0))) table_.erase(word->number);
    return;
  }
  if (call.name == "close_range") {
    const auto first = number_of(argument(call, 0));
    const auto last = number_of(argument(call, 1));
    if (!first || !last || argument(call, 2).find("CLOEXEC") != std::string::npos) return;
    std::erase_if(table_, [&](const auto& entry) {
      const auto number = static_cast<std::uint64_t>(entry.first);
      return number >= *first && number <= *last;
    });
    return;
  }
  if (call.name == "fcntl" && !doubles(call)) return;
  if (doubles(call)) {
    const auto word = descriptor_of(argument(call, 0));
    const auto file = word ? find(*word, files) : std::nullopt;
    if (file) {
      table_[result] = *file;
    } else {
      table_.erase(result);
    }
    return;
  }
  files.push_back(opened_by(call).value_or(OpenFile{}));
  table_[result] = files.size() - 1;
}

std::optional<FileIndex> DescriptorTable::find(const DescriptorWord& word, OpenFiles& files) {
  if (const auto at = table_.find(word.number); at != table_.end()) {
    // Where opens are not in the log, a number comes again with another path.
    const OpenFile& known = files[at->second];
    const bool is_same = word.path.empty() || known.path.empty() ||
                         word.path.starts_with(known.path) ||
                         word.path.substr(1).starts_with(known.path);  // "/memfd:x", "memfd:x"
    if (is_same) return at->second;
  }
  if (word.path.empty()) return std::nullopt;
  files.push_back({file_class_of(word.path, false), word.path, 0, false});
  table_[word.number] = files.size() - 1;
  return files.size() - 1;
}

}  // namespace vmadiff::intake
