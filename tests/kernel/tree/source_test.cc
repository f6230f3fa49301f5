// tests/kernel: what is read of a kernel's source, and what is said where it is another than
// expected.
#include "kernel/tree/source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/store/kernel_source.h"
#include "kernel/tree/build.h"
#include "kernel/tree/coverage.h"
#include "kernel/tree/own_tests.h"
#include "kernel/tree/parts.h"
#include "kernel/tree/probes.h"
#include "kernel/tree/sanitizer.h"
#include "kernel/tree/source_lines.h"
#include "kernel/tree/tree.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kText = R"(int other(int a);
/* first() is called below */
static int first(struct mm *mm,
		unsigned long address)
{
	if (address) {
		return other(1);
	}
	return first_of_all(2);
}

struct vma *second(void)
{
	return first(NULL, 0);
}
)";

TEST(TreeSource, AFunctionIsFoundWhereItIsDefined) {
  const auto first = find_function(kText, "first");
  ASSERT_TRUE(first) << first.error();
  const auto text = kText.substr(first->begin, first->end - first->begin);
  EXPECT_TRUE(text.starts_with("static int first("));
  EXPECT_TRUE(text.ends_with("return first_of_all(2);\n}\n"));
  const auto second = find_function(kText, "second");
  ASSERT_TRUE(second) << second.error();
  EXPECT_EQ(kText.substr(second->begin),
            "struct vma *second(void)\n{\n\treturn first(NULL, 0);\n}\n");
  EXPECT_EQ(find_function(kText, "other").error(), "no definition of other()");
  EXPECT_EQ(find_function(kText, "third").error(), "no definition of third()");
}

TEST(TreeSource, WithoutItsBodyAFunctionIsDeclaredAndLinesStayWhereTheyAre) {
  const auto cut = without_body(kText, "first");
  ASSERT_TRUE(cut) << cut.error();
  EXPECT_TRUE(cut->contains("unsigned long address);\n"));
  EXPECT_FALSE(cut->contains("first_of_all"));
  const auto line_of = [](std::string_view text) {
    return std::ranges::count(text.substr(0, text.find("struct vma *second")), '\n');
  };
  EXPECT_EQ(line_of(*cut), line_of(kText));
  EXPECT_EQ(without_body(kText, "third").error(), "no definition of third()");
}

TEST(TreeSource, ParametersAreToldEachInALine) {
  const auto parameters = parameters_of(kText, "first");
  ASSERT_TRUE(parameters) << parameters.error();
  EXPECT_EQ(*parameters, (std::vector<std::string>{"struct mm *mm", "unsigned long address"}));
}

/// A directory with a kernel's files that have next to nothing in them, and a cache of its own.
class ATree : public testing::Test {
 protected:
  ATree() {
    std::string name = fs::temp_directory_path() / "vmadiff-tree-XXXXXX";
    directory_ = ::mkdtemp(name.data());
    ::setenv("XDG_CACHE_HOME", (directory_ / "cache").c_str(), 1);  // NOLINT: no thread is there
    write("Makefile", "# SPDX\nVERSION = 7\nPATCHLEVEL = 9\nSUBLEVEL = 1\n");
    write("mm/gup.c",
          "static struct page *follow_page_mask(struct vm_area_struct *vma,\n\t\tunsigned long a, "
          "unsigned int flags,\n\t\tunsigned long *page_mask)\n{\n\treturn NULL;\n}\n");
  }
  ~ATree() override {
    ::unsetenv("XDG_CACHE_HOME");  // NOLINT: no thread is there
    fs::remove_all(directory_);
  }

  void write(const std::string& file, std::string_view text) const {
    fs::create_directories((directory_ / file).parent_path());
    std::ofstream{directory_ / file} << text;
  }
  void write_parts() const {
    for (const TreePart& part : tree_parts()) {
      if (part.file != "mm/gup.c") write(std::string{part.file}, "\n");
    }
  }
  [[nodiscard]] std::string refusal() const {
    const auto built = build_tree(directory_);
    return built ? "" : built.error().message;
  }
  [[nodiscard]] fs::path directory() const { return directory_; }

 private:
  fs::path directory_;
};

TEST_F(ATree, SaysItsVersion) { EXPECT_EQ(TreeSource{directory()}.version().value(), "7.9.1"); }

TEST_F(ATree, IsRefusedWithoutAMakefileOfAKernel) {
  write("Makefile", "all:\n");
  EXPECT_EQ(refusal(), directory().string() +
                           ": no kernel's source: its Makefile has no VERSION and PATCHLEVEL");
}

TEST_F(ATree, IsRefusedByTheNamesOfFilesThatMoved) {
  write_parts();
  fs::rename(directory() / "mm/vma.c", directory() / "mm/vma_core.c");
  fs::remove(directory() / "lib/maple_tree.c");
  const auto words = refusal();
  EXPECT_TRUE(words.contains("mm/vma.c, lib/maple_tree.c: not there")) << words;
}

TEST_F(ATree, IsRefusedByTheNameOfAFunctionThatIsGone) {
  write_parts();
  write("mm/gup.c", "static struct page *look_up_page(struct vm_area_struct *vma)\n{\n}\n");
  const auto words = refusal();
  EXPECT_TRUE(words.contains("mm/gup.c: no definition of follow_page_mask()")) << words;
}

TEST_F(ATree, IsAskedAndNotItsVersion) {
  write("include/linux/slab.h", "kmem_cache_prefill_sheaf(");
  const auto with = probe(TreeSource{directory()});
  ASSERT_TRUE(with) << with.error().message;
  EXPECT_TRUE(with->contains("#define VMADIFF_HAS_SHEAVES\n"));
  EXPECT_TRUE(with->contains("#define VMADIFF_FOLLOW_PAGE_CONTEXT unsigned long *page_mask\n"));
  write("include/linux/slab.h", "");
  EXPECT_FALSE(probe(TreeSource{directory()})->contains("VMADIFF_HAS_SHEAVES"));
}

// Else a break of the whole address space is gone through page by page, for minutes.
TEST_F(ATree, HasLittleMemoryWhereKsmGoesPageByPage) {
  write("mm/ksm.c",
        "static int break_ksm(struct vm_area_struct *vma, unsigned long addr, bool lock_vma)\n");
  const auto by_page = traits_of(TreeSource{directory()});
  EXPECT_TRUE(by_page.unmerges_by_page);
  EXPECT_EQ(tree_setup(by_page).overcommit_pages, 1U << 18U);
  write("mm/ksm.c",
        "static int break_ksm(struct vm_area_struct *vma, unsigned long addr,\n"
        "\t\tunsigned long end, bool lock_vma)\n");
  const auto by_range = traits_of(TreeSource{directory()});
  EXPECT_FALSE(by_range.unmerges_by_page);
  EXPECT_EQ(tree_setup(by_range).overcommit_pages, spec::Setup::standard().overcommit_pages);
}

TEST(OwnTests, AreCountedAndThoseThatFailedAreNamed) {
  const auto all = own_tests_in("26 tests run, 26 passed, 0 failed.\n", "");
  ASSERT_TRUE(all) << all.error();
  EXPECT_EQ(text(*all), "26 of 26");
  const auto some = own_tests_in("26 tests run, 24 passed, 2 failed.\n",
                                 "Assert FAILED at tests/merge.c:12:test_simple_merge()\n"
                                 "Test simple_merge FAILED\nTest copy_vma FAILED\n");
  ASSERT_TRUE(some) << some.error();
  EXPECT_EQ(text(*some), "24 of 26: simple_merge, copy_vma failed");
}

TEST(OwnTests, ThatEndEarlyAreAFault) {
  EXPECT_EQ(own_tests_in("", "").error(), "they ended before they said how many passed");
  EXPECT_EQ(own_tests_in("", "==1==ERROR: AddressSanitizer: heap-use-after-free\n").error(),
            "==1==ERROR: AddressSanitizer: heap-use-after-free");
}

class ATreeWithTests : public ATree {
 protected:
  ATreeWithTests() {
    write("mm/vma.c", "static int merged(void) { return 1; }\n");
    write("tools/scripts/Makefile.arch", "\n");
    write("tools/testing/vma/Makefile",
          "vma: main.c ../../../mm/vma.c\n\t$(CC) $(EXTRA_CFLAGS) -c -o main.o main.c\n"
          "\t$(CC) $(EXTRA_CFLAGS) -o vma main.o\n");
    write("tools/testing/vma/main.c",
          "#include <stdio.h>\n#include \"../../../mm/vma.c\"\nint main(void) {\n"
          "  if (!merged()) fprintf(stderr, \"Test merge FAILED\\n\");\n"
          "  printf(\"2 tests run, %d passed\\n\", 1 + merged());\n  return !merged();\n}\n");
    // Somebody has built them in the tree.
    write("tools/testing/vma/vma", "as it was");
  }
};

TEST_F(ATreeWithTests, TheyAreBuiltOutsideItAndAgainAfterAnEdit) {
  const auto held = run_own_tests(directory());
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(text(*held), "2 of 2");
  EXPECT_TRUE(TreeSource{directory()}.says("tools/testing/vma/vma", "as it was"));
  EXPECT_FALSE(TreeSource{directory()}.has("tools/testing/vma/main.o"));
  write("mm/vma.c", "static int merged(void) { return 0; }\n");
  fs::last_write_time(directory() / "mm/vma.c",
                      fs::file_time_type::clock::now() + std::chrono::seconds{2});
  const auto failing = run_own_tests(directory());
  ASSERT_TRUE(failing) << failing.error().message;
  EXPECT_EQ(text(*failing), "1 of 2: merge failed");
}

TEST_F(ATreeWithTests, WhatTheyRunIsCounted) {
  const auto counted = run_own_tests(directory(), CountCoverage::kYes);
  ASSERT_TRUE(counted) << counted.error().message;
  ASSERT_EQ(counted->coverage.size(), 1U);
  EXPECT_EQ(counted->coverage.front().file, "mm/vma.c");
  EXPECT_DOUBLE_EQ(counted->coverage.front().lines, 100);
}

TEST_F(ATreeWithTests, WhyTheyCannotBeBuiltIsToldInALine) {
  write("tools/testing/vma/main.c", "#include <urcu.h.is.not.there>\n");
  const auto lacking = run_own_tests(directory()).error().message;
  EXPECT_TRUE(lacking.contains("urcu.h.is.not.there: No such file")) << lacking;
  EXPECT_TRUE(lacking.ends_with("(apt-get install liburcu-dev)")) << lacking;
  EXPECT_EQ(lacking.find('\n'), std::string::npos);
  fs::remove(directory() / "tools/scripts/Makefile.arch");
  EXPECT_EQ(run_own_tests(directory()).error().message,
            directory().string() +
                ": tools/scripts/Makefile.arch: not there, and the tree's own "
                "unit tests need it");
}

TEST(Coverage, SharesAreRead) {
  constexpr std::string_view kWords =
      "File 'mm/vma.c'\nLines executed:85.31% of 1200\nTaken at least once:70.00% of 800\n";
  EXPECT_DOUBLE_EQ(share_in(kWords, "Lines executed:").percent, 85.31);
  EXPECT_EQ(share_in(kWords, "Lines executed:").count, 1200U);
  EXPECT_EQ(share_in(kWords, "Taken at least once:").count, 800U);
  EXPECT_EQ(share_in(kWords, "Calls executed:").count, 0U);
}

TEST(Sanitizer, IsOneOfTwoOrBoth) {
  for (const char* words : {"address", "undefined", "address,undefined"})
    EXPECT_TRUE(is_sanitizer(words)) << words;
  for (const char* words : {"", "thread", "undefined,address", "address,"})
    EXPECT_FALSE(is_sanitizer(words)) << words;
  EXPECT_TRUE(begin_with_runtime("undefined"));  // it needs none
}

TEST(Sanitizer, AReportIsSummedUpInALine) {
  EXPECT_EQ(summary_of_report("==1==ERROR\nSUMMARY: AddressSanitizer: heap-use-after-free x \n=="),
            "AddressSanitizer: heap-use-after-free x");
  EXPECT_EQ(summary_of_report("something else"), "AddressSanitizer");
}

TEST(Sanitizer, FramesBelowTheTreesAreNotShown) {
  constexpr std::string_view kReport =
      "READ of size 8\n"
      "    #0 0x1 in free (libasan.so+0x1)\n"
      "    #1 0x2  (/proc/self/fd//6+0x10)\n"
      "    #2 0x3 in vmadiff::check() (vmadiff+0x2)\n"
      "freed by thread T0 here:\n"
      "    #0 0x1 in free (libasan.so+0x1)\n";
  SourceLines places{"/nowhere/tree.so"};
  EXPECT_EQ(places.in(kReport),
            "READ of size 8\n"
            "    #0 0x1 in free (libasan.so+0x1)\n"
            "    #1 0x2  (/proc/self/fd//6+0x10)\n"
            "freed by thread T0 here:\n"
            "    #0 0x1 in free (libasan.so+0x1)\n");
}

TEST(KernelSource, NamesAreOfReleases) {
  EXPECT_TRUE(is_source_name("linux-7.3"));
  EXPECT_TRUE(is_source_name("linux-6.12"));
  for (const char* name : {"linux-7", "linux-7.3.4", "linux-", "linux-7.", "debian-7.3", "7.3"})
    EXPECT_FALSE(is_source_name(name)) << name;
}

TEST(KernelSource, TheNewestPackageIsTaken) {
  const auto offered = [](std::string name, std::string version) {
    OfferedPackage offer;
    offer.package.name = std::move(name);
    offer.package.version = std::move(version);
    return offer;
  };
  const std::vector<OfferedPackage> packages{
      offered("linux-source-7.2", "7.2.12-1"), offered("linux-source-7.2", "7.2.13-1"),
      offered("linux-source", "7.3.4-1"), offered("linux-source-6.12", "6.12.90-1")};
  EXPECT_EQ(choose_source(packages, "linux-7.2")->package.version, "7.2.13-1");
  EXPECT_EQ(choose_source(packages, "linux-7.4").error(),
            "no suite of Debian's has it; there are: linux-6.12, linux-7.2");
}

TEST(KernelSource, WhatIsNotThereIsToldWithTheRemedy) {
  EXPECT_EQ(find_source("linux-1.0").error(),
            "the source linux-1.0 is not here: vmadiff kernels fetch linux-1.0");
  EXPECT_TRUE(
      find_source("/nowhere/linux").error().starts_with("/nowhere/linux: no such directory"));
}

}  // namespace
}  // namespace vmadiff::kernel
