// explain: the rules by which calls are refused, one for each call, and the questions that several
// of them ask. For this room alone; refusal.h is what others see.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "explain/boundary.h"
#include "explain/refusal.h"
#include "spec/flags.h"
#include "spec/snapshot.h"
#include "spec/syscall.h"

namespace vmadiff::explain {

/// A sentence as why_refused gives it; empty where no rule says it.
using Why = std::string;

/// One failed call.
class Rules {
 public:
  explicit Rules(const Refused& r) : r_(r), errno_(r.outcome.error()) {}

  Why operator()(const spec::Mmap& c) const;
  Why operator()(const spec::Munmap& c) const;
  Why operator()(const spec::Mprotect& c) const;
  Why operator()(const spec::PkeyMprotect& c) const;
  Why operator()(const spec::PkeyFree& c) const;
  Why operator()(const spec::PkeyAlloc& c) const;
  Why operator()(const spec::Shmat& c) const;
  Why operator()(const spec::Shmdt& c) const;
  Why operator()(const spec::Madvise& c) const;
  Why operator()(const spec::Prctl& c) const;
  Why operator()(const spec::Touch& c) const;
  Why operator()(const spec::Mremap& c) const;
  Why operator()(const spec::Mlock& c) const;
  Why operator()(const spec::Mlock2& c) const;
  Why operator()(const spec::Munlock& c) const;
  Why operator()(const spec::Mlockall& c) const;
  Why operator()(const spec::Munlockall&) const { return {}; }
  Why operator()(const spec::Mseal& c) const;
  Why operator()(const spec::RemapFilePages& c) const;
  Why operator()(const spec::Setrlimit&) const {
    return errno_ == spec::Errno::kEINVAL ? "the soft limit is over the hard limit (do_prlimit)"
                                          : "";
  }
  Why operator()(const spec::Fork&) const {
    return errno_ == spec::Errno::kEAGAIN
               ? fmt::format("a trace has at most {} processes", spec::kProcessCountMax)
               : Why{};
  }
  Why operator()(const spec::Exec&) const { return {}; }
  Why operator()(const spec::Exit&) const {
    return errno_ == spec::Errno::kEPERM ? "process 0 stays until the trace is at its end" : "";
  }
  Why operator()(const spec::UffdRegister& c) const;
  Why operator()(const spec::UffdUnregister& c) const;
  Why operator()(const spec::UffdWriteprotect& c) const;
  Why operator()(const spec::UffdRwprotect& c) const;
  Why operator()(const spec::UffdOpen& c) const;
  Why operator()(const spec::UffdClose&) const {
    return errno_ == spec::Errno::kEBADF ? "no userfaultfd of that number is open" : "";
  }
  Why operator()(const spec::Mbind& c) const;
  Why operator()(const spec::SetMempolicy& c) const;
  Why operator()(const spec::SetVmaName& c) const;
  Why operator()(const spec::Msync& c) const;
  Why operator()(const spec::AddSeals& c) const;
  Why operator()(const spec::ProcessMadvise& c) const;
  /// brk has no errno.
  Why operator()(const spec::Brk&) const { return {}; }

 private:
  [[nodiscard]] const spec::Vma* vma_at(spec::Address a) const {
    return explain::vma_at(r_.before, a);
  }
  [[nodiscard]] static bool is_shared(const spec::Vma& vma) {
    return (vma.flags & (spec::kVmShared | spec::kVmMayshare)) != 0;
  }
  /// Which write seal an earlier call has set.
  [[nodiscard]] Why file_seals(spec::FileId file) const;
  /// What MDWE says of such a protection, if an earlier call has turned it on.
  [[nodiscard]] Why write_or_execute(std::uint64_t prot) const;
  static Why unaligned(std::string_view where);
  [[nodiscard]] Why hole(spec::Range range, std::string_view where) const;
  /// "VMA IS …", of the first VMA in the range of which `why` says something.
  [[nodiscard]] Why first_that(spec::Range range, const auto& why, std::string_view where) const {
    for (const spec::Vma& vma : r_.before.vmas) {
      if (!vma.range().overlaps(range)) continue;
      const Why what = why(vma);
      if (!what.empty()) return fmt::format("{} {} ({})", spec::text(vma), what, where);
    }
    return {};
  }
  [[nodiscard]] Why sealed(spec::Range range) const;
  [[nodiscard]] Why overlapped(spec::Range range, std::string_view what) const;
  /// One end of the range lies inside a huge page.
  [[nodiscard]] Why split_huge_page(spec::Range range) const;
  [[nodiscard]] Why no_key(std::int32_t pkey) const;
  [[nodiscard]] Why protect(spec::Address addr, spec::Address length, std::uint64_t prot) const;
  [[nodiscard]] Why lock(spec::Address addr, spec::Address length) const;
  [[nodiscard]] static Why no_number();
  [[nodiscard]] static Why no_kernel_faults();
  [[nodiscard]] Why mark(spec::Range range, std::uint64_t mode, spec::VmFlags flag) const;
  [[nodiscard]] Why watch(spec::Range range) const;
  [[nodiscard]] Why policy(std::uint16_t mode, std::uint64_t nodes) const;
  /// "VMA refuses the advice", in words that go on behind the VMA.
  [[nodiscard]] Why refuses_advice(const spec::Vma& vma, std::int32_t advice) const;
  [[nodiscard]] std::string pool() const;
  /// A page in the range that no file has, in words that go on behind the VMA.
  [[nodiscard]] Why bus_error(const spec::Vma& vma, spec::Range range) const;
  /// Pages that an earlier call has made guards.
  [[nodiscard]] Why guard(spec::Range range) const;

  const Refused& r_;
  spec::Errno errno_;
};

}  // namespace vmadiff::explain
