// impl: the mmap path behind the interface of a system under test.
#include "impl/implementation.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <type_traits>
#include <vector>

#include "impl/calls.h"
#include "impl/fork.h"
#include "impl/hugetlb.h"
#include "impl/memfd.h"
#include "impl/mm.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

/// The calls about one address space. Processes begin and end in Implementation.
struct Dispatch {
  MmStruct& mm;
  Outcome operator()(const Mmap& call) const { return sys_mmap(mm, call); }
  Outcome operator()(const Munmap& call) const { return sys_munmap(mm, call); }
  Outcome operator()(const Mprotect& call) const { return sys_mprotect(mm, call); }
  Outcome operator()(const Brk& call) const { return sys_brk(mm, call); }
  Outcome operator()(const Madvise& call) const { return sys_madvise(mm, call); }
  Outcome operator()(const Prctl& call) const { return sys_prctl(mm, call); }
  Outcome operator()(const Touch& call) const { return touch(mm, call); }
  Outcome operator()(const Mlock& call) const { return sys_mlock(mm, call); }
  Outcome operator()(const Mlock2& call) const { return sys_mlock2(mm, call); }
  Outcome operator()(const Munlock& call) const { return sys_munlock(mm, call); }
  Outcome operator()(const Mlockall& call) const { return sys_mlockall(mm, call); }
  Outcome operator()(const Munlockall& call) const { return sys_munlockall(mm, call); }
  Outcome operator()(const Mremap& call) const { return sys_mremap(mm, call); }
  Outcome operator()(const Mseal& call) const { return sys_mseal(mm, call); }
  Outcome operator()(const PkeyMprotect& call) const { return sys_pkey_mprotect(mm, call); }
  Outcome operator()(const RemapFilePages& call) const { return sys_remap_file_pages(mm, call); }
  Outcome operator()(const Setrlimit& call) const { return sys_setrlimit(mm, call); }
  Outcome operator()(const UffdOpen& call) const { return userfaultfd_open(mm, call); }
  Outcome operator()(const UffdClose& call) const { return userfaultfd_close(mm, call); }
  Outcome operator()(const UffdRegister& call) const { return userfaultfd_register(mm, call); }
  Outcome operator()(const UffdUnregister& call) const { return userfaultfd_unregister(mm, call); }
  Outcome operator()(const UffdWriteprotect& call) const {
    return userfaultfd_writeprotect(mm, call);
  }
  Outcome operator()(const UffdRwprotect& call) const { return userfaultfd_rwprotect(mm, call); }
  Outcome operator()(const Mbind& call) const { return sys_mbind(mm, call); }
  Outcome operator()(const SetMempolicy& call) const { return sys_set_mempolicy(mm, call); }
  Outcome operator()(const SetVmaName& call) const { return prctl_set_vma(mm, call); }
  Outcome operator()(const Shmat& call) const { return sys_shmat(mm, call); }
  Outcome operator()(const Shmdt& call) const { return sys_shmdt(mm, call); }
  Outcome operator()(const PkeyAlloc& call) const { return sys_pkey_alloc(mm, call); }
  Outcome operator()(const PkeyFree& call) const { return sys_pkey_free(mm, call); }
  Outcome operator()(const Msync& call) const { return sys_msync(mm, call); }
  Outcome operator()(const ProcessMadvise& call) const { return sys_process_madvise(mm, call); }
};

class Implementation final : public System {
 public:
  explicit Implementation(const KernelProfile& profile) : init_(profile, &faults_) {
    init_.memfds = &memfds_;
  }

  [[nodiscard]] std::string_view name() const override { return "impl"; }
  [[nodiscard]] Observes observes() const override { return {}; }

  std::expected<void, ToolFault> start(const Setup& setup) override {
    for (std::size_t process = 1; process <= forked_.size(); ++process) bury(process);
    forked_.clear();
    memfds_.reset(init_.profile);
    if (auto wrong = init_.start(setup)) return std::unexpected{ToolFault{std::move(*wrong)}};
    return {};
  }

  Outcome apply(ProcessId process, const Syscall& call) override {
    MmStruct* const mm = mm_of(process);
    if (mm == nullptr) return Outcome::fail(Errno::kESRCH);
    const Outcome outcome = std::visit(
        [&](const auto& one) -> Outcome {
          using Call = std::decay_t<decltype(one)>;
          if constexpr (std::is_same_v<Call, Fork>) {
            return sys_fork(*mm);
          } else if constexpr (std::is_same_v<Call, Exit>) {
            return sys_exit(process);
          } else if constexpr (std::is_same_v<Call, Exec>) {
            exec_mmap(*mm);
            return Outcome::ok();
          } else if constexpr (std::is_same_v<Call, AddSeals>) {
            return add_seals(*mm, one);
          } else {
            return Dispatch{*mm}(one);
          }
        },
        call);
    hugetlb_evict_unused(*init_.hstate);
    return outcome;
  }

  std::expected<void, ToolFault> snapshot(ProcessId process, Snapshot& out) override {
    if (const MmStruct* const mm = mm_of(process)) {
      mm->snapshot(out);
    } else {
      out.clear();
    }
    return {};
  }

  std::expected<std::optional<HugePages>, ToolFault> left_in_pool() override {
    Hstate& h = *init_.hstate;
    for (MmStruct* mm : h.mms) hugetlb_exit_mmap(*mm);
    hugetlb_evict_all(h);
    HugePages left = h.counters();
    left.free -= init_.setup->nr_hugepages;
    return left;
  }

  [[nodiscard]] AllocationFaults* allocation_faults() override { return &faults_; }

  [[nodiscard]] std::optional<std::string> broken_invariant() const override {
    if (auto broken = init_.broken_invariant()) return broken;
    for (std::size_t i = 0; i < forked_.size(); ++i) {
      if (!forked_[i]) continue;
      if (auto broken = forked_[i]->broken_invariant()) {
        return fmt::format("process {}: {}", i + 1, *broken);
      }
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] MmStruct* mm_of(ProcessId process) {
    if (process == 0) return &init_;
    return process <= forked_.size() ? forked_[process - 1].get() : nullptr;
  }

  Outcome sys_fork(const MmStruct& oldmm) {
    if (forked_.size() + 1 == kProcessCountMax) return Outcome::fail(Errno::kEAGAIN);
    auto& mm = unused_[forked_.size()];
    if (mm == nullptr) {
      mm = std::make_unique<MmStruct>(init_.profile, &faults_, init_.hstate);
      mm->leave_machine();
    }
    if (const Failure failed = dup_mm(mm.get(), oldmm)) return Outcome::fail(*failed);
    forked_.push_back(std::move(mm));
    return Outcome::ok(forked_.size());
  }

  /// A process of that number to come has the memory of the one that was.
  void bury(std::size_t process) {
    auto& mm = forked_[process - 1];
    if (mm == nullptr) return;
    mm->leave_machine();
    unused_[process - 1] = std::move(mm);
  }

  Outcome add_seals(MmStruct& mm, const AddSeals& call) {
    std::uint64_t writers = writers_of(init_, call.file);
    for (const auto& forked : forked_) writers += forked ? writers_of(*forked, call.file) : 0;
    const Failure failed = memfd_add_seals(mm, call.file, call.seals, writers);
    return failed ? Outcome::fail(*failed) : Outcome::ok();
  }

  Outcome sys_exit(ProcessId process) {
    if (process == 0) return Outcome::fail(Errno::kEPERM);
    hugetlb_exit_mmap(*forked_[process - 1]);
    bury(process);
    return Outcome::ok();
  }

  FaultAttr faults_;
  MemfdSeals memfds_;
  MmStruct init_;                                  ///< process 0
  std::vector<std::unique_ptr<MmStruct>> forked_;  ///< by number less one; null where it has gone
  std::array<std::unique_ptr<MmStruct>, kProcessCountMax> unused_;  ///< in the same way
};

}  // namespace

std::unique_ptr<System> make_implementation(const KernelProfile& profile) {
  return std::make_unique<Implementation>(profile);
}

}  // namespace vmadiff::impl
