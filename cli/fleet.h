// cli: systems for many files: each is made once.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "process/exit_status.h"
#include "spec/profile_text.h"
#include "spec/system.h"
#include "systems/systems.h"

namespace vmadiff::cli {

/// The systems of one profile, made when first needed: an agent is not started for every file.
class Fleet {
 public:
  std::expected<spec::System*, process::Refusal> get(const std::string& name,
                                                     const spec::KernelProfile& profile) {
    auto& slot = systems_[{name, systems::is_real(name) ? "" : spec::profile_text(profile)}];
    if (!slot) {
      auto made = systems::make_system(name, profile);
      if (!made)
        return std::unexpected(process::Refusal{process::ExitStatus::kLacks, made.error().message});
      slot = *std::move(made);
    }
    return slot.get();
  }

 private:
  std::map<std::pair<std::string, std::string>, std::unique_ptr<spec::System>> systems_;
};

}  // namespace vmadiff::cli
