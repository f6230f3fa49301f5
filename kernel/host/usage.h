// kernel: what processes take of the machine, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

namespace vmadiff::kernel {

/// Memory that the process has in use, bytes: what is resident, what is swapped out, and its page
/// tables. Pages that processes share count in each. 0 where it is not there.
[[nodiscard]] std::uint64_t memory_of(pid_t process);

/// Shared memory of the whole machine (Shmem of /proc/meminfo), bytes.
[[nodiscard]] std::uint64_t shared_memory();

/// CPU time of a process, all of its threads. Zero where it is not there.
[[nodiscard]] std::chrono::nanoseconds cpu_time_of(pid_t process);

/// How many processes the kernel has killed for want of memory since it was booted, in cgroups too.
[[nodiscard]] std::uint64_t out_of_memory_kills();

/// The bytes that an agent may take where nobody says otherwise: half of the machine's memory, at
/// most a GiB.
[[nodiscard]] std::uint64_t default_memory_limit();

/// The smaller of `bytes` and the caller's own soft limits (ulimit -v, -d).
[[nodiscard]] std::uint64_t within_own_limits(std::uint64_t bytes);

}  // namespace vmadiff::kernel
