// SPDX-License-Identifier: GPL-2.0-only OR MIT
// kernel/tree: functions of the kernel that are not built from the tree and of which nothing is
// wanted here: each gives 0.
#define NOTHING(name) \
  asm(".text\n.weak " #name "\n.hidden " #name "\n" #name ":\n\txorl %eax, %eax\n\tret\n");

// Pages, of which there are none.
NOTHING(lru_add_drain)
NOTHING(lru_add_drain_all)
NOTHING(lru_cache_disable)
NOTHING(putback_movable_pages)
NOTHING(reclaim_pages)
NOTHING(mod_node_page_state)
NOTHING(mod_zone_page_state)
NOTHING(__mod_node_page_state)
NOTHING(find_lock_entries)
NOTHING(find_get_entries)
NOTHING(filemap_get_folios)
NOTHING(filemap_get_entry)
NOTHING(flush_tlb_mm_range)
NOTHING(arch_tlbbatch_flush)
NOTHING(pfnmap_track_ctx_release)
NOTHING(untrack_pfn)
NOTHING(untrack_pfn_clear)
NOTHING(track_pfn_copy)
// What watches.
NOTHING(perf_event_mmap)
NOTHING(task_exec_state_get_dumpable)
NOTHING(task_exec_state_set_dumpable)
NOTHING(get_file_rcu)
// Inodes' times, owners and attributes.
NOTHING(simple_inode_init_ts)
NOTHING(get_next_ino)
NOTHING(inode_owner_or_capable)
NOTHING(inode_permission)
NOTHING(swap_read_submit)
NOTHING(__swap_read_submit)
NOTHING(simple_xattrs_init)
NOTHING(simple_xattrs_free)
NOTHING(clear_inode)
NOTHING(clear_nlink)
NOTHING(touch_atime)
NOTHING(inode_set_ctime_current)
NOTHING(inode_maybe_inc_iversion)
NOTHING(vfs_fadvise)
// Caches of what is never made.
NOTHING(exec_state_init)
NOTHING(nsproxy_cache_init)
// Waiting, where nobody else is.
NOTHING(mutex_init_generic)
NOTHING(__mutex_init)
NOTHING(rcuwait_wake_up)
NOTHING(finish_rcuwait)
NOTHING(wake_up_state)
NOTHING(blk_start_plug)
NOTHING(__blk_flush_plug)
NOTHING(blk_finish_plug)
NOTHING(osq_lock)
NOTHING(osq_unlock)
NOTHING(__wake_up)
NOTHING(__wake_up_locked)
NOTHING(__wake_up_locked_key)
NOTHING(misc_register)
NOTHING(tlb_remove_table_sync_one)
NOTHING(mm_free_global_asid)

// Memory of the caller's, one value at a time: the pointer and the error in one register, the value
// in another.
#define PUT_USER(size, move, value)                                                     \
  asm(".text\n.weak __put_user_" size "\n.hidden __put_user_" size "\n__put_user_" size \
      ":\n\t" move " %" value ", (%rcx)\n\txorl %ecx, %ecx\n\tret\n");
PUT_USER("1", "movb", "al")
PUT_USER("2", "movw", "ax")
PUT_USER("4", "movl", "eax")
PUT_USER("8", "movq", "rax")
#define GET_USER(size, move, value)                                                     \
  asm(".text\n.weak __get_user_" size "\n.hidden __get_user_" size "\n__get_user_" size \
      ":\n\t" move " (%rax), %" value "\n\txorl %eax, %eax\n\tret\n");
GET_USER("1", "movzbl", "edx")
GET_USER("2", "movzwl", "edx")
GET_USER("4", "movl", "edx")
GET_USER("8", "movq", "rdx")

// Callers keep all registers but the result's.
asm(".text\n.weak __sw_hweight32\n.hidden __sw_hweight32\n__sw_hweight32:\n\tpopcntl %edi, "
    "%eax\n\tret\n");
asm(".text\n.weak __sw_hweight64\n.hidden __sw_hweight64\n__sw_hweight64:\n\tpopcntq %rdi, "
    "%rax\n\tret\n");

// Its callers keep all registers.
asm(".text\n.weak preempt_schedule_thunk\n.hidden "
    "preempt_schedule_thunk\npreempt_schedule_thunk:\n\tret\n");
