// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the tree's mm/shmem.c, and its mount that nobody has mounted.
#include "mm/shmem.c"

#include "kernel/tree/glue/glue.h"

int glue_shmem_init(void) {
  static struct super_block super;
  static struct vfsmount mount;
  struct shmem_sb_info* info = kzalloc(sizeof(*info), GFP_KERNEL);
  if (info == NULL) return -ENOMEM;
  info->ino_batch = alloc_percpu(ino_t);
  raw_spin_lock_init(&info->stat_lock);
  spin_lock_init(&info->shrinklist_lock);
  INIT_LIST_HEAD(&info->shrinklist);
  if (info->ino_batch == NULL || percpu_counter_init(&info->used_blocks, 0, GFP_KERNEL) != 0)
    return -ENOMEM;
  super.s_fs_info = info;
  super.s_op = &shmem_ops;
  super.s_flags = SB_KERNMOUNT | SB_NOUSER;
  super.s_maxbytes = MAX_LFS_FILESIZE;
  super.s_blocksize = PAGE_SIZE;
  super.s_blocksize_bits = PAGE_SHIFT;
  mount.mnt_sb = &super;
  mount.mnt_idmap = &nop_mnt_idmap;
  shm_mnt = &mount;
  shmem_init_inodecache();
  return 0;
}

void glue_shmem_forget(struct file* file) {
  mpol_free_shared_policy(&SHMEM_I(file_inode(file))->policy);
}
