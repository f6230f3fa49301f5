// campaign: the systems of one thread, and the checkers that run sequences on them.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "properties/checker.h"
#include "properties/claims/finding.h"
#include "properties/claims/property.h"
#include "spec/kernel_profile.h"
#include "spec/sequence.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::campaign {

/// Systems of one's own, not to be shared between threads.
class Crew {
 public:
  [[nodiscard]] static std::expected<Crew, spec::ToolFault> make(
      std::span<const std::string> names, const spec::KernelProfile& profile);

  [[nodiscard]] std::vector<spec::System*> systems() const;
  /// Those of the names given; all where none of them is here.
  [[nodiscard]] std::vector<spec::System*> systems(std::span<const std::string> names) const;

 private:
  std::vector<std::unique_ptr<spec::System>> systems_;
};

/// A checker of these systems, with what every checker of this command has in common.
[[nodiscard]] properties::Checker make_checker(const std::vector<spec::System*>& systems,
                                               const spec::KernelProfile& profile,
                                               const spec::Setup& setup,
                                               properties::PropertySet properties,
                                               properties::Coverage* coverage = nullptr);

}  // namespace vmadiff::campaign
