// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: the tree's userfaultfd, and a door to what is static in it.
#include VMADIFF_USERFAULTFD

#include "kernel/tree/glue/glue.h"

int glue_userfaultfd_init(void) { return userfaultfd_init(); }

void __init_waitqueue_head(struct wait_queue_head* queue, const char* name,
                           struct lock_class_key* key) {
  spin_lock_init(&queue->lock);
  INIT_LIST_HEAD(&queue->head);
}

// userfaultfd_ctx_read, without the reader.
struct file* glue_userfaultfd_read(struct file* file) {
  struct userfaultfd_ctx* ctx = file->private_data;
  struct file* forked = NULL;
  while (!list_empty(&ctx->event_wqh.head)) {
    wait_queue_entry_t* entry = list_first_entry(&ctx->event_wqh.head, wait_queue_entry_t, entry);
    struct userfaultfd_wait_queue* waiting = container_of(entry, struct userfaultfd_wait_queue, wq);
    if (waiting->msg.event == UFFD_EVENT_FORK) {
      struct userfaultfd_ctx* made =
          (struct userfaultfd_ctx*)(unsigned long)waiting->msg.arg.reserved.reserved1;
      forked = anon_inode_create_getfile("[userfaultfd]", &userfaultfd_fops, made, O_RDONLY, NULL);
      if (IS_ERR(forked)) glue_broken("no descriptor for a fork's userfaultfd", __FILE__, __LINE__);
    }
    userfaultfd_event_complete(ctx, waiting);
  }
  return forked;
}
