// kernel: which calls this machine does not give: a sandbox's policy (seccomp), a security module
// or PR_SET_MDWE answers in the kernel's place, or no more processes are allowed. Found by trying
// each before anything is compared. Knows no model: what a call gives is judged by facts that hold
// on every kernel that has it.
#pragma once

#include <vector>

#include "kernel/host/agent_session.h"
#include "kernel/host/host.h"
#include "spec/setup.h"

namespace vmadiff::kernel {

/// Tries every call, and those arguments that policies are known to ask about. Of a call that is
/// withheld whole, no part is listed. An argument is withheld where it is answered EPERM, EACCES
/// or ENOSYS, or by death: no kernel says so of memory that is not sealed. (A policy that answers
/// an errno of the kernel's own for one argument is not told from the kernel.)
[[nodiscard]] std::vector<Withheld> find_withheld(AgentSession& session, const spec::Setup& setup);

}  // namespace vmadiff::kernel
