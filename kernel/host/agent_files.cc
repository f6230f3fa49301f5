// kernel: the files that a sequence can map, opened once by the parent and inherited by each agent.
#include "kernel/host/agent_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
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

/// A file without a name, so that nothing can be left behind. Closed where the directory's file
/// system cannot make one.
Descriptor open_nameless(const std::string& directory) {
  return Descriptor{::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
}

/// Where regular files can be made: a directory for temporary files, on a file system that is
/// known.
std::optional<std::string> file_directory() {
  const char* chosen = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
  for (const char* directory : {chosen, "/var/tmp", "/tmp", "."}) {
    struct statfs status{};
    if (directory == nullptr || ::statfs(directory, &status) != 0) continue;
    if (std::ranges::find(kFileSystems, status.f_type) != kFileSystems.end() &&
        open_nameless(directory).is_open())
      return directory;
  }
  return std::nullopt;
}

/// A file system of our own that is mounted nowhere and goes with its last open file: a place for
/// device nodes. Closed where that is not allowed (CAP_SYS_ADMIN).
Descriptor open_file_system() {
  const Descriptor context{static_cast<int>(::syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC))};
  if (!context.is_open() ||
      ::syscall(SYS_fsconfig, context.number(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
    return {};
  return Descriptor{static_cast<int>(::syscall(SYS_fsmount, context.number(), FSMOUNT_CLOEXEC, 0))};
}

/// Moves a descriptor out of the range that the agent's own descriptors take.
Descriptor raised(const Descriptor& low) {
  return Descriptor{low.is_open() ? ::fcntl(low.number(), F_DUPFD_CLOEXEC, kDescriptorEnd) : -1};
}

/// Gives the file its size, with data: a hole could be faulted in another way.
bool fill(const Descriptor& file) {
  static const std::string kData(spec::kFileSizePages * spec::kPageSize, 'v');
  return ::pwrite(file.number(), kData.data(), kData.size(), 0) ==
         static_cast<ssize_t>(kData.size());
}

/// Makes a device node, opens it, and takes its name away. `directory` is a descriptor of one, or
/// AT_FDCWD.
Descriptor open_node(int directory, const std::string& path, dev_t device) {
  if (::mknodat(directory, path.c_str(), S_IFCHR | 0600, device) != 0) return {};
  const Descriptor file{::openat(directory, path.c_str(), O_RDWR | O_CLOEXEC)};
  const int error = errno;
  ::unlinkat(directory, path.c_str(), 0);
  errno = error;
  return raised(file);
}

/// The same in a directory for temporary files. Who is killed in between leaves a name behind.
Descriptor open_node_in_directory(dev_t device) {
  const char* chosen = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
  for (const char* directory : {chosen, "/var/tmp", "/tmp", "."}) {
    if (directory == nullptr) continue;
    Descriptor file =
        open_node(AT_FDCWD, fmt::format("{}/vmadiff-device-{}", directory, ::getpid()), device);
    if (file.is_open()) return file;
  }
  return {};
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
      const int seals = cls == FileClass::kMemfd ? ::fcntl(file.number(), F_GET_SEALS) : 0;
      result_.files.push_back({{cls, number}, std::move(file), seals});
    }
  }

 private:
  AgentFiles result_;
};

constexpr unsigned kMfdNoexecSeal = 8;
constexpr unsigned kMfdExec = 0x10;

/// Both flags are newer than some kernels (6.3), on which it makes no difference here.
Descriptor create_memfd(std::uint32_t number) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const unsigned mode = number == spec::kNoexecMemfd ? kMfdNoexecSeal : kMfdExec;
  Descriptor file{::memfd_create("vmadiff", kFlags | mode)};
  if (!file.is_open() && errno == EINVAL) file = Descriptor{::memfd_create("vmadiff", kFlags)};
  return file;
}

Descriptor open_memfd(std::uint32_t number) {
  const Descriptor file = create_memfd(number);
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
  const auto directory = file_directory();
  if (!directory) {
    for (const FileClass cls : {FileClass::kFile, FileClass::kFileReadOnly})
      opener.note(cls, "set TMPDIR to a directory on ext4, xfs or btrfs");
    return;
  }
  opener.open_class(FileClass::kFile, [&] {
    const Descriptor file = open_nameless(*directory);
    return file.is_open() && fill(file) ? raised(file) : Descriptor{};
  });
  opener.open_class(FileClass::kFileReadOnly, [&] {
    const Descriptor writer = open_nameless(*directory);
    if (!writer.is_open() || !fill(writer)) return Descriptor{};
    const auto again = fmt::format("/proc/self/fd/{}", writer.number());
    return raised(Descriptor{::open(again.c_str(), O_RDONLY | O_CLOEXEC)});
  });
}

/// A character device under kFilesPerClass names, since only the inode tells from outside which one
/// is mapped. Where no device can be made, the system's own is opened.
void open_device(Opener& opener, FileClass cls, const Descriptor& own, unsigned minor_number,
                 const char* system_path) {
  constexpr unsigned kMemoryDevices = 1;  // the major number of /dev/null, /dev/zero, …
  const auto device = makedev(kMemoryDevices, minor_number);
  opener.open_class(cls, [&] {
    Descriptor file =
        own.is_open() ? open_node(own.number(), "device", device) : open_node_in_directory(device);
    if (!file.is_open()) file = raised(Descriptor{::open(system_path, O_RDWR | O_CLOEXEC)});
    return file;
  });
}

}  // namespace

Segments& Segments::operator=(Segments&& other) noexcept {
  detach();
  ids_ = std::exchange(other.ids_, Segments{}.ids_);
  attached_ = std::exchange(other.attached_, {});
  return *this;
}

std::expected<Segments, int> Segments::make() {
  Segments made;
  for (std::size_t i = 0; i < made.ids_.size(); ++i) {
    // SHM_EXEC asks for the right to execute.
    const int id = ::shmget(IPC_PRIVATE, spec::kSegmentBytes[i], IPC_CREAT | 0700);
    if (id < 0) return std::unexpected{errno};
    void* const attached = ::shmat(id, nullptr, 0);
    const int error = errno;
    ::shmctl(id, IPC_RMID, nullptr);
    if (reinterpret_cast<std::intptr_t>(attached) == -1) return std::unexpected{error};
    made.ids_[i] = id;
    made.attached_[i] = attached;
  }
  return made;
}

void Segments::detach() {
  for (void*& attached : attached_) {
    if (attached != nullptr) ::shmdt(attached);
    attached = nullptr;
  }
}

std::uint32_t AgentFiles::count(FileClass cls) const {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(files, [cls](const OpenFile& file) { return file.id.cls == cls; }));
}

std::expected<AgentFiles, spec::ToolFault> open_agent_files(bool memory_device) {
  const Descriptor own = open_file_system();
  Opener opener;
  std::uint32_t memfd = 0;
  opener.open_class(FileClass::kMemfd, [&memfd] { return open_memfd(memfd++); });
  open_regular(opener);
  open_device(opener, FileClass::kZero, own, 5, "/dev/zero");
  open_device(opener, FileClass::kUnmappable, own, 3, "/dev/null");
  if (memory_device) open_device(opener, FileClass::kPfnmap, own, 1, "/dev/mem");
  // What a mapping of a hugetlb file does depends on the pool; the models know the empty one.
  if (reads_zero("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages") &&
      reads_zero("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages")) {
    opener.open_class(FileClass::kHugetlb, open_hugetlb);
  } else {
    opener.note(FileClass::kHugetlb,
                "needs a kernel with hugetlb and an empty pool of 2 MiB pages "
                "(sysctl vm.nr_hugepages=0)");
  }
  AgentFiles opened = opener.take();
  opened.shown = raised(Descriptor{::memfd_create("vmadiff-shown", MFD_CLOEXEC)});
  if (!opened.shown.is_open())
    return std::unexpected(spec::ToolFault{
        fmt::format("memfd_create: {}: allow more open files: ulimit -n", std::strerror(errno))});
  // Where there are none, shmat is refused, and counts as a call that is not given.
  if (auto segments = Segments::make()) opened.segments = *std::move(segments);
  return opened;
}

bool has_new_seals(const OpenFile& file) {
  return file.id.cls == FileClass::kMemfd &&
         ::fcntl(file.descriptor.number(), F_GET_SEALS) != file.seals;
}

std::expected<void, spec::ToolFault> renew_memfd(OpenFile& file) {
  const Descriptor fresh = open_memfd(file.id.number);
  if (fresh.is_open() && ::dup3(fresh.number(), file.descriptor.number(), O_CLOEXEC) >= 0)
    return {};
  return std::unexpected(spec::ToolFault{
      fmt::format("{}: cannot be made anew: {}", spec::text(file.id), std::strerror(errno))});
}

}  // namespace vmadiff::kernel
