// kernel/tree: what a tree's source says of what it can be asked.
#pragma once

namespace vmadiff::kernel {

struct TreeTraits {
  bool has_mmap_prepare = true;  ///< whether its drivers can have that hook
  /// Where KSM leaves a VMA it goes through it page by page, those that are not there too: 6.12's
  /// break_ksm takes one address, 7.2's a range.
  bool unmerges_by_page = false;
};

}  // namespace vmadiff::kernel
