// kernel: the traits of the machine that a real kernel runs on, each measured by what calls give
// where that can be, since what /proc and /sys say can be hidden, or another's (containers).
// docs/machines.md has a row for each.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/host/probe.h"
#include "spec/units.h"

namespace vmadiff::kernel {

/// Whether reading private anonymous memory leaves it without a page of its own, as smaps shows it.
/// Where that cannot be seen, mainline's answer.
[[nodiscard]] bool maps_zero_page(Probe& probe);

/// The lowest address that MAP_FIXED may map, bytes (vm.mmap_min_addr, without CAP_SYS_RAWIO).
[[nodiscard]] spec::Address measured_mmap_min_addr(Probe& probe);

/// The lowest address of hints, searches and stacks, bytes: where the lowest hint there is goes. Of
/// a kernel without CONFIG_LSM_MMAP_MIN_ADDR it can be 0, which only a stack shows.
[[nodiscard]] spec::Address measured_placement_min_addr(Probe& probe);

/// The most pages that one private writable mapping may have (heuristic overcommit: RAM plus swap);
/// all ones where nothing is too much.
[[nodiscard]] std::uint64_t measured_overcommit_pages(Probe& probe);

/// Whether anonymous memory can have a name (CONFIG_ANON_VMA_NAME). Where that is refused by
/// something else than the kernel, too: then no sequence asks.
[[nodiscard]] bool has_vma_names(Probe& probe);

/// The nodes that a policy may name, a bit for each; 0 of a kernel without NUMA.
[[nodiscard]] std::uint64_t measured_nodes(Probe& probe);

/// Pages between a stack and what can be accessed below it (stack_guard_gap=).
[[nodiscard]] std::uint64_t measured_stack_guard_gap(Probe& probe);

/// vm.max_map_count; where it cannot be read, as many as can be had, up to more than any sequence
/// has.
[[nodiscard]] std::uint64_t max_map_count(Probe& probe);

/// The least size, bytes, at which mappings like this are placed by another rule than private
/// anonymous memory of the same size; nothing where none below a huge page's is. `flags` as mmap's.
[[nodiscard]] std::optional<spec::Address> placed_by_another_rule(Probe& probe, std::uint64_t flags,
                                                                  spec::FileId file);

/// A number that stands in a file of /proc or /sys; nothing where it cannot be read.
[[nodiscard]] std::optional<std::uint64_t> number_in(const char* path);

}  // namespace vmadiff::kernel
