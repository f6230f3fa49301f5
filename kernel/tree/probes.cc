// kernel/tree: what is asked of a tree. Each row is two ways in which trees say the same.
#include "kernel/tree/probes.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace vmadiff::kernel {
namespace {

struct Query {
  std::string_view file;
  std::string_view text;  ///< empty: whether the file is there
  std::string_view if_so;
  std::string_view if_not;
};

constexpr struct {
  std::string_view file = "include/linux/fs.h";
  std::string_view text = "(*mmap_prepare)";
} kHooks;

constexpr std::array kProbes{
    // 6.18: the maple tree takes its nodes from sheaves.
    Query{.file = "include/linux/slab.h",
          .text = "kmem_cache_prefill_sheaf",
          .if_so = "#define VMADIFF_HAS_SHEAVES",
          .if_not = ""},
    Query{.file = "include/linux/slab.h",
          .text = "DECL_TOKEN_PARAMS",
          .if_so = "#define VMADIFF_SIZE DECL_TOKEN_PARAMS(size, token)\n"
                   "#define VMADIFF_KMALLOC_SIZE DECL_KMALLOC_PARAMS(size, b, token)",
          .if_not = "#define VMADIFF_SIZE size_t size\n"
                    "#define VMADIFF_KMALLOC_SIZE DECL_BUCKET_PARAMS(size, b)"},
    Query{.file = "include/linux/rcupdate.h",
          .text = "kvfree_call_rcu(struct kvfree_rcu_head",
          .if_so = "#define VMADIFF_KVFREE_HEAD struct kvfree_rcu_head",
          .if_not = "#define VMADIFF_KVFREE_HEAD struct rcu_head"},
    // Flags of VMAs, a number or a bitmap.
    Query{.file = "include/linux/mm.h",
          .text = "vma_desc_set_flags_mask",
          .if_so = "#define VMADIFF_DESC_ADD_FLAGS(desc, flags) \\\n"
                   "  vma_desc_set_flags_mask(desc, legacy_to_vma_flags(flags))\n"
                   "#define VMADIFF_DESC_HAS_SYNC(desc) vma_desc_test(desc, VMA_SYNC_BIT)",
          .if_not = "#define VMADIFF_DESC_ADD_FLAGS(desc, flags) ((desc)->vm_flags |= (flags))\n"
                    "#define VMADIFF_DESC_HAS_SYNC(desc) (((desc)->vm_flags & VM_SYNC) != 0)"},
    Query{.file = "include/linux/shmem_fs.h",
          .text = "vma_flags_t flags",
          .if_so = "#define VMADIFF_NORESERVE mk_vma_flags(VMA_NORESERVE_BIT)",
          .if_not = "#define VMADIFF_NORESERVE VM_NORESERVE"},
    Query{.file = "include/linux/hugetlb.h",
          .text = "vma_flags_t acct",
          .if_so = "#define VMADIFF_HUGETLB_NORESERVE mk_vma_flags(VMA_NORESERVE_BIT)",
          .if_not = "#define VMADIFF_HUGETLB_NORESERVE VM_NORESERVE"},
    // 7.0: with which flags a policy is also the nodes that were asked for.
    Query{.file = "include/uapi/linux/mempolicy.h",
          .text = "MPOL_USER_NODEMASK_FLAGS",
          .if_so = "#define VMADIFF_NODEMASK_FLAGS MPOL_USER_NODEMASK_FLAGS",
          .if_not = "#define VMADIFF_NODEMASK_FLAGS MPOL_MODE_FLAGS"},
    // Up to 6.14 what each CPU has at hand is one structure.
    Query{.file = "arch/x86/include/asm/current.h",
          .text = "struct pcpu_hot",
          .if_so = "#define VMADIFF_PCPU_HOT\n#define VMADIFF_CURRENT pcpu_hot.current_task",
          .if_not = "#define VMADIFF_CURRENT current_task"},
    // 6.16: drivers that say what they want before there is a VMA.
    Query{.file = kHooks.file,
          .text = kHooks.text,
          .if_so = "#define VMADIFF_HAS_MMAP_PREPARE",
          .if_not = ""},
    Query{.file = "fs/ext4/file.c",
          .text = ".mmap_prepare",
          .if_so = "#define VMADIFF_REGULAR_FILES_PREPARE",
          .if_not = ""},
    Query{.file = "include/linux/file_ref.h",
          .text = "",
          .if_so = "#define VMADIFF_INIT_FILE_REFERENCE(file) file_ref_init(&(file)->f_ref, 1)\n"
                   "#define VMADIFF_PUT_FILE_REFERENCE(file) file_ref_put(&(file)->f_ref)",
          .if_not = "#define VMADIFF_INIT_FILE_REFERENCE(file) "
                    "atomic_long_set(&(file)->f_count, 1)\n"
                    "#define VMADIFF_PUT_FILE_REFERENCE(file) "
                    "atomic_long_dec_and_test(&(file)->f_count)"},
    Query{.file = "fs/userfaultfd.c",
          .text = "",
          .if_so = "#define VMADIFF_USERFAULTFD \"fs/userfaultfd.c\"",
          .if_not = "#define VMADIFF_USERFAULTFD \"mm/userfaultfd.c\""},
    Query{.file = "arch/x86/include/asm/pkeys.h",
          .text = "arch_set_user_pkey_access(struct task_struct",
          .if_so = "#define VMADIFF_TASK_OF_PKEY struct task_struct* task,",
          .if_not = "#define VMADIFF_TASK_OF_PKEY"},
    // 7.3: an offset of its own for a private file's anonymous pages.
    Query{.file = "mm/vma.h",
          .text = "vma_set_anon_pgoff",
          .if_so = "#define VMADIFF_SET_PGOFF(vma, pgoff) \\\n"
                   "  (vma_set_pgoff(vma, pgoff), \\\n"
                   "   vma_set_anon_pgoff(vma, (vma)->vm_start >> PAGE_SHIFT))\n"
                   "#define VMADIFF_ANON_PGOFF(vma) vma_start_anon_pgoff(vma)",
          .if_not = "#define VMADIFF_SET_PGOFF(vma, pgoff) ((vma)->vm_pgoff = (pgoff))\n"
                    "#define VMADIFF_ANON_PGOFF(vma) 0"},
    Query{.file = "include/linux/mm_types.h",
          .text = "mm_flags_t",
          .if_so = "#define VMADIFF_SET_TOPDOWN(mm, is) \\\n"
                   "  ((is) ? mm_flags_set(MMF_TOPDOWN, mm) : mm_flags_clear(MMF_TOPDOWN, mm))\n"
                   "#define VMADIFF_CLEAR_MM_FLAG(mm, flag) mm_flags_clear(flag, mm)",
          .if_not = "#define VMADIFF_SET_TOPDOWN(mm, is) \\\n"
                    "  ((is) ? set_bit(MMF_TOPDOWN, &(mm)->flags) \\\n"
                    "        : clear_bit(MMF_TOPDOWN, &(mm)->flags))\n"
                    "#define VMADIFF_CLEAR_MM_FLAG(mm, flag) clear_bit(flag, &(mm)->flags)"},
};

}  // namespace

TreeTraits traits_of(const TreeSource& source) {
  return {.has_mmap_prepare = source.says(kHooks.file, kHooks.text),
          .unmerges_by_page = source.says(
              "mm/ksm.c", "break_ksm(struct vm_area_struct *vma, unsigned long addr, bool")};
}

std::expected<std::string, spec::ToolFault> probe(const TreeSource& source) {
  std::string header;
  for (const Query& probe : kProbes) {
    const bool is_so =
        probe.text.empty() ? source.has(probe.file) : source.says(probe.file, probe.text);
    header += fmt::format("{}\n", is_so ? probe.if_so : probe.if_not);
  }
  const auto gup = source.read("mm/gup.c");
  if (!gup) return std::unexpected(gup.error());
  const auto parameters = parameters_of(*gup, "follow_page_mask");
  if (!parameters || parameters->size() < 4) {
    return std::unexpected(spec::ToolFault{fmt::format(
        "{}: mm/gup.c: {}, expected follow_page_mask() with four parameters",
        source.directory().string(), parameters ? "other parameters" : parameters.error())});
  }
  header += fmt::format("#define VMADIFF_FOLLOW_PAGE_CONTEXT {}\n", parameters->at(3));
  return header;
}

}  // namespace vmadiff::kernel
