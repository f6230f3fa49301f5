// cli: several real kernels, one after the other: which they are, and each booted, asked what it
// is, and let go again, so that no more than one machine is up.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/identity.h"
#include "compare/release_history.h"
#include "process/exit_status.h"

namespace vmadiff::cli {

/// The systems of the kernels that are named, "debian-6.12,host,path/to/bzImage", in that order;
/// with no words all that were fetched, the oldest first. The refusal says how to get some.
[[nodiscard]] std::expected<std::vector<std::string>, process::Refusal> kernel_row(
    std::string_view words);

/// The system of one kernel that is named: "host", a name or a file.
[[nodiscard]] std::expected<std::string, process::Refusal> system_of_kernel(std::string_view word);

/// Boots it, says on stderr that this is done, and hands it over with what it is. A kernel that
/// cannot be asked at all is a refusal, with the reason.
[[nodiscard]] std::expected<void, process::Refusal> ask_kernel(
    const std::string& system,
    const std::function<std::expected<void, spec::ToolFault>(
        const compare::AskedKernel& kernel, const compare::Identity& identity)>& what);

}  // namespace vmadiff::cli
