// kernel/tree: building. What depends on what is make's business, the compiler says which headers
// were read; only the list of what neither the tree nor the glue has is made here, between two
// links.
#include "kernel/tree/build.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

#include "kernel/descriptor.h"
#include "kernel/store/cache.h"
#include "kernel/store/command.h"
#include "kernel/tree/parts.h"
#include "kernel/tree/probes.h"
#include "kernel/tree/source.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;
using spec::ToolFault;

std::unexpected<ToolFault> failed(const fs::path& what, std::string_view why) {
  return std::unexpected(ToolFault{fmt::format("{}: {}", what.string(), why)});
}

/// What is not the kernel's: of the compiler and of sanitizers; and functions of the C library.
constexpr std::array<std::string_view, 6> kOthersBeginnings{"__cxa_",  "_ITM_",   "__gmon_",
                                                            "__gcov_", "__asan_", "__ubsan_"};
constexpr std::array<std::string_view, 14> kLibraryFunctions{
    "malloc",  "calloc", "free",   "aligned_alloc", "snprintf", "memcpy",  "memset",
    "memmove", "memcmp", "memchr", "strlen",        "strcmp",   "strncmp", "mprotect"};

/// Where the glue is, below the build's directory as in the project.
constexpr std::string_view kGlue = "kernel/tree/glue";

/// A kernel in which all that the calls ask for is there, and as little as can be besides.
constexpr std::string_view kConfiguration = R"(CONFIG_64BIT=y
CONFIG_EXPERT=y
CONFIG_SMP=y
CONFIG_NUMA=y
CONFIG_MMU=y
CONFIG_MULTIUSER=y
CONFIG_KSM=y
CONFIG_ADVISE_SYSCALLS=y
CONFIG_USERFAULTFD=y
CONFIG_PTE_MARKER_UFFD_WP=y
CONFIG_ANON_VMA_NAME=y
CONFIG_SHMEM=y
CONFIG_BLOCK=y
CONFIG_SWAP=y
CONFIG_MEMFD_CREATE=y
CONFIG_HUGETLBFS=y
CONFIG_TRANSPARENT_HUGEPAGE=y
CONFIG_MIGRATION=y
CONFIG_COMPACTION=y
CONFIG_PROC_FS=y
CONFIG_SYSFS=y
CONFIG_X86_INTEL_MEMORY_PROTECTION_KEYS=y
CONFIG_DEFAULT_MMAP_MIN_ADDR=4096
# CONFIG_BUG is not set
# CONFIG_CPU_MITIGATIONS is not set
# CONFIG_JUMP_LABEL is not set
# CONFIG_SECURITY is not set
)";

/// As the kernel's own flags are where they change what code means; and a shared object of which
/// one name is seen.
constexpr std::string_view kFlags =
    "-fshort-wchar -funsigned-char -fno-common -fPIC -fvisibility=hidden -fno-strict-aliasing "
    "-std=gnu11 -fms-extensions -fno-delete-null-pointer-checks -fno-strict-overflow "
    "-fno-stack-protector -ffunction-sections -fdata-sections -O1 "
    "-Werror=implicit-function-declaration -Werror=int-conversion "
    "-Werror=incompatible-pointer-types";

std::expected<void, ToolFault> write_if_changed(const fs::path& path, std::string_view text) {
  {
    std::ifstream old{path, std::ios::binary};
    std::ostringstream content;
    if (old.is_open()) {
      content << old.rdbuf();
      if (content.str() == text) return {};
    }
  }
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file{path, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  if (!file) return failed(path, "it cannot be written");
  return {};
}

std::string object_of(const TreePart& part) {
  std::string name{part.file.substr(0, part.file.size() - 2)};
  std::ranges::replace(name, '/', '_');
  return name + ".o";
}

/// A link for each entry of a directory but those named.
std::expected<void, ToolFault> link_entries(const fs::path& from, const fs::path& to,
                                            const std::set<std::string>& but) {
  std::error_code error;
  fs::create_directories(to, error);
  for (const auto& entry : fs::directory_iterator{from, error}) {
    const auto name = entry.path().filename().string();
    if (but.contains(name) || fs::exists(fs::symlink_status(to / name, error))) continue;
    fs::create_symlink(entry.path(), to / name, error);
    if (error) return failed(to / name, error.message());
  }
  if (error) return failed(from, error.message());
  return {};
}

class Build {
 public:
  Build(TreeSource source, fs::path directory, const TreeOptions& options)
      : source_(std::move(source)), directory_(std::move(directory)), options_(options) {}

  std::expected<fs::path, ToolFault> run() {
    if (auto there = find_parts(); !there) return std::unexpected(there.error());
    if (auto written = write_sources(); !written) return std::unexpected(written.error());
    if (auto made = configure(); !made) return std::unexpected(made.error());
    const auto is_made = run_command({"make", "-q", "-C", directory_.string(), "first.so"});
    if (!is_made || is_made->status != 0) say("compiling the tree's memory calls");
    if (auto made = make("first.so"); !made) return std::unexpected(made.error());
    if (auto named = name_what_is_missing(); !named) return std::unexpected(named.error());
    if (auto made = make("tree.so"); !made) return std::unexpected(made.error());
    return directory_ / "tree.so";
  }

 private:
  void say(std::string_view what) const {
    if (options_.on_step) options_.on_step(what);
  }

  /// The parts that this tree has.
  std::expected<void, ToolFault> find_parts() {
    std::string missing;
    for (const TreePart& part : tree_parts()) {
      if (!part.beside.empty() && !source_.has(part.beside)) continue;
      if (source_.has(part.file)) {
        parts_.push_back(part);
      } else if (!part.may_be_absent) {
        missing += fmt::format("{}{}", missing.empty() ? "" : ", ", part.file);
      }
    }
    if (missing.empty()) return {};
    return failed(source_.directory(),
                  fmt::format("{}: not there, expected where the kernel's source has it", missing));
  }

  std::expected<void, ToolFault> write_sources() {
    for (const GlueFile& file : glue_files()) {
      if (auto written = write_if_changed(directory_ / kGlue / file.name, file.text); !written)
        return written;
    }
    const auto probes = probe(source_);
    if (!probes) return std::unexpected(probes.error());
    if (auto written = write_if_changed(directory_ / "probes.h", *probes); !written) return written;
    const auto gup = source_.read("mm/gup.c");
    if (!gup) return std::unexpected(gup.error());
    const auto cut = without_body(*gup, "follow_page_mask");
    if (!cut) return failed(source_.directory() / "mm/gup.c", cut.error());
    if (auto written = write_if_changed(
            directory_ / "gup.c",
            fmt::format("#line 1 \"{}\"\n{}", (source_.directory() / "mm/gup.c").string(), *cut));
        !written)
      return written;
    if (auto written = write_if_changed(directory_ / "configuration", kConfiguration); !written)
      return written;
    if (auto written = write_if_changed(directory_ / "missing.c", ""); !written) return written;
    return write_if_changed(directory_ / "Makefile", makefile());
  }

  /// The tree, or where somebody has built in it, links to all of it but what was built: a kernel
  /// is not configured elsewhere while it is configured in its source.
  std::expected<fs::path, ToolFault> clean_view() const {
    const auto& tree = source_.directory();
    if (!source_.has(".config") && !source_.has("include/config") &&
        !source_.has("arch/x86/include/generated"))
      return tree;
    auto view = directory_ / "view";
    std::error_code error;
    fs::remove_all(view, error);
    for (const auto& [below, but] : std::vector<std::pair<std::string, std::set<std::string>>>{
             {"", {"include", "arch", ".config", ".config.old", "view"}},
             {"include", {"config", "generated"}},
             {"arch", {"x86"}},
             {"arch/x86", {"include"}},
             {"arch/x86/include", {"generated"}}}) {
      if (auto linked = link_entries(tree / below, view / below, but); !linked)
        return std::unexpected(linked.error());
    }
    return view;
  }

  std::expected<void, ToolFault> configure() {
    const auto stamp = directory_ / "configured";
    std::error_code error;
    const auto is_older = [&](const fs::path& file) {
      const auto time = fs::last_write_time(file, error);
      return error || time > fs::last_write_time(stamp, error) || error;
    };
    if (fs::exists(stamp, error) && !is_older(directory_ / "configuration") &&
        !is_older(source_.directory() / "Makefile") &&
        !is_older(source_.directory() / "mm/Kconfig") &&
        !is_older(source_.directory() / "arch/x86/Kconfig"))
      return {};
    say("configuring a kernel out of the tree's directory");
    const auto view = clean_view();
    if (!view) return std::unexpected(view.error());
    const std::vector<std::string> common{"make",
                                          "-s",
                                          fmt::format("-j{}", std::thread::hardware_concurrency()),
                                          "-C",
                                          view->string(),
                                          "ARCH=x86_64",
                                          "O=" + (directory_ / "o").string()};
    auto first = common;
    first.insert(first.end(),
                 {"KCONFIG_ALLCONFIG=" + (directory_ / "configuration").string(), "allnoconfig"});
    auto second = common;
    second.emplace_back("prepare0");
    for (const auto& words : {first, second}) {
      if (auto ran = command(words, "its configuration"); !ran) return ran;
    }
    std::ofstream{stamp} << "\n";
    return {};
  }

  std::expected<void, ToolFault> make(const std::string& target) {
    return command({"make", "-s", fmt::format("-j{}", std::thread::hardware_concurrency()), "-C",
                    directory_.string(), target},
                   "it does not compile with the glue");
  }

  /// Runs it; where it fails, the first error is told, and where all that it said is.
  std::expected<void, ToolFault> command(const std::vector<std::string>& words,
                                         std::string_view what) {
    CommandWatch watch;
    watch.interrupted = options_.interrupted;
    const auto result = run_command(words, directory_.string(), watch);
    if (!result) return std::unexpected(result.error());
    if (options_.interrupted && options_.interrupted())
      return std::unexpected(ToolFault{"interrupted"});
    if (result->status == 0) return {};
    const auto log = directory_ / "log";
    std::ofstream{log} << result->output << result->errors;
    return failed(source_.directory(), fmt::format("{}: {} (all of it: {})", what,
                                                   first_error(result->errors), log.string()));
  }

  static std::string first_error(const std::string& text) {
    std::istringstream lines{text};
    std::string line;
    std::string first;
    while (std::getline(lines, line)) {
      if (first.empty() && !line.empty()) first = line;
      if (line.contains("error:") || line.contains("undefined reference") ||
          line.contains("multiple definition") || line.contains("not found"))
        return line;
    }
    return first;
  }

  std::expected<void, ToolFault> name_what_is_missing() {
    const auto first = (directory_ / "first.so").string();
    const auto undefined = run_command({"nm", "-u", "-j", first});
    if (!undefined) return std::unexpected(undefined.error());
    const auto relocations = run_command({"readelf", "-rW", first});
    if (!relocations) return std::unexpected(relocations.error());
    // A function that is called is reached by a jump slot.
    std::set<std::string> called;
    {
      std::istringstream lines{relocations->output};
      std::string line;
      while (std::getline(lines, line)) {
        if (!line.contains("JUMP_SLOT") && !line.contains("JUMP_SLO")) continue;
        std::istringstream words{line};
        std::string word;
        for (int i = 0; i < 5 && words >> word; ++i) {
        }
        called.insert(word.substr(0, word.find('@')));
      }
    }
    std::string text = "#include \"kernel/tree/glue/missing.h\"\n";
    std::istringstream names{undefined->output};
    std::string name;
    while (names >> name) {
      // Those with a version are the C library's; of these a sanitizer has some of its own.
      const bool is_of_others =
          name.contains('@') || std::ranges::any_of(kOthersBeginnings, [&](std::string_view start) {
            return name.starts_with(start);
          });
      if (is_of_others || std::ranges::find(kLibraryFunctions, name) != kLibraryFunctions.end())
        continue;
      text += fmt::format("{}({})\n", called.contains(name) ? "MISSING_FUNCTION" : "MISSING_OBJECT",
                          name);
    }
    return write_if_changed(directory_ / "missing.c", text);
  }

  [[nodiscard]] std::string makefile() const {
    const auto tree = source_.directory().string();
    std::string text = fmt::format(
        "TREE := {0}\nO := $(CURDIR)/o\nCC := gcc{2}\n"
        "INCLUDES := -nostdinc -I$(CURDIR) -I$(TREE) -I$(TREE)/arch/x86/include "
        "-I$(O)/arch/x86/include/generated -I$(TREE)/include -I$(O)/include "
        "-I$(TREE)/arch/x86/include/uapi -I$(O)/arch/x86/include/generated/uapi "
        "-I$(TREE)/include/uapi -I$(O)/include/generated/uapi "
        "-include $(TREE)/include/linux/compiler-version.h "
        "-include $(TREE)/include/linux/kconfig.h "
        "-include $(TREE)/include/linux/compiler_types.h -D__KERNEL__ "
        "-include $(CURDIR)/kernel/tree/glue/prefix.h -include $(CURDIR)/probes.h\n"
        "FLAGS := {1}\n"
        "COMPILE = $(CC) $(INCLUDES) $(FLAGS) -MD -MP -DKBUILD_MODFILE='\"$*\"' "
        "-DKBUILD_BASENAME='\"$*\"' -DKBUILD_MODNAME='\"$*\"' -D__KBUILD_MODNAME=kmod_$* "
        "-DVMADIFF_CUT_GUP='\"$(CURDIR)/gup.c\"' -c -o $@ $<\n",
        tree, kFlags,
        fmt::format(
            "{}{}",
            options_.sanitize.empty() ? "" : fmt::format(" -g1 -fsanitize={}", options_.sanitize),
            options_.coverage ? " --coverage -DVMADIFF_COVERAGE" : ""));
    std::string objects;
    for (const TreePart& part : parts_) {
      const auto object = object_of(part);
      const auto folder = fs::path{part.file}.parent_path().string();
      objects += " " + object;
      const auto source = part.wrapper.empty() ? fmt::format("$(TREE)/{}", part.file)
                                               : fmt::format("{}/{}", kGlue, part.wrapper);
      text += fmt::format("{0}: {1} configured Makefile\n\t$(COMPILE:-c=-I$(TREE)/{2} {3} -c)\n",
                          fmt::format("{}", object), source, folder, part.flags);
    }
    for (const GlueFile& file : glue_files()) {
      const bool wraps = std::ranges::any_of(
          tree_parts(), [&](const TreePart& part) { return part.wrapper == file.name; });
      if (!file.name.ends_with(".c") || wraps) continue;
      const auto object = fmt::format("glue_{}.o", file.name.substr(0, file.name.size() - 2));
      objects += " " + object;
      text += fmt::format("{}: {}/{} configured Makefile\n\t$(COMPILE:-c=-I$(TREE)/mm -c)\n",
                          object, kGlue, file.name);
    }
    text += fmt::format(
        "OBJECTS :={0}\n"
        "LINK = $(CC) -shared -Wl,--gc-sections -Wl,--version-script={1}/exports\n"
        "first.so: $(OBJECTS)\n\t$(LINK) -Wl,--unresolved-symbols=ignore-all -o $@ $^\n"
        "missing.o: missing.c\n\t$(CC) -I$(CURDIR) -fPIC -fvisibility=hidden -O1 -c -o $@ $<\n"
        "tree.so: $(OBJECTS) missing.o\n\t$(LINK) -Wl,-z,defs -o $@.new $^\n\tmv $@.new $@\n"
        "-include $(OBJECTS:.o=.d)\n",
        objects, kGlue);
    return text;
  }

  TreeSource source_;
  fs::path directory_;
  const TreeOptions& options_;
  std::vector<TreePart> parts_;
};

}  // namespace

std::expected<BuiltTree, ToolFault> build_tree(const fs::path& tree, const TreeOptions& options) {
  // A sanitizer's runtime is for this program alone (sanitizer.h).
  ::unsetenv("LD_PRELOAD");  // NOLINT(concurrency-mt-unsafe)
  for (const char* program : {"make", "gcc", "flex", "bison", "bc", "nm", "readelf"}) {
    if (program_path(program).empty()) {
      return failed(program,
                    "not installed, and a tree is built with it: apt-get install make gcc "
                    "flex bison bc binutils");
    }
  }
  std::error_code error;
  const auto path = fs::canonical(tree, error);
  if (error) return failed(tree, error.message() + ": expected the directory of a kernel's source");
  if (path.string().find_first_of(" '\"$#:\\") != std::string::npos)
    return failed(path, "make cannot be told a path with such letters in it: give it a link");
  TreeSource source{path};
  const auto version = source.version();
  if (!version) return std::unexpected(version.error());
  const auto cache = cache_directory();
  if (!cache) return std::unexpected(cache.error());
  // One for each place: within it make knows what has changed.
  const auto directory =
      *cache / "trees" /
      fmt::format("{}-{:016x}{}{}{}", path.filename().string(),
                  std::hash<std::string>{}(path.string()), options.sanitize.empty() ? "" : "-",
                  options.sanitize, options.coverage ? "-coverage" : "");
  fs::create_directories(directory, error);
  if (error) return failed(directory, error.message());
  const auto lock = (directory / "lock").string();
  const Descriptor alone{::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!alone.is_open()) return failed(lock, std::strerror(errno));
  while (::flock(alone.number(), LOCK_EX) != 0 && errno == EINTR) {
  }
  auto object = Build{std::move(source), directory, options}.run();
  if (!object) return std::unexpected(object.error());
  return BuiltTree{*std::move(object), *version};
}

}  // namespace vmadiff::kernel
