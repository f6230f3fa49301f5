// model: the System that the others see.
#include "model/model.h"

#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "model/address_space.h"
#include "model/calls.h"
#include "model/fork.h"
#include "model/huge_pages.h"
#include "model/machine.h"
#include "model/seals.h"

namespace vmadiff::model {
namespace {

using spec::Errno;
using spec::Outcome;

class Model final : public spec::System {
 public:
  explicit Model(const spec::KernelProfile& profile) : profile_(profile) {}

  [[nodiscard]] std::string_view name() const override { return "model"; }
  [[nodiscard]] spec::Observes observes() const override { return {}; }

  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    setup_ = &setup;
    machine_.processes.resize(1);
    if (!machine_.processes[0])
      machine_.processes[0] = std::make_unique<AddressSpace>(profile_, machine_);
    machine_.processes[0]->start(setup);
    machine_.pool.start(setup);
    machine_.huge_files.clear();
    machine_.promised_when_free.clear();
    machine_.seals = first_seals(profile_);
    machine_.anon_hugetlb_count = machine_.last_huge_page = 0;
    return {};
  }

  spec::Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    AddressSpace* const space = process_of(process);
    if (space == nullptr) return Outcome::fail(Errno::kESRCH);
    const Outcome outcome = std::visit(Apply{*this, process, *space}, call);
    drop_unmapped_huge_files(machine_);
    return outcome;
  }

  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    if (const AddressSpace* const space = process_of(process)) {
      space->snapshot(out);
    } else {
      out.clear();
    }
    return {};
  }

  std::expected<std::optional<spec::HugePages>, spec::ToolFault> left_in_pool() override {
    for (const auto& space : machine_.processes) {
      if (space) space->drop({0, setup_->task_size});
    }
    drop_huge_files(machine_);
    const auto& [free, reserved, surplus] = machine_.pool.now();
    return spec::HugePages{free - setup_->nr_hugepages, reserved, surplus};
  }

 private:
  /// The calls on processes; all others are about the memory of one.
  struct Apply {
    Model& model;
    spec::ProcessId process;
    AddressSpace& space;

    Outcome operator()(const spec::Fork&) const { return model.fork(space); }
    Outcome operator()(const spec::Exit&) const { return model.exit(process); }
    Outcome operator()(const spec::Exec&) const {
      exec(space);
      return Outcome::ok();
    }
    Outcome operator()(const auto& call) const { return run(space, call); }
  };

  [[nodiscard]] AddressSpace* process_of(spec::ProcessId process) {
    const auto& processes = machine_.processes;
    return process < processes.size() ? processes[process].get() : nullptr;
  }

  Outcome fork(const AddressSpace& parent) {
    auto& processes = machine_.processes;
    if (processes.size() == spec::kProcessCountMax) return Outcome::fail(Errno::kEAGAIN);
    auto child = forked(parent);
    if (!child) return Outcome::fail(Errno::kENOMEM);
    processes.push_back(std::make_unique<AddressSpace>(*std::move(child)));
    return Outcome::ok(processes.size() - 1);
  }

  Outcome exit(spec::ProcessId process) {
    if (process == 0) return Outcome::fail(Errno::kEPERM);
    machine_.processes[process]->drop({0, setup_->task_size});
    machine_.processes[process].reset();
    return Outcome::ok();
  }

  spec::KernelProfile profile_;
  Machine machine_;
  const spec::Setup* setup_ = nullptr;
};

}  // namespace

std::unique_ptr<spec::System> make_model(const spec::KernelProfile& profile) {
  return std::make_unique<Model>(profile);
}

}  // namespace vmadiff::model
