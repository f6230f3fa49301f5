// kernel: the files that a sequence can map, opened once by the parent and inherited by each agent.
#include "kernel/agent_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string_view>

namespace vmadiff::kernel {
namespace {

using spec::FileClass;

// File systems whose regular files are mapped by `.mmap_prepare` since 6.16 or 6.17, and place
// large mappings on huge-page boundaries. By the magic number that statfs gives.
constexpr std::array kFileSystems{0xef53L /* ext4 */, 0x58465342L /* xfs */,
                                  0x9123683eL /* btrfs */};

/// A directory of our own, gone at the end of the scope.
class Directory {
 public:
  explicit Directory(std::string path) : path_(std::move(path)) {}
  Directory(Directory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  Directory& operator=(Directory&&) = delete;
  ~Directory() {
    if (!path_.empty()) ::rmdir(path_.c_str());
  }
  [[nodiscard]] std::string file(std::string_view name) const {
    return fmt::format("{}/{}", path_, name);
  }

 private:
  std::string path_;
};

std::optional<Directory> make_directory(bool on_known_file_system) {
  const char* chosen = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
  for (const char* parent : {chosen, "/var/tmp", "/tmp", "."}) {
    struct statfs status{};
    if (parent == nullptr || ::statfs(parent, &status) != 0) continue;
    if (on_known_file_system &&
        std::ranges::find(kFileSystems, status.f_type) == kFileSystems.end())
      continue;
    std::string path = fmt::format("{}/vmadiff-XXXXXX", parent);
    if (::mkdtemp(path.data()) != nullptr) return Directory{path};
  }
  return std::nullopt;
}

/// Moves a descriptor out of the range that the agent's own descriptors take.
Descriptor raised(const Descriptor& low) {
  return Descriptor{low.is_open() ? ::fcntl(low.number(), F_DUPFD_CLOEXEC, kDescriptorEnd) : -1};
}

/// Gives the file its size, with data: a hole could be faulted in another way.
bool fill(const Descriptor& file) {
  const std::string page(spec::kPageSize, 'v');
  for (std::uint64_t i = 0; i < spec::kFileSizePages; ++i) {
    const auto at = static_cast<off_t>(i * spec::kPageSize);
    if (::pwrite(file.number(), page.data(), page.size(), at) != static_cast<ssize_t>(page.size()))
      return false;
  }
  return true;
}

/// Opens one file under a name, and takes the name away.
Descriptor open_and_unlink(const std::string& path, int flags) {
  const Descriptor file{::open(path.c_str(), flags | O_CLOEXEC, 0600)};
  const int error = errno;
  ::unlink(path.c_str());
  errno = error;
  return raised(file);
}

class Opener {
 public:
  AgentFiles take() { return std::move(result_); }

  void note(FileClass cls, std::string_view why) {
    result_.notes.push_back(fmt::format("{}: {}", spec::name(cls), why));
  }

  /// Opens kFilesPerClass files; the first that fails leaves the class with those before it.
  template <typename Open>
  void open_class(FileClass cls, Open open) {
    for (std::uint32_t number = 0; number < spec::kFilesPerClass; ++number) {
      Descriptor file = open();
      if (!file.is_open()) return note(cls, std::strerror(errno));
      result_.files.push_back({{cls, number}, std::move(file)});
    }
  }

 private:
  AgentFiles result_;
};

Descriptor open_memfd() {
  const Descriptor file{::memfd_create("vmadiff", MFD_CLOEXEC)};
  if (!file.is_open() || !fill(file)) return {};
  return raised(file);
}

Descriptor open_hugetlb() {
  return raised(Descriptor{::memfd_create("vmadiff", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB)});
}

bool reads_zero(const char* path) {
  std::ifstream file{path};
  std::uint64_t value = 1;
  return (file >> value) && value == 0;
}

void open_regular(Opener& opener) {
  const auto directory = make_directory(true);
  if (!directory) {
    for (const FileClass cls : {FileClass::kFile, FileClass::kFileReadOnly})
      opener.note(cls, "set TMPDIR to a directory on ext4, xfs or btrfs");
    return;
  }
  opener.open_class(FileClass::kFile, [&] {
    Descriptor file = open_and_unlink(directory->file("file"), O_RDWR | O_CREAT | O_EXCL);
    return file.is_open() && fill(file) ? std::move(file) : Descriptor{};
  });
  opener.open_class(FileClass::kFileReadOnly, [&] {
    const std::string path = directory->file("file-ro");
    const Descriptor writer{::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!writer.is_open() || !fill(writer)) return Descriptor{};
    return open_and_unlink(path, O_RDONLY);
  });
}

/// A character device under kFilesPerClass names, since only the inode tells from outside which one
/// is mapped. Where no device can be made, the system's own is opened.
void open_device(Opener& opener, FileClass cls, const Directory& directory, unsigned minor_number,
                 const char* system_path) {
  constexpr unsigned kMemoryDevices = 1;  // the major number of /dev/null, /dev/zero, …
  opener.open_class(cls, [&] {
    const std::string path = directory.file("device");
    Descriptor file;
    if (::mknod(path.c_str(), S_IFCHR | 0600, makedev(kMemoryDevices, minor_number)) == 0)
      file = open_and_unlink(path, O_RDWR);
    if (!file.is_open()) file = raised(Descriptor{::open(system_path, O_RDWR | O_CLOEXEC)});
    return file;
  });
}

}  // namespace

std::uint32_t AgentFiles::count(FileClass cls) const {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(files, [cls](const OpenFile& file) { return file.id.cls == cls; }));
}

std::expected<AgentFiles, spec::ToolFault> open_agent_files(bool memory_device) {
  const auto directory = make_directory(false);
  if (!directory) {
    return std::unexpected(
        spec::ToolFault{"no directory for temporary files: set TMPDIR to one that can be written"});
  }
  Opener opener;
  opener.open_class(FileClass::kMemfd, open_memfd);
  open_regular(opener);
  open_device(opener, FileClass::kZero, *directory, 5, "/dev/zero");
  open_device(opener, FileClass::kUnmappable, *directory, 3, "/dev/null");
  if (memory_device) open_device(opener, FileClass::kPfnmap, *directory, 1, "/dev/mem");
  // What a mapping of a hugetlb file does depends on the pool; the models know the empty one.
  if (reads_zero("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages") &&
      reads_zero("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages")) {
    opener.open_class(FileClass::kHugetlb, open_hugetlb);
  } else {
    opener.note(FileClass::kHugetlb,
                "needs a kernel with hugetlb and an empty pool of 2 MiB pages "
                "(sysctl vm.nr_hugepages=0)");
  }
  return opener.take();
}

}  // namespace vmadiff::kernel
