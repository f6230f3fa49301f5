// systems: the one place that knows the systems: the model, the implementation, the kernel of this
// machine, and kernels in virtual machines. Who is above names them by text and holds them as
// spec::System. What sequences may use so that they can run them all is in offer.h.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spec/kernel_profile.h"
#include "spec/setup.h"
#include "spec/system.h"

namespace vmadiff::kernel {
class Guest;
struct HostCapabilities;
}  // namespace vmadiff::kernel

namespace vmadiff::systems {

inline constexpr std::string_view kModel = "model";
inline constexpr std::string_view kImpl = "impl";
inline constexpr std::string_view kHost = "host";
/// "guest:KERNEL" is that kernel, a file's path or a name; "guest" alone the one that --kernel
/// names.
inline constexpr std::string_view kGuest = "guest";

/// "tree:DIRECTORY" is the code of that kernel's source; "tree" alone the one that --tree names.
inline constexpr std::string_view kTree = "tree";

/// What the virtual machines of a command are like, and what one sequence may take on the host.
struct KernelChoice {
  std::string kernel;  ///< of the system "guest": a file's path or a name; may be empty
  std::string append;  ///< to the kernel's command line
  std::uint32_t memory_mib = 1024;
  std::uint32_t cpus = 1;
  std::uint32_t memory_limit_mib = 0;  ///< 0: HostOptions' own
  std::uint32_t cpu_limit_seconds = 60;
  std::string tree;           ///< of the system "tree": a directory or a name; may be empty
  std::string tree_coverage;  ///< where to write which of its lines were run; empty: not asked
  std::string sanitize;       ///< what its code is built with; may be empty
  std::function<void(std::string_view)> on_step;  ///< what takes time begins; or none
};
/// To be called once, before any system is asked for.
void choose_kernels(const KernelChoice& choice);

/// Whether it is a real kernel's code: the host, a guest or a tree.
[[nodiscard]] bool is_real(std::string_view system);
[[nodiscard]] bool is_guest(std::string_view system);
[[nodiscard]] bool is_tree(std::string_view system);
/// Whether it runs in this process, so that it can take it along when it dies.
[[nodiscard]] bool is_in_process(std::string_view system);

/// One row for each system there is.
struct SystemKind {
  std::string_view name;
  std::string_view summary;
};
[[nodiscard]] std::span<const SystemKind> system_kinds();

/// Reads "model,impl,host,guest": names in the order given, each once, a guest's with its kernel
/// where one was chosen. The error says which word is unknown and lists what would be right.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> parse_systems(
    std::string_view words);

/// "model, impl, host".
[[nodiscard]] std::string joined(std::span<const std::string> names);

/// Why the system cannot run on this machine, in one line that tells how to get it; nothing where
/// it can. The host is probed once per process, and each guest's kernel is booted once.
[[nodiscard]] std::optional<std::string> why_not(std::string_view system);

/// Why a real kernel that runs here cannot be compared with the models; nothing where it can, and
/// for the models themselves.
[[nodiscard]] std::optional<std::string> why_unmodelled(std::string_view system);

/// What was found out about a real kernel and its machine.
[[nodiscard]] const kernel::HostCapabilities& capabilities_of(std::string_view system);

/// Requires that the system can run here.
[[nodiscard]] std::expected<std::unique_ptr<spec::System>, spec::ToolFault> make_system(
    std::string_view system, const spec::KernelProfile& profile);

/// A line for each file of the trees that took part: how much of it was run, and beside it how much
/// the tree's own unit tests run. Nothing where that was not asked for.
[[nodiscard]] std::expected<std::string, spec::ToolFault> tree_coverage();

/// "26 of 26": what the unit tests say that a tree has of its own. A fault says why they cannot be
/// had. Requires a tree.
[[nodiscard]] std::expected<std::string, spec::ToolFault> own_tests_of(std::string_view system);

/// Gives back a real kernel's system that is not needed any more: make_system gives a guest's next,
/// which saves a boot.
void keep_for_later(std::string_view system, std::unique_ptr<spec::System> made);

/// For tests, before anything is asked of that system: from here on the real kernel of that name is
/// what `make` makes, on the standard machine, with every file.
void pretend(std::string_view system, std::function<std::unique_ptr<spec::System>()> make);

/// A machine with the kernel of that guest, up and running.
[[nodiscard]] std::expected<kernel::Guest, spec::ToolFault> boot_guest(std::string_view system);

/// An in-process system by name, or nullptr (properties::CheckerOptions::make_like).
[[nodiscard]] std::unique_ptr<spec::System> make_like(std::string_view system,
                                                      const spec::KernelProfile& profile);

/// The set-up in which sequences begin: that of the first real kernel that takes part, else the
/// standard one.
[[nodiscard]] std::expected<spec::Setup, spec::ToolFault> setup_for(
    std::span<const std::string> systems);

}  // namespace vmadiff::systems
