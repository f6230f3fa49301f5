// impl: what happens, fast? This file: the address space of one process.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "impl/fault_attr.h"
#include "impl/hstate.h"
#include "impl/maple_tree/maple_tree.h"
#include "impl/pkeys.h"
#include "impl/pte_marker.h"
#include "impl/vma.h"
#include "spec/errno.h"
#include "spec/kernel_profile.h"
#include "spec/outcome.h"
#include "spec/setup.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"

namespace vmadiff::impl {

/// An errno, or nothing where all went well.
using Failure = std::optional<spec::Errno>;
/// What a call gives that has no other result.
[[nodiscard]] inline spec::Outcome outcome_of(const Failure& failed) {
  return failed ? spec::Outcome::fail(*failed) : spec::Outcome::ok();
}
/// An address in bytes, or an errno.
using AddressOrErrno = std::expected<spec::Address, spec::Errno>;

struct MemfdSeals;

/// struct mm_struct. Invariants, checked by broken_invariant(): the tree is well-formed, each of
/// its entries is exactly its VMA's range, and map_count counts them.
class MmStruct {
 public:
  /// Allocations fail where `faults`, which outlives this, says so; null: never.
  /// In a machine of its own, unless that is given.
  explicit MmStruct(const spec::KernelProfile& kernel, FaultAttr* faults = nullptr,
                    std::shared_ptr<Hstate> machine = std::make_shared<Hstate>());
  MmStruct(const MmStruct&) = delete;
  MmStruct& operator=(const MmStruct&) = delete;
  ~MmStruct();

  /// It is one of the machine's processes, or is none any more: of an exited one the memory is kept
  /// for another.
  void enter_machine() { hstate->mms.push_back(this); }
  void leave_machine();

  /// Back to what `setup` says, which outlives all that follows, and its machine with it. Describes
  /// what is wrong with it, or returns nothing.
  [[nodiscard]] std::optional<std::string> start(const spec::Setup& setup);
  /// The same on the machine as it is, of whose huge pages it has none any more.
  [[nodiscard]] std::optional<std::string> start_again(const spec::Setup& setup);

  /// The lowest VMA that ends behind `addr`, or null.
  [[nodiscard]] VmArea* find_vma(spec::Address addr) const;
  /// The VMA that contains `addr`, or null.
  [[nodiscard]] VmArea* vma_lookup(spec::Address addr) const { return mm_mt.load(addr); }
  /// The lowest VMA that overlaps [start, end), or null. Requires start < end.
  [[nodiscard]] VmArea* find_vma_intersection(spec::Address start, spec::Address end) const;
  /// The highest VMA that lies below `addr` as a whole or in part, or null.
  [[nodiscard]] VmArea* vma_before(spec::Address addr) const;

  /// should_failslab: whether the allocation at hand is one that shall fail.
  [[nodiscard]] bool should_fail() const {
    return fault_attr != nullptr && fault_attr->should_fail();
  }
  /// vm_area_alloc: a VMA without content, or null.
  [[nodiscard]] VmArea* vm_area_alloc() { return should_fail() ? nullptr : vmas.take(); }
  /// Room for one store over [first, last], bytes, closed; false where memory is exhausted.
  [[nodiscard]] bool preallocate(spec::Address first, spec::Address last) {
    return !should_fail() && mm_mt.preallocate(first, last);
  }

  void snapshot(spec::Snapshot& out) const;
  [[nodiscard]] std::optional<std::string> broken_invariant() const;

  const spec::KernelProfile profile;
  FaultAttr* const fault_attr;
  const std::shared_ptr<Hstate> hstate;  ///< of all processes of a machine
  const spec::Setup* setup = nullptr;
  MapleTree<VmArea*> mm_mt;  ///< keys are bytes; a VMA is stored over [vm_start, vm_end - 1]
  VmaPool vmas;
  GuardMarkers guards;
  std::pmr::map<spec::Address, HugeFolioPtr> huge_ptes{
      &hstate->slab};  ///< which huge page is mapped where
  spec::Counters counters;
  PkeyContext pkeys;
  std::uint32_t attachments = 0;  ///< how many shmat made
  spec::Limits limits;            ///< the soft limits, as setrlimit left them
  spec::VmFlags def_flags = 0;    ///< what mlockall gives to new mappings
  spec::Address brk = 0;          ///< bytes
  spec::Address data_bytes = 0;   ///< end_data - start_data of the program
  bool merge_any = false;         ///< MMF_VM_MERGE_ANY
  std::uint64_t mdwe = 0;         ///< MMF_HAS_MDWE, MMF_HAS_MDWE_NO_INHERIT: PR_MDWE_*
  MemfdSeals* memfds = nullptr;   ///< of all processes; null: none is sealed
  spec::AnonVmaId anon_vmas = spec::kNoAnonVma;  ///< the last one that was made
  std::vector<std::uint64_t> shmem_pages;        ///< size of each anon-shared object, by number
  /// struct userfaultfd_ctx, its features, of each that there is, by number.
  std::array<std::optional<std::uint64_t>, spec::kUserfaultfdCount> userfaultfds{};
  std::vector<VmArea*> detached;  ///< scratch of munmap
};

}  // namespace vmadiff::impl
