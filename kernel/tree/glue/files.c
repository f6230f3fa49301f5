// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the files that can be mapped, and what the kernel asks of the file systems that are
// not built. Numbers of classes are the tool's own: spec/file.h.
#include <linux/dax.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "kernel/tree/glue/glue.h"

enum {
  CLASS_NONE,
  CLASS_MEMFD,
  CLASS_FILE,
  CLASS_FILE_READ_ONLY,
  CLASS_ZERO,
  CLASS_HUGETLB,
  CLASS_PFNMAP,
  CLASS_PREPARED_PFNMAP,
  CLASS_UNMAPPABLE,
  CLASS_TWO_HOOKS,
  CLASS_ANON_SHARED,
  CLASS_OTHER,
  CLASS_ANON_HUGETLB,
  CLASS_LEGACY_FILE,
  CLASS_COUNT
};
#define FILES_PER_CLASS VMADIFF_TREE_FILES_PER_CLASS
#define FILE_PAGES 64
#define NOEXEC_MEMFD 3

struct glue_file {
  struct file file;
  unsigned file_class;
  unsigned number;
};
static struct glue_file* files[CLASS_COUNT][FILES_PER_CLASS];
static unsigned anonymous_files;

static struct glue_file* of(const struct file* file) {
  return container_of((struct file*)file, struct glue_file, file);
}

// A driver's mapping: memory without pages.

#define DRIVER_FLAGS (VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP)
static const struct vm_operations_struct driver_vm_ops;

static int driver_mmap(struct file* file, struct vm_area_struct* vma) {
  vma->vm_ops = &driver_vm_ops;
  vm_flags_set(vma, DRIVER_FLAGS);
  return 0;
}
static const struct file_operations pfnmap_fops = {.mmap = driver_mmap};
#ifdef VMADIFF_HAS_MMAP_PREPARE
static int driver_mmap_prepare(struct vm_area_desc* desc) {
  desc->vm_ops = &driver_vm_ops;
  VMADIFF_DESC_ADD_FLAGS(desc, DRIVER_FLAGS);
  return 0;
}
static const struct file_operations prepared_pfnmap_fops = {.mmap_prepare = driver_mmap_prepare};
#else
static const struct file_operations prepared_pfnmap_fops = {.mmap = driver_mmap};
#endif
static int other_mmap(struct file* file, struct vm_area_struct* vma) {
  vma->vm_ops = &driver_vm_ops;
  return 0;
}
static const struct file_operations other_fops = {.mmap = other_mmap};
static const struct file_operations two_hooks_fops = {
    .mmap = other_mmap,
#ifdef VMADIFF_HAS_MMAP_PREPARE
    .mmap_prepare = driver_mmap_prepare,
#endif
};

// A regular file: which hook is that of the tree's fs/ext4/file.c. Without DAX MAP_SYNC is refused.

static const struct vm_operations_struct regular_vm_ops;

#ifdef VMADIFF_REGULAR_FILES_PREPARE
static int regular_mmap_prepare(struct vm_area_desc* desc) {
  if (VMADIFF_DESC_HAS_SYNC(desc)) return -EOPNOTSUPP;
  desc->vm_ops = &regular_vm_ops;
  return 0;
}
#endif
static int regular_mmap(struct file* file, struct vm_area_struct* vma) {
  if ((vma->vm_flags & VM_SYNC) != 0) return -EOPNOTSUPP;
  vma->vm_ops = &regular_vm_ops;
  return 0;
}
#ifdef FOP_MMAP_SYNC
#define REGULAR_FILE_HAS .fop_flags = FOP_MMAP_SYNC, .get_unmapped_area = thp_get_unmapped_area
#else
#define REGULAR_FILE_HAS \
  .mmap_supported_flags = MAP_SYNC, .get_unmapped_area = thp_get_unmapped_area
#endif
static const struct file_operations regular_fops = {
#ifdef VMADIFF_REGULAR_FILES_PREPARE
    .mmap_prepare = regular_mmap_prepare,
#else
    .mmap = regular_mmap,
#endif
    REGULAR_FILE_HAS};
// The same of a file system that has not been converted.
static const struct file_operations legacy_fops = {.mmap = regular_mmap, REGULAR_FILE_HAS};
static const struct address_space_operations regular_aops = {.dirty_folio = NULL};

// Inodes and files

static void init_mapping(struct inode* inode) {
  struct address_space* mapping = &inode->i_data;
  inode->i_mapping = mapping;
  mapping->host = inode;
  xa_init_flags(&mapping->i_pages, XA_FLAGS_LOCK_IRQ | XA_FLAGS_ACCOUNT);
  init_rwsem(&mapping->i_mmap_rwsem);
  mapping->i_mmap = RB_ROOT_CACHED;
}

void inode_init_once(struct inode* inode) {
  memset(inode, 0, sizeof(*inode));
  init_mapping(inode);
}

struct inode* new_inode(struct super_block* super) {
  struct inode* inode = super->s_op->alloc_inode(super);
  if (inode == NULL) return NULL;
  inode->i_sb = super;
  inode->i_mapping = &inode->i_data;
  atomic_set(&inode->i_mapping->i_mmap_writable, 0);
  inode->i_mapping->flags = 0;
  __builtin_memset(&inode->i_state, 0, sizeof(inode->i_state));
  inode->i_flags = 0;
  atomic_set(&inode->i_count, 1);
  return inode;
}

void inode_init_owner(struct mnt_idmap* map, struct inode* inode, const struct inode* directory,
                      umode_t mode) {
  inode->i_mode = mode;
}

void iput(struct inode* inode) {
  const struct super_operations* op;
  if (inode == NULL || !atomic_dec_and_test(&inode->i_count)) return;
  op = inode->i_sb->s_op;
  if (op->evict_inode != NULL) op->evict_inode(inode);
  if (op->destroy_inode != NULL) op->destroy_inode(inode);
  if (op->free_inode != NULL) op->free_inode(inode);
}

static void init_file(struct glue_file* file, const struct file_operations* fops,
                      struct inode* inode, fmode_t mode) {
  VMADIFF_INIT_FILE_REFERENCE(&file->file);
  static struct vfsmount mount = {.mnt_idmap = &nop_mnt_idmap};
  *(struct vfsmount**)&file->file.f_path.mnt = &mount;
  file->file.f_op = fops;
  file->file.f_mode = mode | FMODE_CAN_READ | FMODE_OPENED;
  file->file.f_inode = inode;
  file->file.f_mapping = inode->i_mapping;
}

struct file* alloc_file_pseudo(struct inode* inode, struct vfsmount* mount, const char* name,
                               int flags, const struct file_operations* fops) {
  struct glue_file* file = kzalloc(sizeof(*file), GFP_KERNEL);
  if (file == NULL) return ERR_PTR(-ENOMEM);
  init_file(file, fops, inode, FMODE_READ | FMODE_WRITE | FMODE_CAN_WRITE);
  file->file_class = is_file_hugepages(&file->file) ? CLASS_ANON_HUGETLB : CLASS_ANON_SHARED;
  file->number = ++anonymous_files;
  return &file->file;
}

// A userfaultfd, which is no file that can be mapped.
struct file* anon_inode_create_getfile(const char* name, const struct file_operations* fops,
                                       void* data, int flags, const struct inode* context) {
  struct glue_file* file = kzalloc(sizeof(*file), GFP_KERNEL);
  if (file == NULL) return ERR_PTR(-ENOMEM);
  VMADIFF_INIT_FILE_REFERENCE(&file->file);
  file->file.f_op = fops;
  file->file.f_mode = FMODE_READ | FMODE_OPENED;
  file->file.private_data = data;
  return &file->file;
}

int get_unused_fd_flags(unsigned flags) { return VMADIFF_TREE_FIRST_DESCRIPTOR - 1; }
void put_unused_fd(unsigned descriptor) {}
void fd_install(unsigned descriptor, struct file* file) { glue_install_file(file); }

void fput(struct file* file) {
  if (!VMADIFF_PUT_FILE_REFERENCE(file)) return;
  if (file->f_op->release != NULL) file->f_op->release(file->f_inode, file);
  iput(file->f_inode);
  kfree(of(file));
}

static bool is_regular_class(unsigned file_class) {
  return file_class == CLASS_FILE || file_class == CLASS_FILE_READ_ONLY ||
         file_class == CLASS_LEGACY_FILE;
}

static struct glue_file* make_file(unsigned file_class, unsigned number) {
  static const struct file_operations* fops[CLASS_COUNT] = {
      [CLASS_FILE] = &regular_fops,        [CLASS_FILE_READ_ONLY] = &regular_fops,
      [CLASS_PFNMAP] = &pfnmap_fops,       [CLASS_PREPARED_PFNMAP] = &prepared_pfnmap_fops,
      [CLASS_TWO_HOOKS] = &two_hooks_fops, [CLASS_OTHER] = &other_fops,
      [CLASS_LEGACY_FILE] = &legacy_fops,
  };
  struct glue_file* file;
  struct inode* inode;
  if (file_class == CLASS_MEMFD) {
    struct file* made = shmem_file_setup("memfd", FILE_PAGES * PAGE_SIZE, VMADIFF_NORESERVE);
    if (IS_ERR(made)) return NULL;
    glue_shmem_unseal(made, number != NOEXEC_MEMFD);
    return of(made);
  }
  if (file_class == CLASS_HUGETLB) {
    struct file* made = glue_hugetlb_file();
    if (IS_ERR(made)) return NULL;
    return of(made);
  }
  fops[CLASS_ZERO] = glue_zero_fops();
  fops[CLASS_UNMAPPABLE] = glue_null_fops();
  if (fops[file_class] == NULL) return NULL;
  file = kzalloc(sizeof(*file), GFP_KERNEL);
  inode = kzalloc(sizeof(*inode), GFP_KERNEL);
  if (file == NULL || inode == NULL) return NULL;
  init_mapping(inode);
  inode->i_data.a_ops = &regular_aops;
  atomic_set(&inode->i_count, 1);
  inode->i_mode = is_regular_class(file_class) ? S_IFREG : S_IFCHR;
  inode->i_size = inode->i_mode == S_IFREG ? FILE_PAGES * PAGE_SIZE : 0;
  init_file(
      file, fops[file_class], inode,
      file_class == CLASS_FILE_READ_ONLY ? FMODE_READ : FMODE_READ | FMODE_WRITE | FMODE_CAN_WRITE);
  return file;
}

int glue_files_init(void) {
  for (unsigned file_class = CLASS_MEMFD; file_class < CLASS_COUNT; ++file_class) {
    for (unsigned number = 0; number < FILES_PER_CLASS; ++number) {
      struct glue_file* file = make_file(file_class, number);
      if (file == NULL) continue;
      file->file_class = file_class;
      file->number = number;
      files[file_class][number] = file;
    }
  }
  return 0;
}

void glue_files_forget(void) {
  for (unsigned number = 0; number < FILES_PER_CLASS; ++number) {
    struct file* file = &files[CLASS_MEMFD][number]->file;
    glue_shmem_forget(file);
    glue_shmem_unseal(file, number != NOEXEC_MEMFD);
  }
}

long long glue_files_writers(void) {
  long long count = 0;
  for (unsigned file_class = CLASS_MEMFD; file_class < CLASS_COUNT; ++file_class) {
    for (unsigned number = 0; number < FILES_PER_CLASS; ++number) {
      const struct glue_file* file = files[file_class][number];
      const int writers = file == NULL ? 0 : atomic_read(&file->file.f_mapping->i_mmap_writable);
      count += writers < 0 ? -writers : writers;
    }
  }
  return count;
}

struct file* glue_file(unsigned file_class, unsigned number) {
  if (file_class >= CLASS_COUNT || number >= FILES_PER_CLASS) return NULL;
  return files[file_class][number] == NULL ? NULL : &files[file_class][number]->file;
}

struct file* fget(unsigned int descriptor) {
  const unsigned index = descriptor - VMADIFF_TREE_FIRST_DESCRIPTOR;
  struct file* file = glue_file(index / FILES_PER_CLASS, index % FILES_PER_CLASS);
  return file == NULL ? NULL : get_file(file);
}

void glue_file_id(const struct file* file, unsigned* file_class, unsigned* number) {
  *file_class = file == NULL ? CLASS_NONE : of(file)->file_class;
  *number = file == NULL ? 0 : of(file)->number;
}

unsigned long glue_file_pages(const struct file* file) {
  const unsigned file_class = of(file)->file_class;
  if (file_class == CLASS_ANON_SHARED || S_ISREG(file_inode(file)->i_mode))
    return (i_size_read(file_inode(file)) + PAGE_SIZE - 1) >> PAGE_SHIFT;
  return ~0ul;
}

// What the file systems themselves would do leaves no trace in VMAs.
int vfs_fallocate(struct file* file, int mode, loff_t offset, loff_t length) {
  const loff_t ext4_bytes_max = 0xffffffff000;  // blocks of 4 KiB, 32 bits for their number
  const bool is_regular = of(file)->file_class == CLASS_FILE;
  const loff_t bytes_max = is_regular ? ext4_bytes_max : MAX_LFS_FILESIZE;
  if (offset < 0 || length <= 0) return -EINVAL;
  if ((file->f_mode & FMODE_WRITE) == 0) return -EBADF;
  if (!S_ISREG(file_inode(file)->i_mode)) return -ENODEV;
  if (offset > bytes_max - length) return -EFBIG;
  return glue_shmem_is_write_sealed(file) ? -EPERM : 0;
}

// Every file of a file system can be waited for, and none of a driver's.
int vfs_fsync_range(struct file* file, loff_t start, loff_t end, int datasync) {
  return S_ISREG(file_inode(file)->i_mode) ? 0 : -EINVAL;
}

bool path_noexec(const struct path* path) {
  const struct glue_file* file = of(container_of(path, struct file, f_path));
  switch (file->file_class) {
    case CLASS_ZERO:
    case CLASS_UNMAPPABLE:
      return glue_setup.zero_is_noexec;
    case CLASS_FILE:
    case CLASS_FILE_READ_ONLY:
    case CLASS_LEGACY_FILE:
      return glue_setup.file_is_noexec;
    default:
      return false;
  }
}

bool glue_warns_by_nature(unsigned descriptor) {
  return (descriptor - VMADIFF_TREE_FIRST_DESCRIPTOR) / FILES_PER_CLASS == CLASS_TWO_HOOKS;
}

#if __has_include(<linux/file_ref.h>)
bool __file_ref_put(file_ref_t* reference, unsigned long count) { return count == FILE_REF_NOREF; }
#endif
