// tests of cli: what the sanitizers see in a tree's code becomes a finding: on disk, made small,
// with their words, and shown again by its replay. They skip where the source of 7.3 is not at
// hand.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "command_run.h"
#include "wrong_tree.h"

namespace vmadiff::tests {
namespace {

struct Wrong {
  std::string_view what;
  std::string_view here;  ///< of mm/vma.c: this stands in what frees a VMA that was merged away
  std::string_view more;
  std::vector<std::string_view> words;  ///< that the report has
};

const std::vector<Wrong> kWrongs{
    {.what = "a VMA is read that was freed",
     .here = "\t\tvm_area_free(vp->remove);\n",
     .more = "\t\tmm->map_count -= vp->remove->vm_start == 1;\n",
     .words = {"FINDING: SystemSurvives", "AddressSanitizer: heap-use-after-free mm/vma.c:",
               "freed by thread", "in vm_area_free"}},
    {.what = "the byte behind a VMA is read",
     .here = "\t\tvma_mark_detached(vp->remove);\n",
     .more = "\t\tmm->map_count -= *(char *)(vp->remove + 1) == 1;\n",
     .words = {"FINDING: SystemSurvives", "AddressSanitizer: heap-buffer-overflow mm/vma.c:"}},
    {.what = "a shift is too far",
     .here = "\t\tvma_mark_detached(vp->remove);\n",
     .more = "\t\tmm->map_count -= 1 << (vp->remove->vm_start > 0 ? 77 : 2);\n",
     .words = {"FINDING: SystemSurvives",
               "UndefinedBehaviorSanitizer: a shift by more bits than there are at mm/vma.c:"}},
    {.what = "a null pointer is followed",
     .here = "\t\tvma_mark_detached(vp->remove);\n",
     .more = "\t\tmm->map_count -= *(volatile int *)(vp->remove->vm_start & 0x10);\n",
     .words = {"FINDING: SystemSurvives",
               "UndefinedBehaviorSanitizer: an access through a pointer that is null"}},
    {.what = "a pointer leads nowhere: no sanitizer's matter, and the end of the process",
     .here = "\t\tvma_mark_detached(vp->remove);\n",
     .more = "\t\tmm->map_count -= *(volatile int *)(0x5a5a00000000 + (vp->remove->vm_start & "
             "0x10));\n",
     .words = {"FINDING: SystemSurvives", "SIGSEGV: tree:"}},
};

// One after the other, since they have one copy.
TEST(TreeUnderSanitizers, WhatIsSeenIsAFindingWithItsWordsAndIsShownAgain) {
  const auto tree = WrongTree::make(VMADIFF_BINARY_DIR "/wrong-tree");
  if (!tree) GTEST_SKIP() << tree.error();
  for (const Wrong& wrong : kWrongs) {
    SCOPED_TRACE(wrong.what);
    ASSERT_NO_FATAL_FAILURE(tree->insert("vma.c", wrong.here, wrong.more));
    const Scratch scratch;
    const auto ran = run_vmadiff({"check", "--systems", "model,tree", "--tree", tree->path(),
                                  "--profile", "linux-7.3", "--sanitize", "address,undefined",
                                  "--sequences", "400", "--seed", "7", "--max-findings", "1"},
                                 {.directory = scratch.path()});
    EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
    std::string all = ran.out;
    for (const auto& [name, text] : contents(scratch.path())) {
      if (name.ends_with(".log") || name.ends_with(".json")) all += text;
    }
    for (const auto word : wrong.words) EXPECT_TRUE(all.contains(word)) << word << '\n' << all;
    EXPECT_FALSE(ran.out.contains("\n      6  ")) << "a few calls make a merge\n" << ran.out;
    EXPECT_TRUE(ran.out.contains(" --sanitize address,undefined\n")) << ran.out;
    EXPECT_FALSE(ran.out.contains("DID NOT SHOW IT")) << ran.out;
    EXPECT_FALSE(ran.out.contains("not replayed")) << ran.out;
  }
}

}  // namespace
}  // namespace vmadiff::tests
