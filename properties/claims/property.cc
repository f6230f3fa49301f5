// properties: the table of claims. A new claim is a row here and a name in claim.h.
#include "properties/claims/property.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

#include "properties/claims/claim.h"

namespace vmadiff::properties {
namespace {

using enum Kind;

constexpr std::array<Property, kClaimCount> kProperties{{
    {"SystemSurvives", kInvariant, "No call kills the process or the machine that runs it.",
     "ours: no sequence of memory calls may crash a kernel or its caller"},
    {"VmasAreSortedAndDisjoint", kInvariant,
     "VMAs are in ascending order and no address is in two of them.", "validate_mm, mm/vma.c"},
    {"VmasLieInTheAddressSpace", kInvariant,
     "Every VMA is page-aligned, not empty, at or above mmap_min_addr, and below the task size.",
     "check_brk_limits, get_unmapped_area, cap_mmap_addr"},
    {"CountersMatchTheVmas", kInvariant,
     "map_count, total_vm, locked_vm, data_vm, stack_vm and exec_vm are what the VMAs add up to.",
     "vm_stat_account, mm/vma.c"},
    {"OnlyEligibleVmasAreMergeable", kInvariant,
     "VM_MERGEABLE stands only on VMAs that KSM may scan: none that is shared, special, hugetlb or "
     "droppable.",
     "ksm_compatible, mm/ksm.c"},
    {"OnlyPrivateVmasHaveAnAnonVma", kInvariant, "A shared VMA never has an anon_vma.",
     "__vmf_anon_prepare, mm/memory.c: only copy-on-write and private anonymous faults ask for "
     "one"},
    {"NoCompatibleNeighboursLeftUnmerged", kInvariant,
     "After a successful call that makes merges due, no two compatible VMAs stay apart where one "
     "was due.",
     "vma_merge_new_range, vma_merge_existing_range, mm/vma.c; the subject of the KSM patch"},
    {"DataStructuresAreWellFormed", kInvariant,
     "The system's own data structures keep their invariants.", "mt_validate, lib/maple_tree.c"},
    {"NothingStaysCommitted", kInvariant,
     "When all processes and mappings of a run are gone, the machine has committed as much memory "
     "(Committed_AS) as before it.",
     "vm_unacct_memory, include/linux/mman.h: who is charged gives the charge back"},
    {"NothingStaysAllocated", kInvariant,
     "When all processes and mappings of a run are gone, the kernel has given back what it has "
     "allocated for them, and no file counts a writer of theirs.",
     "vm_area_free, mm/vma_init.c; unlink_anon_vmas, mm/rmap.c; mas_destroy, lib/maple_tree.c; "
     "mapping_unmap_writable, include/linux/fs.h"},
    {"NothingStaysReserved", kInvariant,
     "When all processes and mappings of a run are gone, and its files are empty, as many huge "
     "pages "
     "of the machine's pool are free, and as many reserved, as before it.",
     "hugetlb_vm_op_close, hugetlb_unreserve_pages, free_huge_folio, mm/hugetlb.c"},
    {"SystemsAgreeOnOutcomes", kEquivalence, "Every call has the same result on every system.",
     "ours: two systems of one profile are one kernel"},
    {"SystemsAgreeOnLayout", kEquivalence,
     "After every call every system shows the same VMAs, counters, break, KSM state and pool of "
     "huge "
     "pages.",
     "ours: two systems of one profile are one kernel"},
    {"FailedCallsChangeNothing", kRelation,
     "A call that fails leaves everything as it was, but for the documented partial ones.",
     "mmap(2), mprotect(2), madvise(2); vms_abort_munmap_vmas, mm/vma.c"},
    {"EnablingKsmChangesNoLayout", kRelation,
     "A sequence without KSM calls has the same results and layout with KSM on from the start as "
     "with KSM off, but for VM_MERGEABLE.",
     "the purpose of the patch: ksm_vma_flags before the merge attempt (cf7e7a3503df)"},
    {"MprotectThereAndBackIsIdentity", kRelation,
     "Changing the protection of a part of one VMA and changing it back restores the layout.",
     "vma_modify_flags, mm/vma.c: what a split takes apart the merge puts together"},
    {"SplittingACallEqualsTheWhole", kRelation,
     "munmap, mprotect and madvise on [a, c) leave the layout that the same calls on [a, b) and "
     "[b, c) leave, where all succeed.",
     "each call walks its range VMA by VMA: mprotect(2), madvise(2), munmap(2)"},
    {"RenumberingAddressesMovesTheLayout", kRelation,
     "Adding a constant offset to all fixed addresses moves the layout and changes nothing else.",
     "no rule of the mmap path reads an address but to compare it with others"},
    {"ReviewPredicateIsIndistinguishable", kRelation,
     "The patch's predicate for the early KSM flag and the reviewer's alternative give the same "
     "results and layouts.",
     "a file has exactly one of .mmap and .mmap_prepare (file_has_valid_mmap_hooks)"},
    {"FailedAllocationsAreSurvived", kFault,
     "Whichever allocation of a call fails, the call answers so or does without; the state is as "
     "before or as a named rule allows, and the calls behind it work.",
     "the error paths of mm/vma.c, mm/mremap.c, mm/mlock.c, mm/madvise.c"},
}};

constexpr std::string_view kWords = "all, equivalence, invariants, relations, faults";

std::vector<std::string_view> split(std::string_view words) {
  std::vector<std::string_view> out;
  while (true) {
    const auto comma = words.find(',');
    out.push_back(words.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    words.remove_prefix(comma + 1);
  }
}

std::string names_of_all() {
  std::vector<std::string_view> names;
  for (const Property& property : kProperties) names.push_back(property.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

bool is_meant(const Property& property, std::string_view word) {
  if (word == "all") return property.kind != kFault;
  if (word == "faults") return property.kind == kFault;
  if (word == "invariants") return property.kind == kInvariant;
  if (word == "equivalence") return property.kind == kEquivalence;
  if (word == "relations") return property.kind == kRelation;
  return property.name == word;
}

}  // namespace

std::span<const Property> all_properties() { return kProperties; }

std::string_view name(Claim claim) { return kProperties[static_cast<std::size_t>(claim)].name; }

std::expected<PropertySet, std::string> PropertySet::parse(std::string_view words) {
  PropertySet set;
  set.selected_.assign(kProperties.size(), false);
  for (const std::string_view word : split(words)) {
    bool known = false;
    for (std::size_t i = 0; i < kProperties.size(); ++i) {
      if (!is_meant(kProperties[i], word)) continue;
      set.selected_[i] = true;
      known = true;
    }
    if (!known) {
      return std::unexpected(fmt::format("unknown property '{}': expected one of {}, or of {}",
                                         word, kWords, names_of_all()));
    }
  }
  return set;
}

PropertySet PropertySet::all() { return parse("all").value(); }

bool PropertySet::has(std::string_view wanted) const {
  for (std::size_t i = 0; i < selected_.size(); ++i) {
    if (selected_[i] && kProperties[i].name == wanted) return true;
  }
  return false;
}

bool PropertySet::has_any(Kind kind) const {
  for (std::size_t i = 0; i < selected_.size(); ++i) {
    if (selected_[i] && kProperties[i].kind == kind) return true;
  }
  return false;
}

Selection::Selection(const PropertySet& properties) {
  for (std::size_t i = 0; i < kProperties.size(); ++i) {
    selected_[i] = properties.has(kProperties[i].name);
  }
}

}  // namespace vmadiff::properties
