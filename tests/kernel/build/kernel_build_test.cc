// tests of kernel/build: a build from beginning to end, of a tree that pretends: its Makefile makes
// what a kernel's would, out of one file that the compiler sees. real_build_test.py builds a real
// one.
#include "kernel/build/kernel_build.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "../store/store_fixture.h"
#include "kernel/build/clean_view.h"
#include "kernel/store/built_kernels.h"
#include "kernel/store/command.h"
#include "kernel/store/kernel_source.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

/// Takes what it is told, but for the symbols of the file "drops".
constexpr const char* kMakefile = R"(O ?= .
allnoconfig:
	@mkdir -p $(O)
	@grep -v -w -f drops $(KCONFIG_ALLCONFIG) > $(O)/.config
	@mkdir -p $(O)/include/config
	@printf 'deps_config := \\\n\tKconfig \\\n\tmm/Kconfig\n' > $(O)/include/config/auto.conf.cmd
bzImage: $(O)/arch/x86/boot/bzImage
$(O)/arch/x86/boot/bzImage: $(O)/vma.o image
	@mkdir -p $(dir $@)
	@echo "  BUILD   $@"
	@cp image $@
$(O)/vma.o: mm/vma.c
	@echo "  CC      mm/vma.o"
	@gcc -c -o $@ $<
)";

class KernelBuildTest : public StoreTest {
 protected:
  void SetUp() override {
    for (const char* program : {"make", "gcc", "flex", "bison", "bc", "perl"}) {
      if (program_path(program).empty()) GTEST_SKIP() << program << " is not installed";
    }
    if (run_command({"gcc", "-E", "-include", "gelf.h", "-x", "c", "/dev/null"})->status != 0)
      GTEST_SKIP() << "libelf-dev is not installed";
    if (const char* const was = std::getenv("XDG_CACHE_HOME")) cache_ = was;
    ::setenv("XDG_CACHE_HOME", (directory_ / "cache").c_str(), 1);
    tree_ = make_tree("linux");
  }
  void TearDown() override {
    if (cache_.empty()) {
      ::unsetenv("XDG_CACHE_HOME");
    } else {
      ::setenv("XDG_CACHE_HOME", cache_.c_str(), 1);
    }
  }

  fs::path make_tree(const fs::path& name) {
    (void)write(name / "Makefile", kMakefile);
    (void)write(name / "Kconfig", "");
    (void)write(name / "mm/Kconfig", "config KSM\n\tbool\n");
    (void)write(name / "arch/x86/Kconfig", "");
    (void)write(name / "drivers/virtio/virtio.c", "");
    (void)write(name / "drops", "no_such_symbol\n");
    (void)write(name / "mm/vma.c", "int vma;\n");
    (void)write_kernel(name / "image", "9.9.1-pretends");
    return directory_ / name;
  }

  /// Each file with its time, so that a tree can be seen to be as it was.
  static std::map<std::string, fs::file_time_type> all_of(const fs::path& tree) {
    std::map<std::string, fs::file_time_type> files;
    for (const auto& entry : fs::recursive_directory_iterator{tree})
      files.emplace(entry.path().string(), entry.last_write_time());
    return files;
  }

  std::expected<StoredKernel, spec::ToolFault> build(KernelBuildOptions options = {}) {
    lines_.clear();
    steps_.clear();
    remarks_.clear();
    if (options.name.empty()) options.name = built_name_of(tree_, "");
    options.on_line = [this](std::string_view line) { lines_.emplace_back(line); };
    options.on_step = [this](std::string_view what) { steps_.emplace_back(what); };
    options.on_remark = [this](std::string_view what) { remarks_.emplace_back(what); };
    return build_kernel(tree_, options);
  }
  static KernelBuildOptions wishing(const Wish& wish) {
    KernelBuildOptions options;
    options.more = {wish};
    return options;
  }
  static KernelBuildOptions named(const std::string& name) {
    KernelBuildOptions options;
    options.name = name;
    return options;
  }
  static KernelBuildOptions interrupted() {
    KernelBuildOptions options;
    options.interrupted = [] { return true; };
    return options;
  }
  [[nodiscard]] bool configured() const {
    return std::ranges::find(steps_, "configuring") != steps_.end();
  }
  [[nodiscard]] bool compiled() const {
    return std::ranges::find(lines_, "  CC      mm/vma.o") != lines_.end();
  }

  fs::path tree_;
  std::vector<std::string> lines_;
  std::vector<std::string> steps_;
  std::vector<std::string> remarks_;
  std::string cache_;
};

TEST_F(KernelBuildTest, TheKernelIsKeptByNameAndTheTreeStaysAsItWas) {
  const auto before = all_of(tree_);
  const auto built = build();
  ASSERT_TRUE(built) << built.error().message;
  EXPECT_EQ(built->name, "built-linux");
  EXPECT_EQ(built->release, "9.9.1-pretends");
  EXPECT_EQ(find_kernel("built-linux").value(), built->image);
  EXPECT_EQ(tree_of_built("built-linux"), tree_);
  EXPECT_EQ(all_of(tree_), before);
  ASSERT_EQ(built_kernels().size(), 1U);
  EXPECT_TRUE(stored_kernels().empty()) << "those that were fetched";
  EXPECT_EQ(remarks_, std::vector<std::string>{});
}

TEST_F(KernelBuildTest, ASecondTimeWhatWasChangedIsCompiled) {
  ASSERT_TRUE(build());
  EXPECT_TRUE(compiled());
  ASSERT_TRUE(build());
  EXPECT_FALSE(compiled());
  fs::last_write_time(tree_ / "mm/vma.c", fs::file_time_type::clock::now() + std::chrono::hours{1});
  ASSERT_TRUE(build());
  EXPECT_TRUE(compiled());
}

TEST_F(KernelBuildTest, ItIsConfiguredAgainWhereSomethingElseWouldComeOfIt) {
  ASSERT_TRUE(build());
  EXPECT_TRUE(configured());
  ASSERT_TRUE(build());
  EXPECT_FALSE(configured());
  ASSERT_TRUE(build(wishing({"MINE", "y"})));
  EXPECT_TRUE(configured()) << "something else is wished";
  ASSERT_TRUE(build(wishing({"MINE", "y"})));
  EXPECT_FALSE(configured());
  fs::last_write_time(tree_ / "mm/Kconfig",
                      fs::file_time_type::clock::now() + std::chrono::hours{1});
  ASSERT_TRUE(build(wishing({"MINE", "y"})));
  EXPECT_TRUE(configured()) << "a Kconfig file was changed";
}

TEST_F(KernelBuildTest, TheCompilersFirstErrorIsToldAndTheKernelBeforeIsKept) {
  ASSERT_TRUE(build());
  (void)write("linux/mm/vma.c", "int one = first;\nint two = none;\n");
  const auto built = build();
  ASSERT_FALSE(built);
  const auto& message = built.error().message;
  EXPECT_TRUE(message.starts_with(tree_.string() + ": it does not compile (all of it: "))
      << message;
  EXPECT_NE(message.find("mm/vma.c:1:11: error: "), std::string::npos) << message;
  EXPECT_NE(message.find("| int one = first;"), std::string::npos) << message;
  EXPECT_EQ(message.find("none"), std::string::npos) << "one error: " << message;
  EXPECT_TRUE(find_kernel("built-linux"));
}

TEST_F(KernelBuildTest, WhatTheTreeDoesNotTakeIsToldByName) {
  (void)write("linux/drops", "CONFIG_KSM\nCONFIG_ANON_VMA_NAME\nCONFIG_PROC_SYSCTL\n");
  ASSERT_TRUE(build());
  EXPECT_EQ(remarks_, (std::vector<std::string>{
                          "without CONFIG_KSM=y: its Kconfig files have it, and not with this "
                          "value beside the others",
                          "without CONFIG_ANON_VMA_NAME=y: no Kconfig file of the tree has it"}));
}

TEST_F(KernelBuildTest, WhatWasWishedBesidesMustBeTaken) {
  (void)write("linux/drops", "CONFIG_MINE\n");
  const auto refused = build(wishing({"MINE", "y"}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, tree_.string() +
                                         ": it does not take CONFIG_MINE=y: no Kconfig file of the "
                                         "tree has it");
  EXPECT_FALSE(compiled());
  (void)write("linux/drops", "CONFIG_KSM\n");
  ASSERT_TRUE(build(wishing({"KSM", "n"})));
  EXPECT_EQ(remarks_, std::vector<std::string>{}) << "it was wished so";
}

TEST_F(KernelBuildTest, ANameIsOfOneTree) {
  ASSERT_TRUE(build());
  const auto first = tree_;
  tree_ = make_tree("other/linux");
  const auto refused = build();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "built-linux: that name has a kernel of " + first.string() +
                                         ": --as gives this one another");
  EXPECT_TRUE(build(named("built-mine")));
  EXPECT_EQ(built_kernels().size(), 2U);
}

TEST_F(KernelBuildTest, WhoInterruptsGetsNothingAndLosesNothing) {
  ASSERT_TRUE(build());
  (void)write_kernel("linux/image", "9.9.2-pretends");
  const auto built = build(interrupted());
  ASSERT_FALSE(built);
  EXPECT_EQ(built.error().message, tree_.string() + ": interrupted");
  EXPECT_EQ(built_kernels().front().release, "9.9.1-pretends");
  ASSERT_TRUE(build());
  EXPECT_EQ(built_kernels().front().release, "9.9.2-pretends");
}

TEST_F(KernelBuildTest, WhatIsNoSourceIsToldWithWhatIsMissing) {
  fs::remove(tree_ / "drivers/virtio/virtio.c");
  EXPECT_EQ(
      build().error().message,
      tree_.string() +
          ": drivers/virtio/virtio.c is not there, expected where the kernel's source has it");
  const auto fetched = make_tree("cache/vmadiff/sources/linux-9.9");
  fs::remove(fetched / "drivers/virtio/virtio.c");
  tree_ = fetched;
  EXPECT_TRUE(build().error().message.ends_with(": vmadiff kernels fetch linux-9.9"));
}

TEST_F(KernelBuildTest, ATreeThatWasBuiltInIsLinkedToWithoutItsObjects) {
  (void)write("linux/.config", "CONFIG_MINE=y\n");
  const auto refused = build();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("mrproper"), std::string::npos);
  if (program_path("git").empty()) GTEST_SKIP() << "git is not installed";
  (void)write("linux/.gitignore", "*.o\n.config\n");
  const auto git = [this](std::vector<std::string> words) {
    words.insert(words.begin(), {"git", "-C", tree_.string()});
    return run_command(words)->status;
  };
  ASSERT_EQ(git({"init", "-q"}), 0);
  ASSERT_EQ(git({"add", "."}), 0);
  (void)write("linux/mm/new.c", "");
  (void)write("linux/mm/vma.o", "theirs");
  ASSERT_TRUE(build());
  const auto view = directory_ / "view";
  ASSERT_TRUE(link_sources(tree_, view));
  EXPECT_TRUE(fs::exists(view / "mm/new.c"));
  EXPECT_FALSE(fs::exists(view / "mm/vma.o"));
  EXPECT_FALSE(fs::exists(view / ".config"));
  EXPECT_EQ(fs::read_symlink(view / "mm/vma.c"), tree_ / "mm/vma.c");
  fs::remove(tree_ / "mm/new.c");
  fs::remove(tree_ / "drops");
  ASSERT_TRUE(link_sources(tree_, view));
  EXPECT_FALSE(fs::is_symlink(view / "mm/new.c"));
  EXPECT_FALSE(fs::is_symlink(view / "drops"));
  EXPECT_TRUE(fs::exists(view / "mm/vma.c"));
}

TEST(BuiltNames, AreOfTheTreesDirectory) {
  EXPECT_EQ(built_name_of("/a/linux-7.3", ""), "built-linux-7.3");
  EXPECT_EQ(built_name_of("/a/my tree", "-debug"), "built-my_tree-debug");
  EXPECT_TRUE(is_built_name("built-linux-7.3"));
  for (const char* none : {"built-", "debian-6.12", "built-a/b", "built-a b"})
    EXPECT_FALSE(is_built_name(none)) << none;
  EXPECT_EQ(find_kernel("built-never").error(),
            "the kernel built-never is not here: vmadiff kernels build TREE builds one, and says "
            "its name");
}

}  // namespace
}  // namespace vmadiff::kernel
