// tests of compare: real kernels that are none, so that tests are the same on every machine.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "spec/kernel_profile.h"
#include "spec/snapshot.h"
#include "spec/system.h"
#include "systems/systems.h"

namespace vmadiff::compare {

/// What a kernel answers in its own way, instead of doing the call; nothing: as the model.
using Oddity = std::function<std::optional<spec::Outcome>(const spec::Syscall&)>;

/// A model that says that it is a kernel, and shows no more than one does.
class Pretended final : public spec::System {
 public:
  Pretended(std::string name, const spec::KernelProfile& profile, Oddity oddity)
      : name_(std::move(name)),
        model_(systems::make_like(systems::kModel, profile)),
        oddity_(std::move(oddity)) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] bool is_remote() const override { return true; }
  [[nodiscard]] spec::Observes observes() const override { return spec::kFromOutside; }
  std::expected<void, spec::ToolFault> start(const spec::Setup& setup) override {
    return model_->start(setup);
  }
  spec::Outcome apply(spec::ProcessId process, const spec::Syscall& call) override {
    if (oddity_) {
      if (const auto odd = oddity_(call)) return *odd;
    }
    return model_->apply(process, call);
  }
  std::expected<void, spec::ToolFault> snapshot(spec::ProcessId process,
                                                spec::Snapshot& out) override {
    return model_->snapshot(process, out);
  }

 private:
  std::string name_;
  std::unique_ptr<spec::System> model_;
  Oddity oddity_;
};

}  // namespace vmadiff::compare
