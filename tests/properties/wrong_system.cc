// tests/properties: the faults. All but three only falsify what the model shows, so that the fault
// is one thing and stays it.
#include "wrong_system.h"

#include <algorithm>
#include <utility>

#include "model/model.h"

namespace vmadiff::properties {
namespace {

using spec::Address;
using spec::Outcome;
using spec::Snapshot;
using spec::Vma;

constexpr Address kHigh = 0x200000000000;

/// Cuts the VMA that has `at` inside it in two, as if a merge had not happened.
void split_at(Snapshot& s, Address at) {
  const auto it = std::ranges::upper_bound(s.vmas, at, {}, &Vma::end);
  if (it == s.vmas.end() || it->start >= at) return;
  Vma behind = *it;
  behind.pgoff += (at - behind.start) >> spec::kPageShift;
  behind.start = at;
  it->end = at;
  s.vmas.insert(it + 1, behind);
  ++s.counters.map_count;
}

class Wrong final : public spec::System {
 public:
  Wrong(const spec::KernelProfile& profile, Fault fault, bool remote)
      : model_(model::make_model(profile)), fault_(fault), remote_(remote) {}

  [[nodiscard]] std::string_view name() const override { return "wrong"; }
  [[nodiscard]] spec::Observes observes() const override {
    return {
        .committed = fault_ == Fault::kNone || fault_ == Fault::kKeepsAChargeWhenMadviseFails,
        .allocated = fault_ == Fault::kNone || fault_ == Fault::kKeepsAnAllocationWhenMadviseFails};
  }
  [[nodiscard]] bool is_remote() const override { return remote_; }

  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    last_ = {};
    break_moved_ = 0;
    calls_ = 0;
    dead_ = false;
    return model_->start(setup);
  }

  Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    ++calls_;
    const auto* mprotect = std::get_if<spec::Mprotect>(&call);
    if (fault_ == Fault::kDiesInMprotect && mprotect != nullptr) dead_ = true;
    if (dead_) return Outcome::died();
    const Outcome outcome = model_->apply(process, call);
    remember(call, outcome);
    const auto* mmap = std::get_if<spec::Mmap>(&call);
    if (fault_ == Fault::kUnmapsWhenMmapFails && mmap != nullptr && outcome.is_error()) {
      // A kernel that unmaps first and refuses then.
      (void)model_->apply(process, spec::Munmap{mmap->addr, spec::kPageSize});
    }
    if (fault_ == Fault::kReportsAnotherErrno && outcome == Outcome::fail(spec::Errno::kEEXIST)) {
      return Outcome::fail(spec::Errno::kEINVAL);
    }
    return outcome;
  }

  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process, Snapshot& out) override {
    auto seen = model_->snapshot(process, out);
    if (seen) falsify(out);
    return seen;
  }

  std::expected<std::optional<std::int64_t>, spec::ToolFault> left_committed() override {
    return fault_ == Fault::kKeepsAChargeWhenMadviseFails && break_moved_ != 0 ? 1 : 0;
  }

  std::expected<std::optional<std::int64_t>, spec::ToolFault> left_allocated() override {
    return fault_ == Fault::kKeepsAnAllocationWhenMadviseFails && break_moved_ != 0 ? 1 : 0;
  }

  std::expected<std::optional<spec::HugePages>, spec::ToolFault> left_in_pool() override {
    auto left = model_->left_in_pool();
    if (left && fault_ == Fault::kKeepsAHugePageWhenMadviseFails && break_moved_ != 0)
      --(*left)->free;
    return left;
  }

  [[nodiscard]] std::optional<std::string> broken_invariant() const override {
    if (fault_ != Fault::kBreaksItsTree || calls_ < 5) return std::nullopt;
    return "node 3: pivot 2 is not above pivot 1";
  }

 private:
  void remember(const spec::Syscall& call, const Outcome& outcome) {
    if (std::holds_alternative<spec::Madvise>(call) && outcome.is_error()) {
      break_moved_ += spec::kPageSize;
    }
    if (!outcome.is_ok()) return;
    const auto* mprotect = std::get_if<spec::Mprotect>(&call);
    if (std::holds_alternative<spec::Mmap>(call) && fault_ == Fault::kForgetsToMergeMmap) {
      last_ = outcome.value();
    }
    if (mprotect == nullptr) return;
    const bool one_page = spec::page_up(mprotect->length) == spec::kPageSize;
    if (fault_ == Fault::kForgetsToMergeMprotect ||
        (fault_ == Fault::kForgetsToMergeMprotectOfOnePage && one_page)) {
      last_ = mprotect->addr;
    }
  }

  void falsify(Snapshot& s) const {
    switch (fault_) {
      case Fault::kShowsVmasOutOfOrder:
        if (s.vmas.size() > 5) std::swap(s.vmas[3], s.vmas[4]);
        return;
      case Fault::kShowsAVmaBehindTheTaskSize:
        if (s.vmas.size() > 5) s.vmas.back().end = Address{1} << 47;
        return;
      case Fault::kMiscountsTotalVm:
        if (s.vmas.size() > 5) ++s.counters.total_vm;
        return;
      case Fault::kForgetsToMergeMmap:
      case Fault::kForgetsToMergeMprotect:
      case Fault::kForgetsToMergeMprotectOfOnePage:
        split_at(s, last_);
        return;
      case Fault::kMovesTheBreakWhenMadviseFails:
        s.brk += break_moved_;
        return;
      case Fault::kSplitsVmasUnderKsm:
        if (s.merge_any) split_at(s, s.vmas.back().start + spec::kPageSize);
        return;
      default:
        for (Vma& vma : s.vmas) falsify(vma);
    }
  }

  void falsify(Vma& vma) const {
    const bool ours = vma.file.cls != spec::FileClass::kOther;
    const bool shared = ours && (vma.flags & spec::kVmShared) != 0;
    if (fault_ == Fault::kMarksSharedVmasMergeable && shared) vma.flags |= spec::kVmMergeable;
    if (fault_ == Fault::kGivesSharedVmasAnAnonVma && shared) vma.anon_vma = 77;
    if (fault_ == Fault::kLosesAPageOffset && vma.pgoff == 3) vma.pgoff = 2;
    if (fault_ == Fault::kMarksHighVmas && vma.start > kHigh) vma.flags |= spec::kVmRandRead;
  }

  std::unique_ptr<spec::System> model_;
  Fault fault_;
  bool remote_;
  Address last_ = 0;
  Address break_moved_ = 0;
  int calls_ = 0;
  bool dead_ = false;
};

}  // namespace

std::unique_ptr<spec::System> make_wrong(const spec::KernelProfile& profile, Fault fault,
                                         bool remote) {
  return std::make_unique<Wrong>(profile, fault, remote);
}

}  // namespace vmadiff::properties
