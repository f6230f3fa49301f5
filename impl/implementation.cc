// impl: the mmap path behind the interface of a system under test.
#include "impl/implementation.h"

#include "impl/calls.h"
#include "impl/mm.h"

namespace vmadiff::impl {
namespace {

using namespace spec;

struct Dispatch {
  MmStruct& mm;
  Outcome operator()(const Mmap& call) const { return sys_mmap(mm, call); }
  Outcome operator()(const Munmap& call) const { return sys_munmap(mm, call); }
  Outcome operator()(const Mprotect& call) const { return sys_mprotect(mm, call); }
  Outcome operator()(const Brk& call) const { return sys_brk(mm, call); }
  Outcome operator()(const Madvise& call) const { return sys_madvise(mm, call); }
  Outcome operator()(const Prctl& call) const { return sys_prctl(mm, call); }
  Outcome operator()(const Touch& call) const { return touch(mm, call); }
};

class Implementation final : public System {
 public:
  explicit Implementation(const KernelProfile& profile) : mm_(profile) {}

  [[nodiscard]] std::string_view name() const override { return "impl"; }
  [[nodiscard]] Observes observes() const override { return {}; }

  std::expected<void, ToolFault> start(const Setup& setup) override {
    if (auto wrong = mm_.start(setup)) return std::unexpected{ToolFault{std::move(*wrong)}};
    return {};
  }

  Outcome apply(ProcessId /*process*/, const Syscall& call) override {
    return std::visit(Dispatch{mm_}, call);
  }

  std::expected<void, ToolFault> snapshot(ProcessId /*process*/, Snapshot& out) override {
    mm_.snapshot(out);
    return {};
  }

  [[nodiscard]] std::optional<std::string> broken_invariant() const override {
    return mm_.broken_invariant();
  }

 private:
  MmStruct mm_;
};

}  // namespace

std::unique_ptr<System> make_implementation(const KernelProfile& profile) {
  return std::make_unique<Implementation>(profile);
}

}  // namespace vmadiff::impl
