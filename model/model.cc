// model: the System that the others see.
#include "model/model.h"

#include <variant>

#include "model/address_space.h"
#include "model/calls.h"

namespace vmadiff::model {
namespace {

class Model final : public spec::System {
 public:
  explicit Model(const spec::KernelProfile& profile) : space_(profile) {}

  [[nodiscard]] std::string_view name() const override { return "model"; }
  [[nodiscard]] spec::Observes observes() const override { return {}; }

  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    space_.start(setup);
    return {};
  }

  spec::Outcome apply(spec::ProcessId /*process*/, const spec::Syscall& call) override {
    return std::visit([this](const auto& one) { return run(space_, one); }, call);
  }

  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId /*process*/,
                                                spec::Snapshot& out) override {
    space_.snapshot(out);
    return {};
  }

 private:
  AddressSpace space_;
};

}  // namespace

std::unique_ptr<spec::System> make_model(const spec::KernelProfile& profile) {
  return std::make_unique<Model>(profile);
}

}  // namespace vmadiff::model
