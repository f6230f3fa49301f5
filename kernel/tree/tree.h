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
#include "kernel/tree/traits.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::kernel {

/// Of that name, with what build_tree() has made. `blocks`: where the blocks that are run are
/// counted, by an object that tells them; its size is a power of two, and it outlives the system.
[[nodiscard]] std::expected<std::unique_ptr<spec::System>, spec::ToolFault> make_tree(
    std::string name, const std::filesystem::path& object, std::span<std::uint8_t> blocks = {});

/// What sequences may ask of a tree.
[[nodiscard]] HostCapabilities tree_capabilities(const TreeTraits& traits);
/// The machine in which they begin: the standard one, but with so little memory that no call takes
/// long.
[[nodiscard]] spec::Setup tree_setup(const TreeTraits& traits);

}  // namespace vmadiff::kernel
