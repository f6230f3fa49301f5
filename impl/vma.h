// impl: what happens, fast? This file: one VMA, and where VMAs come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "spec/file.h"
#include "spec/flags.h"
#include "spec/policy.h"
#include "spec/snapshot.h"
#include "spec/units.h"
#include "spec/vma_name.h"

namespace vmadiff::impl {

/// is_file_hugepages.
[[nodiscard]] constexpr bool is_file_hugepages(spec::FileId file) {
  return file.cls == spec::FileClass::kHugetlb || file.cls == spec::FileClass::kAnonHugetlb;
}

/// vm_userfaultfd_ctx: one more than the number of the process's userfaultfd; 0 is
/// NULL_VM_UFFD_CTX.
using UffdCtxId = std::uint32_t;
inline constexpr UffdCtxId kNoUffdCtx = 0;

/// struct vm_area_struct, as far as it can be observed.
struct VmArea {
  spec::Address vm_start = 0;  ///< bytes; [vm_start, vm_end)
  spec::Address vm_end = 0;
  spec::VmFlags vm_flags = 0;
  std::uint64_t vm_pgoff = 0;    ///< pages
  std::uint64_t anon_pgoff = 0;  ///< pages; of its anonymous pages. Without a file, as vm_pgoff
  spec::FileId vm_file;
  spec::AnonVmaId anon_vma = spec::kNoAnonVma;
  std::uint32_t anon_vma_chain = 0;  ///< links; 0 without an anon_vma, above 1 only after fork
  spec::MemPolicy vm_policy;
  UffdCtxId uffd_ctx = kNoUffdCtx;
  spec::VmaName anon_name;
  std::uint32_t vm_private_data = 0;  ///< of hugetlb's: whose reservations it has (hugetlb.cc)

  [[nodiscard]] std::uint64_t pages() const { return (vm_end - vm_start) >> spec::kPageShift; }
  /// vma_is_anonymous: no vm_ops. So has a private /dev/zero mapping, though it has a file; a
  /// shared one has a shmem object in place of its file.
  [[nodiscard]] bool is_anonymous() const {
    return vm_file.is_none() || vm_file.cls == spec::FileClass::kZero;
  }
  /// vma_is_shmem, by its vm_ops: a private mapping of a memfd too, but not what shmat mapped.
  [[nodiscard]] bool is_shmem() const {
    return vm_file.cls == spec::FileClass::kMemfd || vm_file.cls == spec::FileClass::kAnonShared;
  }
  /// vm_ops->close: that of ipc/shm.c counts the attachments.
  [[nodiscard]] bool has_close_hook() const { return vm_file.cls == spec::FileClass::kSysv; }
  /// Flags that stuck when this VMA was merged stay (VM_STICKY).
  void set_flags(spec::VmFlags flags) { vm_flags = flags | (vm_flags & spec::kVmSticky); }
  [[nodiscard]] bool has_single_link() const { return anon_vma_chain == 1; }
};

/// VMAs by the chunk, given back to a free list. Not thread-safe.
class VmaPool {
 public:
  /// A VMA whose content is that of whoever had it before.
  [[nodiscard]] VmArea* take() {
    if (!free_.empty()) {
      VmArea* vma = free_.back();
      free_.pop_back();
      return vma;
    }
    if (fresh_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<VmArea[]>(kChunk));
    VmArea* vma = &chunks_[fresh_ / kChunk][fresh_ % kChunk];
    ++fresh_;
    return vma;
  }
  void give_back(VmArea* vma) { free_.push_back(vma); }
  [[nodiscard]] std::size_t in_use() const { return fresh_ - free_.size(); }
  /// Every VMA is free again; the memory is kept.
  void reset() {
    free_.clear();
    fresh_ = 0;
  }

 private:
  static constexpr std::size_t kChunk = 64;
  std::vector<std::unique_ptr<VmArea[]>> chunks_;
  std::vector<VmArea*> free_;
  std::size_t fresh_ = 0;  ///< VMAs below this one have been handed out at least once
};

}  // namespace vmadiff::impl
