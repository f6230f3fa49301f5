// explain: limits, taken away one at a time.
#include "explain/limits_probe.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <vector>

#include "spec/flags.h"
#include "systems/systems.h"

namespace vmadiff::explain {
namespace {

/// The results of the calls up to `step`, and the state of its process before that.
struct Run {
  std::vector<spec::Outcome> outcomes;
  spec::Snapshot before;
};

Run run(const spec::Sequence& sequence, std::size_t step, const spec::Setup& setup,
        const spec::KernelProfile& profile) {
  const auto model = systems::make_like(systems::kModel, profile);
  Run out;
  // A model runs in this process and has no faults.
  static_cast<void>(model->start(setup));
  for (std::size_t i = 0; i <= step; ++i) {
    if (i == step) static_cast<void>(model->snapshot(sequence[i].process, out.before));
    out.outcomes.push_back(model->apply(sequence[i].process, sequence[i].call));
  }
  return out;
}

/// What a call of setrlimit sets, it sets to nothing.
void unlimit(spec::Sequence& sequence, std::uint64_t resource) {
  for (spec::Step& step : sequence) {
    auto* call = std::get_if<spec::Setrlimit>(&step.call);
    if (call != nullptr && call->resource == resource) call->limit = spec::kRlimInfinity;
  }
}

struct Limit {
  void (*lift)(spec::Setup& setup, spec::Sequence& sequence);
  std::string (*words)(const spec::Setup& setup, const spec::Snapshot& before);
};

constexpr std::array kLimits{
    Limit{[](spec::Setup& setup, spec::Sequence&) { setup.max_map_count = ~0ULL >> 1U; },
          [](const spec::Setup& setup, const spec::Snapshot& before) {
            return fmt::format("the process has {} VMAs, and vm.max_map_count is {}",
                               before.counters.map_count, setup.max_map_count);
          }},
    Limit{[](spec::Setup& setup, spec::Sequence& sequence) {
            setup.limits.as = spec::kRlimInfinity;
            unlimit(sequence, spec::kRlimitAs);
          },
          [](const spec::Setup&, const spec::Snapshot& before) {
            return fmt::format(
                "{} pages are mapped, and with more it is over RLIMIT_AS "
                "(may_expand_vm)",
                before.counters.total_vm);
          }},
    Limit{[](spec::Setup& setup, spec::Sequence& sequence) {
            setup.limits.data = spec::kRlimInfinity;
            unlimit(sequence, spec::kRlimitData);
          },
          [](const spec::Setup&, const spec::Snapshot& before) {
            return fmt::format(
                "{} pages are data, and with more it is over RLIMIT_DATA "
                "(may_expand_vm, check_data_rlimit)",
                before.counters.data_vm);
          }},
    Limit{[](spec::Setup& setup, spec::Sequence& sequence) {
            setup.limits.memlock = setup.limits.memlock_hard = spec::kRlimInfinity;
            unlimit(sequence, spec::kRlimitMemlock);
          },
          [](const spec::Setup&, const spec::Snapshot& before) {
            return fmt::format(
                "{} pages are locked, and RLIMIT_MEMLOCK allows no more "
                "(mlock_future_ok, can_do_mlock)",
                before.counters.locked_vm);
          }},
    Limit{[](spec::Setup& setup, spec::Sequence& sequence) {
            setup.limits.stack = setup.limits.stack_hard = spec::kRlimInfinity;
            unlimit(sequence, spec::kRlimitStack);
          },
          [](const spec::Setup&, const spec::Snapshot&) {
            return std::string{"the stack would be over RLIMIT_STACK (acct_stack_growth)"};
          }},
    Limit{[](spec::Setup& setup, spec::Sequence&) { setup.overcommit_pages = ~0ULL; },
          [](const spec::Setup& setup, const spec::Snapshot&) {
            return fmt::format("no single charge is over {} pages here (__vm_enough_memory)",
                               setup.overcommit_pages);
          }},
    Limit{[](spec::Setup& setup, spec::Sequence&) { setup.nr_hugepages = std::uint64_t{1} << 20; },
          [](const spec::Setup& setup, const spec::Snapshot& before) {
            const auto& [free, reserved, surplus] = before.huge_pages;
            return fmt::format(
                "of the pool's huge pages {} are free, {} of these reserved, and it has {} of {} "
                "surplus pages (vm.nr_hugepages={}, vm.nr_overcommit_hugepages={})",
                free, reserved, surplus, setup.nr_overcommit_hugepages, setup.nr_hugepages,
                setup.nr_overcommit_hugepages);
          }},
    Limit{[](spec::Setup& setup, spec::Sequence&) { setup.stack_guard_gap = 0; },
          [](const spec::Setup& setup, const spec::Snapshot&) {
            return fmt::format("{} pages below a stack are kept free (stack_guard_gap)",
                               setup.stack_guard_gap);
          }},
    Limit{[](spec::Setup& setup, spec::Sequence&) {
            setup.mmap_min_addr = 0;
            setup.placement_min_addr = 0;
          },
          [](const spec::Setup& setup, const spec::Snapshot&) {
            return fmt::format(
                "nothing is mapped below vm.mmap_min_addr, {:#x}, nor placed below "
                "{:#x} (cap_mmap_addr)",
                setup.mmap_min_addr, setup.placement_min_addr);
          }},
};

/// The calls up to `step`, those before it that failed left out: without the limit they might not
/// have. Where the call then gives something else, they are needed as they are.
spec::Sequence without_failures(const spec::Sequence& sequence, std::size_t step,
                                const spec::Setup& setup, const spec::KernelProfile& profile) {
  const auto all = run(sequence, step, setup, profile);
  const auto count = static_cast<std::ptrdiff_t>(step);
  spec::Sequence successes;
  for (std::size_t i = 0; i < step; ++i) {
    if (all.outcomes[i].is_ok()) successes.push_back(sequence[i]);
  }
  successes.push_back(sequence[step]);
  const auto fewer = run(successes, successes.size() - 1, setup, profile);
  if (fewer.outcomes.back() == all.outcomes.back() && fewer.before.vmas == all.before.vmas) {
    return successes;
  }
  return {sequence.begin(), sequence.begin() + count + 1};
}

}  // namespace

std::string limit_behind(const spec::Sequence& sequence, std::size_t step, const spec::Setup& setup,
                         const spec::KernelProfile& profile) {
  const auto cut = without_failures(sequence, step, setup, profile);
  const auto last = cut.size() - 1;
  const auto as_it_is = run(cut, last, setup, profile);
  const auto does_otherwise = [&](const spec::Setup& lifted, const spec::Sequence& calls) {
    const auto without = run(calls, last, lifted, profile);
    const bool same_before =
        std::equal(without.outcomes.begin(), without.outcomes.end() - 1, as_it_is.outcomes.begin());
    return same_before && without.outcomes.back() != as_it_is.outcomes.back();
  };
  auto lifted_all = setup;
  auto calls_of_all = cut;
  for (const Limit& limit : kLimits) {
    auto lifted = setup;
    auto calls = cut;
    limit.lift(lifted, calls);
    if (does_otherwise(lifted, calls)) return limit.words(setup, as_it_is.before);
    limit.lift(lifted_all, calls_of_all);
  }
  if (does_otherwise(lifted_all, calls_of_all)) {
    return "it is over more than one limit: of VMAs, of memory, of data, of locked memory, of what "
           "is charged";
  }
  return {};
}

}  // namespace vmadiff::explain
