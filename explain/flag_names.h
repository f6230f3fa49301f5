// explain: VMA flags by the names that the kernel's source has for them.
#pragma once

#include <string>

#include "spec/flags.h"

namespace vmadiff::explain {

/// "VM_LOCKED (lo), VM_MERGEABLE (mg)"; empty for none. Soft-dirty is left out.
[[nodiscard]] std::string flag_names(spec::VmFlags flags);

}  // namespace vmadiff::explain
