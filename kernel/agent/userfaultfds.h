// kernel: the userfaultfds of the agent's processes. All results are values or minus an errno.
#pragma once

#include "kernel/agent/protocol.h"

namespace vmadiff::kernel {

uint64_t open_userfaultfd(uint64_t number, uint64_t features);
uint64_t close_userfaultfd(uint64_t number);
/// Closes all that this process has.
void close_userfaultfds();
/// For a process that begins anew: what it has had stays open elsewhere, if at all, and is of no
/// memory any more.
void forget_userfaultfds();
/// Closes all that there are, whosever they be.
uint64_t reset_userfaultfds();

uint64_t register_range(uint64_t start, uint64_t length, uint64_t mode, uint64_t number);
uint64_t unregister_range(uint64_t start, uint64_t length, uint64_t number);
/// UFFDIO_WRITEPROTECT, or UFFDIO_RWPROTECT.
uint64_t protect_range(const Record& record);

/// Whether a userfaultfd of this process tells of what these features are about.
bool tells_of(uint32_t features);
/// Whether one may tell of faults.
bool tells_of_faults();

/// Who makes a call that a userfaultfd tells of waits in it until somebody has read of it, and, if
/// it is a fault, has resolved it: a thread that reads while, and only while, such a call is made,
/// between these two. At other times it holds no file, so that a close is the last.
void begin_listening();
void end_listening();

/// What a fork makes of them: before it, in the new process, and in the old one, which knows the
/// new one's number (0: there is none after all).
void expect_fork();
void begin_as_child();
void hand_on_userfaultfds(uint32_t number);

}  // namespace vmadiff::kernel
