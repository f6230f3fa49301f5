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

void glue_shmem_unseal(struct file* file, bool is_executable) {
  struct inode* inode = file_inode(file);
  struct shmem_inode_info* info = SHMEM_I(inode);
  // What memfd_create does for MFD_ALLOW_SEALING, and for MFD_NOEXEC_SEAL.
  if ((info->seals & F_SEAL_WRITE) != 0) mapping_allow_writable(inode->i_mapping);
  info->seals = 0;
#ifdef F_SEAL_EXEC
  if (is_executable) return;
  inode->i_mode &= ~0111;
  info->seals = F_SEAL_EXEC;
#endif
}

void glue_shmem_forget(struct file* file) {
  mpol_free_shared_policy(&SHMEM_I(file_inode(file))->policy);
}

bool glue_shmem_is_write_sealed(const struct file* file) {
  return shmem_file((struct file*)file) &&
         (SHMEM_I(file_inode(file))->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) != 0;
}
