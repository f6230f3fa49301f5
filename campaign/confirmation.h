// campaign: a finding of a source tree's code, asked of a kernel that was booted: what the tree's
// code shows in this process can be of what stands around it here.
#pragma once

#include <filesystem>
#include <string>

#include "properties/claims/finding.h"

namespace vmadiff::campaign {

/// What the real kernel of that name says to the finding's file: it is replayed there by a process
/// of its own, with the systems that the tree was compared with. Boots a virtual machine, where it
/// is a guest.
[[nodiscard]] properties::Confirmation confirm(const std::filesystem::path& trace,
                                               const properties::Finding& finding,
                                               const std::string& system);

/// What an ended replay says of it: its wait status, what it printed, and its complaints.
[[nodiscard]] properties::Confirmation confirmation_of(const properties::Finding& finding,
                                                       const std::string& system, int wait_status,
                                                       const std::string& output,
                                                       const std::string& errors);

}  // namespace vmadiff::campaign
