// kernel/tree: the text of the Makefile, and of the kernel's configuration.
#include "kernel/tree/makefile.h"

#include <fmt/format.h>

#include <algorithm>

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

/// As the kernel's own flags are where they change what code means; and a shared object of which
/// one name is seen.
constexpr std::string_view kFlags =
    "-fshort-wchar -funsigned-char -fno-common -fPIC -fvisibility=hidden -fno-strict-aliasing "
    "-std=gnu11 -fms-extensions -fno-delete-null-pointer-checks -fno-strict-overflow "
    "-fno-stack-protector -ffunction-sections -fdata-sections -O1 "
    "-Werror=implicit-function-declaration -Werror=int-conversion "
    "-Werror=incompatible-pointer-types";

std::string object_of(const TreePart& part) {
  std::string name{part.file.substr(0, part.file.size() - 2)};
  std::ranges::replace(name, '/', '_');
  return name + ".o";
}

/// What it finds it says, and the run goes on to the end of the call. AddressSanitizer goes from
/// frame to frame to see who freed.
std::string sanitizer_flags(std::string_view words) {
  if (words.empty()) return {};
  // Alignment is no matter on x86, to the kernel's own UBSAN neither: the head of a list that is
  // empty is looked at as if it were in what the list is of.
  return fmt::format(
      " -g1 -fno-omit-frame-pointer -fsanitize={} -fsanitize-recover={} -fno-sanitize=alignment",
      words, words);
}

}  // namespace

std::string_view tree_configuration() {
  return R"(CONFIG_64BIT=y
CONFIG_EXPERT=y
CONFIG_SMP=y
CONFIG_NUMA=y
CONFIG_MMU=y
CONFIG_MULTIUSER=y
CONFIG_KSM=y
CONFIG_ADVISE_SYSCALLS=y
CONFIG_SPARSEMEM_VMEMMAP=y
CONFIG_PREEMPT=y
CONFIG_RELOCATABLE=y
CONFIG_RANDOMIZE_BASE=y
CONFIG_RANDOMIZE_MEMORY=y
CONFIG_USERFAULTFD=y
CONFIG_PTE_MARKER_UFFD_WP=y
CONFIG_USERFAULTFD_RWP=y
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
}

std::string tree_makefile(const fs::path& tree, std::span<const TreePart> parts,
                          const MakefileOptions& options) {
  std::string text = fmt::format(
      "TREE := {0}\nO := $(CURDIR)/o\nCC := gcc\n"
      "INCLUDES := -nostdinc -I$(CURDIR) -I$(TREE) -I$(TREE)/arch/x86/include "
      "-I$(O)/arch/x86/include/generated -I$(TREE)/include -I$(O)/include "
      "-I$(TREE)/arch/x86/include/uapi -I$(O)/arch/x86/include/generated/uapi "
      "-I$(TREE)/include/uapi -I$(O)/include/generated/uapi -D__KERNEL__ "
      "-DKBUILD_MODFILE='\"vmadiff\"' -DKBUILD_BASENAME='\"vmadiff\"' "
      "-DKBUILD_MODNAME='\"vmadiff\"' -D__KBUILD_MODNAME=kmod_vmadiff\n"
      "HEADERS := $(CURDIR)/{3}/headers.h\n"
      "FLAGS := {1}{2} -fmacro-prefix-map=$(TREE)/= -fdebug-prefix-map=$(TREE)/=\n"
      "GIVEN := $(INCLUDES) $(FLAGS) -DVMADIFF_CUT_GUP='\"$(CURDIR)/gup.c\"' "
      "-DVMADIFF_TREE_DIRECTORY='\"$(TREE)/\"'\n"
      // Where a file is given more than the others, gcc reads them as text.
      "COMPILE = $(CC) -include $(HEADERS) $(GIVEN) -MD -MP -c -o $@ $<\n"
      "all: first.so\n"
      "$(HEADERS).gch: $(HEADERS) configured Makefile\n"
      "\t$(CC) $(GIVEN) -MD -MP -MF headers.d -x c-header -o $@ $<\n"
      "-include headers.d\n",
      tree.string(), kFlags,
      fmt::format("{}{}{}", sanitizer_flags(options.sanitize),
                  options.coverage ? " --coverage -DVMADIFF_COVERAGE" : "",
                  options.tells_blocks ? " -DVMADIFF_COUNTS_BLOCKS" : ""),
      kGlueFolder);
  std::string objects;
  for (const TreePart& part : parts) {
    const auto object = object_of(part);
    const auto folder = fs::path{part.file}.parent_path().string();
    objects += " " + object;
    const auto source = part.wrapper.empty() ? fmt::format("$(TREE)/{}", part.file)
                                             : fmt::format("{}/{}", kGlueFolder, part.wrapper);
    text += fmt::format(
        "{0}: {1} $(HEADERS).gch configured Makefile\n\t$(COMPILE:-c=-I$(TREE)/{2} {3}{4} -c)\n",
        object, source, folder, part.flags,
        options.tells_blocks ? " -fsanitize-coverage=trace-pc" : "");
  }
  for (const GlueFile& file : glue_files()) {
    const bool wraps = std::ranges::any_of(
        tree_parts(), [&](const TreePart& part) { return part.wrapper == file.name; });
    if (!file.name.ends_with(".c") || wraps) continue;
    const auto object = fmt::format("glue_{}.o", file.name.substr(0, file.name.size() - 2));
    objects += " " + object;
    text += fmt::format(
        "{}: {}/{} $(HEADERS).gch configured Makefile\n\t$(COMPILE:-c=-I$(TREE)/mm -c)\n", object,
        kGlueFolder, file.name);
  }
  text += fmt::format(
      "OBJECTS :={0}\n"
      "LINK = $(CC){2} -shared -Wl,--gc-sections -Wl,--version-script={1}/exports\n"
      "first.so: $(OBJECTS)\n\t$(LINK) -Wl,--unresolved-symbols=ignore-all -o $@ $^\n"
      "missing.o: missing.c\n\t$(CC) -I$(CURDIR) -fPIC -fvisibility=hidden -O1 -c -o $@ $<\n"
      "tree.so: $(OBJECTS) missing.o\n\t$(LINK){3} -o $@.new $^\n\tmv $@.new $@\n"
      "-include $(OBJECTS:.o=.d)\n",
      objects, kGlueFolder, options.coverage ? " --coverage" : "",
      // AddressSanitizer's runtime is the process's own, whose-ever it is.
      options.sanitize.contains("address") ? "" : " -Wl,-z,defs");
  return text;
}

}  // namespace vmadiff::kernel
