// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the tree's userfaultfd, and a door to what is static in it.
#include VMADIFF_USERFAULTFD

#include "kernel/tree/glue/glue.h"

int glue_userfaultfd_init(void) { return userfaultfd_init(); }

// The ioctls of a userfaultfd that has no features.
long glue_userfaultfd_begin(struct file* file) {
  struct uffdio_api api = {.api = UFFD_API};
  return file->f_op->unlocked_ioctl(file, UFFDIO_API, (unsigned long)&api);
}

long glue_userfaultfd_register(struct file* file, unsigned long start, unsigned long length,
                               unsigned long mode) {
  struct uffdio_register asked = {.range = {start, length}, .mode = mode};
  return file->f_op->unlocked_ioctl(file, UFFDIO_REGISTER, (unsigned long)&asked);
}

long glue_userfaultfd_unregister(struct file* file, unsigned long start, unsigned long length) {
  struct uffdio_range range = {start, length};
  return file->f_op->unlocked_ioctl(file, UFFDIO_UNREGISTER, (unsigned long)&range);
}
