/* bench: RCU for one thread. Pointers are read and assigned as the kernel does on x86 (plain loads
 * and stores), a callback waits in a list until the operation is over: see peer.c. */
#ifndef VMADIFF_BENCH_RCUPDATE_H
#define VMADIFF_BENCH_RCUPDATE_H

struct rcu_head {
  struct rcu_head* next;
  void (*func)(struct rcu_head* head);
};

void call_rcu(struct rcu_head* head, void (*func)(struct rcu_head* head));

#define rcu_read_lock() ((void)0)
#define rcu_read_unlock() ((void)0)
#define rcu_dereference(p) (*(volatile typeof(p)*)&(p))
#define rcu_dereference_raw(p) rcu_dereference(p)
#define rcu_dereference_check(p, cond) rcu_dereference(p)
#define rcu_dereference_protected(p, cond) (p)
#define rcu_assign_pointer(p, v) __atomic_store_n(&(p), (v), __ATOMIC_RELEASE)
#define RCU_INIT_POINTER(p, v) ((p) = (v))

#endif
