// kernel/build: the configuration as data. Everything that is not named is off (allnoconfig).
#include "kernel/build/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <utility>

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSymbol = "CONFIG_";
constexpr std::string_view kNotSet = " is not set";

/// What a machine needs to boot, and the server in it. No ACPI: it would be a sixth of all that is
/// compiled, and QEMU's machine tells its processors by the older tables as well.
constexpr std::string_view kMachine = R"(CONFIG_64BIT=y
CONFIG_EXPERT=y
CONFIG_SMP=y
CONFIG_NR_CPUS=64
CONFIG_NUMA=y
CONFIG_MULTIUSER=y
CONFIG_PRINTK=y
CONFIG_BUG=y
CONFIG_KALLSYMS=y
CONFIG_TTY=y
CONFIG_SERIAL_8250=y
CONFIG_SERIAL_8250_CONSOLE=y
CONFIG_BINFMT_ELF=y
CONFIG_BLK_DEV_INITRD=y
CONFIG_DEVTMPFS=y
CONFIG_PROC_FS=y
CONFIG_PROC_SYSCTL=y
CONFIG_SYSCTL=y
CONFIG_SYSFS=y
CONFIG_TMPFS=y
CONFIG_FUTEX=y
CONFIG_EPOLL=y
CONFIG_SIGNALFD=y
CONFIG_TIMERFD=y
CONFIG_EVENTFD=y
CONFIG_POSIX_TIMERS=y
CONFIG_FILE_LOCKING=y
CONFIG_MAGIC_SYSRQ=y
CONFIG_NET=y
CONFIG_UNIX=y
CONFIG_SECCOMP=y
CONFIG_PCI=y
CONFIG_PCI_DIRECT=y
CONFIG_PCI_MSI=y
CONFIG_X86_MPPARSE=y
CONFIG_VIRTIO_MENU=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_CONSOLE=y
CONFIG_BLOCK=y
CONFIG_BLK_DEV=y
CONFIG_VIRTIO_BLK=y
CONFIG_EXT4_FS=y
CONFIG_HYPERVISOR_GUEST=y
CONFIG_PARAVIRT=y
CONFIG_KVM_GUEST=y
CONFIG_HIGH_RES_TIMERS=y
CONFIG_NO_HZ_IDLE=y
CONFIG_HZ_100=y
)";

/// What the memory calls can do, as in a distributor's kernel.
constexpr std::string_view kMemory = R"(CONFIG_KSM=y
CONFIG_ANON_VMA_NAME=y
CONFIG_USERFAULTFD=y
CONFIG_PTE_MARKER_UFFD_WP=y
CONFIG_SHMEM=y
CONFIG_MEMFD_CREATE=y
CONFIG_HUGETLBFS=y
CONFIG_TRANSPARENT_HUGEPAGE=y
CONFIG_TRANSPARENT_HUGEPAGE_ALWAYS=y
CONFIG_ADVISE_SYSCALLS=y
CONFIG_MIGRATION=y
CONFIG_COMPACTION=y
CONFIG_SWAP=y
CONFIG_SYSVIPC=y
CONFIG_SECRETMEM=y
CONFIG_CROSS_MEMORY_ATTACH=y
CONFIG_CHECKPOINT_RESTORE=y
CONFIG_MEM_SOFT_DIRTY=y
CONFIG_PROC_PAGE_MONITOR=y
CONFIG_MEMBARRIER=y
CONFIG_RSEQ=y
CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS=y
CONFIG_X86_PAT=y
CONFIG_MTRR=y
CONFIG_DEVMEM=y
CONFIG_STRICT_DEVMEM=y
)";

/// How a trace of calls is found: by what looks like one on the stack, or exactly and slower.
constexpr std::string_view kQuick = "CONFIG_UNWINDER_GUESS=y\n";
constexpr std::string_view kExact = "CONFIG_UNWINDER_FRAME_POINTER=y\n";

constexpr std::string_view kDebug = R"(CONFIG_DEBUG_KERNEL=y
CONFIG_DEBUG_VM=y
CONFIG_DEBUG_VM_MAPLE_TREE=y
CONFIG_DEBUG_VM_RB=y
CONFIG_PROVE_LOCKING=y
)";

constexpr std::string_view kKasan = R"(CONFIG_KASAN=y
CONFIG_KASAN_GENERIC=y
CONFIG_KASAN_INLINE=y
CONFIG_SLUB_DEBUG=y
)";

/// Two symbols for one thing: one of them is enough.
constexpr std::array<std::pair<std::string_view, std::string_view>, 1> kRenamed{
    {{"SYSCTL", "PROC_SYSCTL"}}};
bool is_symbol(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
}

bool has_line(std::string_view text, std::string_view line) {
  for (auto at = text.find(line); at != std::string_view::npos; at = text.find(line, at + 1)) {
    const auto end = at + line.size();
    if ((at == 0 || text[at - 1] == '\n') && (end == text.size() || text[end] == '\n')) return true;
  }
  return false;
}

/// One line: a wish, nothing, or what it should have been.
std::expected<std::vector<Wish>, std::string> wish_in(std::string_view line) {
  constexpr std::string_view kComment = "# ";
  const bool is_off = line.starts_with(kComment) && line.ends_with(kNotSet) &&
                      line.substr(kComment.size()).starts_with(kSymbol);
  if (is_off) {
    line.remove_prefix(kComment.size() + kSymbol.size());
    line.remove_suffix(kNotSet.size());
    if (is_symbol(line)) return std::vector{Wish{std::string{line}, "n"}};
  } else if (line.empty() || line.starts_with('#')) {
    return {};
  } else if (line.starts_with(kSymbol)) {
    line.remove_prefix(kSymbol.size());
    const auto equals = line.find('=');
    if (equals != std::string_view::npos && equals + 1 < line.size() &&
        is_symbol(line.substr(0, equals)))
      return std::vector{
          Wish{std::string{line.substr(0, equals)}, std::string{line.substr(equals + 1)}}};
  }
  return std::unexpected("expected CONFIG_NAME=y, or another value, or # CONFIG_NAME is not set");
}

}  // namespace

std::string line_of(const Wish& wish) {
  if (wish.value == "n") return fmt::format("# {}{}{}", kSymbol, wish.symbol, kNotSet);
  return fmt::format("{}{}={}", kSymbol, wish.symbol, wish.value);
}

std::expected<std::vector<Wish>, std::string> wishes_in(std::string_view text) {
  std::vector<Wish> wishes;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
    auto found = wish_in(line);
    if (!found) return std::unexpected(fmt::format("line {}: {}", number, found.error()));
    std::ranges::move(*found, std::back_inserter(wishes));
  }
  return wishes;
}

std::string suffix_of(Flavour flavour) {
  return fmt::format("{}{}", flavour.debug ? "-debug" : "", flavour.kasan ? "-kasan" : "");
}

std::vector<Wish> wishes_of(Flavour flavour) {
  std::vector<Wish> wishes{{"LOCALVERSION", fmt::format("\"-vmadiff{}\"", suffix_of(flavour))}};
  for (const auto text : {kMachine, kMemory, flavour.debug || flavour.kasan ? kExact : kQuick,
                          flavour.debug ? kDebug : "", flavour.kasan ? kKasan : ""})
    std::ranges::move(*wishes_in(text), std::back_inserter(wishes));
  return wishes;
}

std::vector<Wish> not_granted(std::span<const Wish> wishes, std::string_view configuration) {
  std::vector<Wish> missing;
  for (const Wish& wish : wishes) {
    // What is off may not be spoken of at all.
    const bool is_there =
        wish.value == "n"
            ? !configuration.starts_with(fmt::format("{}{}=", kSymbol, wish.symbol)) &&
                  !configuration.contains(fmt::format("\n{}{}=", kSymbol, wish.symbol))
            : has_line(configuration, line_of(wish));
    if (!is_there) missing.push_back(wish);
  }
  return missing;
}

bool is_had_otherwise(const Wish& wish, std::string_view configuration) {
  const auto is_set = [configuration](std::string_view symbol) {
    return has_line(configuration, fmt::format("{}{}=y", kSymbol, symbol));
  };
  return std::ranges::any_of(kRenamed, [&](const auto& names) {
    return (wish.symbol == names.first && is_set(names.second)) ||
           (wish.symbol == names.second && is_set(names.first));
  });
}

bool knows_symbol(const fs::path& tree, std::string_view symbol) {
  const auto plain = fmt::format("config {}", symbol);
  const auto menu = fmt::format("menuconfig {}", symbol);
  std::error_code error;
  for (auto at =
           fs::recursive_directory_iterator{tree, fs::directory_options::skip_permission_denied,
                                            error};
       !error && at != fs::recursive_directory_iterator{}; at.increment(error)) {
    const auto name = at->path().filename().string();
    if (name == ".git" || name == "Documentation") at.disable_recursion_pending();
    if (!name.starts_with("Kconfig")) continue;
    std::ifstream file{at->path(), std::ios::binary};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (has_line(text, plain) || has_line(text, menu)) return true;
  }
  return false;
}

}  // namespace vmadiff::kernel
