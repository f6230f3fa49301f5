// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the tree's fs/hugetlbfs/inode.c, its mount that nobody has mounted, and a pool
// without pages.
#include "fs/hugetlbfs/inode.c"
#include "kernel/tree/glue/glue.h"

int glue_hugetlbfs_init(void) {
  static struct super_block super;
  static struct vfsmount mount = {.mnt_sb = &super, .mnt_idmap = &nop_mnt_idmap};
  struct hugetlbfs_sb_info* info = kzalloc(sizeof(*info), GFP_KERNEL);
  hugetlb_add_hstate(HUGETLB_PAGE_ORDER);
  default_hstate_idx = 0;
  hugetlbfs_inode_cachep = kmem_cache_create("hugetlbfs_inode_cache",
                                             sizeof(struct hugetlbfs_inode_info), 0, 0, init_once);
  if (info == NULL || hugetlbfs_inode_cachep == NULL) return -ENOMEM;
  spin_lock_init(&info->stat_lock);
  info->max_inodes = -1;
  info->free_inodes = -1;
  info->hstate = &default_hstate;
  super.s_fs_info = info;
  super.s_op = &hugetlbfs_ops;
  super.s_maxbytes = MAX_LFS_FILESIZE;
  super.s_blocksize = huge_page_size(info->hstate);
  super.s_blocksize_bits = huge_page_shift(info->hstate);
  hugetlbfs_vfsmount[default_hstate_idx] = &mount;
  return 0;
}

struct file* glue_hugetlb_file(void) {
  return hugetlb_file_setup("memfd", 0, VMADIFF_HUGETLB_NORESERVE, HUGETLB_ANONHUGE_INODE,
                            HPAGE_SHIFT);
}
