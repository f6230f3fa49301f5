// kernel/tree: a source tree's own code of the memory calls, in this process, as a System. It knows
// no model.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "kernel/host/host.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// Of that name, with what build_tree() has made. `blocks`: where the blocks that are run are
/// counted, by an object that tells them; its size is a power of two, and it outlives the system.
[[nodiscard]] std::expected<std::unique_ptr<spec::System>, spec::ToolFault> make_tree(
    std::string name, const std::filesystem::path& object, std::span<std::uint8_t> blocks = {});

/// What sequences may ask of a tree, whichever it is.
[[nodiscard]] HostCapabilities tree_capabilities(bool has_mmap_prepare);

}  // namespace vmadiff::kernel
