// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the tree's mm/gup.c without follow_page_mask: there are no pages here. What was
// faulted in once counts as there, and as having no struct page.
#include VMADIFF_CUT_GUP

#include "kernel/tree/glue/glue.h"

static struct page* follow_page_mask(struct vm_area_struct* vma, unsigned long address,
                                     unsigned int flags, VMADIFF_FOLLOW_PAGE_CONTEXT) {
  return glue_was_faulted(vma, address) ? ERR_PTR(-EEXIST) : NULL;
}
