// model: the System that the others see.
#include "model/model.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "model/address_space.h"
#include "model/calls.h"
#include "model/fork.h"

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
    processes_.resize(1);
    if (!processes_[0]) processes_[0].emplace(profile_);
    processes_[0]->start(setup);
    return {};
  }

  spec::Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    AddressSpace* const space = process_of(process);
    if (space == nullptr) return Outcome::fail(Errno::kESRCH);
    return std::visit(Apply{*this, process, *space}, call);
  }

  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    if (const AddressSpace* const space = process_of(process)) {
      space->snapshot(out);
    } else {
      out = {};
    }
    return {};
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
    return process < processes_.size() && processes_[process] ? &*processes_[process] : nullptr;
  }

  Outcome fork(const AddressSpace& parent) {
    if (processes_.size() == spec::kProcessCountMax) return Outcome::fail(Errno::kEAGAIN);
    auto child = forked(parent);
    if (!child) return Outcome::fail(Errno::kENOMEM);
    processes_.push_back(std::move(child));
    return Outcome::ok(processes_.size() - 1);
  }

  Outcome exit(spec::ProcessId process) {
    if (process == 0) return Outcome::fail(Errno::kEPERM);
    processes_[process].reset();
    return Outcome::ok();
  }

  spec::KernelProfile profile_;
  std::vector<std::optional<AddressSpace>> processes_;  ///< by number; none where it has gone
};

}  // namespace

std::unique_ptr<spec::System> make_model(const spec::KernelProfile& profile) {
  return std::make_unique<Model>(profile);
}

}  // namespace vmadiff::model
