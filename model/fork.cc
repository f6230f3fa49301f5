// model: fork(2) and execve(2).
#include "model/fork.h"

#include <algorithm>

#include "model/huge_pages.h"
#include "model/userfault.h"
#include "spec/flags.h"

namespace vmadiff::model {

using spec::Vma;

namespace {

std::uint64_t inherited_mdwe(const AddressSpace& space) {
  return (space.mdwe & spec::kMdweNoInherit) != 0 ? 0 : space.mdwe;
}

}  // namespace

std::optional<AddressSpace> forked(const AddressSpace& parent) {
  AddressSpace child = parent;
  child.vmas.clear();
  child.userfaultfds.fill(std::nullopt);
  for (const auto& [start, vma] : parent.vmas.all()) {
    if ((vma.flags & spec::kVmDontcopy) != 0) continue;
    if ((vma.flags & spec::kVmAccount) != 0 && parent.refuses_charge(vma.pages())) {
      return std::nullopt;
    }
    Vma copy = vma;
    // Locks are not inherited, nor is a userfaultfd that did not ask for events on forks.
    copy.flags &= ~(spec::kVmLocked | spec::kVmLockonfault);
    if (watcher_has(parent, vma, spec::kUffdEventFork)) {
      child.userfaultfds.at(vma.userfaultfd - 1) = parent.userfaultfds.at(vma.userfaultfd - 1);
    } else {
      forget_watch(copy);
    }
    if ((vma.flags & spec::kVmWipeonfork) != 0 || vma.anon_vma == spec::kNoAnonVma) {
      copy.anon_vma = spec::kNoAnonVma;
      copy.anon_vma_links = 0;
    } else {
      // Each VMA gets an anon_vma of its own, also where the parent's shared one.
      copy.anon_vma = ++child.last_anon_vma;
      copy.anon_vma_links = 2;
    }
    child.vmas.put(copy);
  }
  // What addresses have is copied with the pages.
  for (const auto& [start, vma] : parent.vmas.all()) {
    if ((vma.flags & (spec::kVmDontcopy | spec::kVmWipeonfork)) != 0) {
      child.guards.remove(vma.range());
      child.displacement.set(vma.range(), 0);
    }
  }
  inherit_huge_pages(child);
  child.future_flags = 0;
  child.mdwe = inherited_mdwe(parent);
  child.beyond_vmas.map_count = 0;
  child.beyond_vmas.locked_vm = 0;
  return child;
}

void exec(AddressSpace& space) {
  const auto limits = space.limits;
  const bool merge_any = space.merge_any;
  const std::uint64_t mdwe = inherited_mdwe(space);
  space.drop({0, space.setup->task_size});
  space.start(*space.setup);
  space.mdwe = mdwe;
  space.limits = limits;
  space.merge_any = merge_any;
  for (auto& [start, vma] : space.vmas.all()) vma.flags = space.with_ksm_flag(vma.flags);
}

}  // namespace vmadiff::model
