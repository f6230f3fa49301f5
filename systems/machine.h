// systems: what is known of the machine under a real kernel, as words: for the doctor, and for the
// head of a finding, so that one that is mailed says where it comes from.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/setup.h"

namespace vmadiff::systems {

/// Each trait that was measured, by name, with what it is here. docs/machines.md explains them.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> traits_of(const spec::Setup& setup);

/// What sequences do without on this machine, each with the reason, and the remedy where there is
/// one. Requires a real kernel that can run.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> left_out_on(std::string_view system);

/// "Linux 6.18.44 (x86-64): read faults map the zero page; …; without …": one line. Requires a real
/// kernel that can run.
[[nodiscard]] std::string machine_line(std::string_view system);

}  // namespace vmadiff::systems
