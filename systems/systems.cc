// systems: making systems by name, and saying which can run here. Asking a real kernel what it can
// do starts an agent or a machine, so each is asked once.
#include "systems/systems.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "impl/implementation.h"
#include "kernel/host/host.h"
#include "kernel/host/layout.h"
#include "kernel/machine/guest.h"
#include "kernel/machine/places.h"
#include "kernel/store/kernel_source.h"
#include "kernel/store/kernel_store.h"
#include "kernel/tree/build.h"
#include "kernel/tree/coverage.h"
#include "kernel/tree/own_tests.h"
#include "kernel/tree/sanitizer.h"
#include "kernel/tree/tree.h"
#include "model/model.h"
#include "reports/quoting.h"

namespace vmadiff::systems {
namespace {

constexpr std::array kKinds{
    SystemKind{.name = kModel, .summary = "the reference model: what should happen"},
    SystemKind{.name = kImpl, .summary = "the maple tree and the patched mmap path, in userland"},
    SystemKind{.name = kHost, .summary = "the kernel of this machine, asked through an agent"},
    SystemKind{.name = kGuest, .summary = "the kernel that --kernel names, in a virtual machine"},
    SystemKind{.name = kTree, .summary = "the code of the kernel source that --tree names"},
};

/// A kernel that was asked what it can do, once.
struct RealKernel {
  kernel::HostCapabilities capabilities;
  std::optional<std::expected<spec::Setup, spec::ToolFault>> setup;
  kernel::GuestOptions options;        ///< of a guest
  kernel::BuiltTree built;             ///< of a tree
  std::optional<kernel::Guest> spare;  ///< the machine that was asked, until somebody needs one
  std::unique_ptr<spec::System> kept;  ///< a guest's that was given back
  std::function<std::unique_ptr<spec::System>()> pretended;  ///< instead of a real one
};

/// Real kernels by the names of their systems. Thread-safe.
class RealKernels {
 public:
  void choose(const KernelChoice& choice) {
    const std::lock_guard lock{mutex_};
    choice_ = choice;
  }

  /// The name with its kernel.
  std::string full_name(std::string_view system) {
    const std::lock_guard lock{mutex_};
    if (system == kGuest && !choice_.kernel.empty())
      return fmt::format("{}:{}", kGuest, choice_.kernel);
    if (system == kTree && !choice_.tree.empty()) return fmt::format("{}:{}", kTree, choice_.tree);
    return std::string{system};
  }

  const kernel::HostCapabilities& capabilities(std::string_view system) {
    const std::lock_guard lock{mutex_};
    return get(system).capabilities;
  }

  std::expected<spec::Setup, spec::ToolFault> setup(std::string_view system) {
    const std::lock_guard lock{mutex_};
    auto& real = get(system);
    if (!real.setup) real.setup = kernel::read_setup();  // only a host's is not there yet
    return *real.setup;
  }

  std::expected<std::unique_ptr<spec::System>, spec::ToolFault> make(std::string_view system) {
    {
      const std::lock_guard lock{mutex_};
      auto& real = get(system);
      if (real.pretended) return real.pretended();
      if (real.kept) return std::exchange(real.kept, nullptr);
    }
    if (system == kHost) return kernel::make_host(host_options());
    if (is_tree(system)) return make_tree(system);
    auto guest = boot(system);
    if (!guest) return std::unexpected(guest.error());
    return std::move(*guest).into_system(std::string{system});
  }

  void keep(std::string_view system, std::unique_ptr<spec::System> made) {
    const std::lock_guard lock{mutex_};
    if (is_guest(system)) get(system).kept = std::move(made);
  }

  void pretend(std::string_view system, std::function<std::unique_ptr<spec::System>()> make) {
    const std::lock_guard lock{mutex_};
    RealKernel real;
    real.capabilities.can_run = true;
    real.capabilities.ksm = true;
    real.capabilities.file_counts.fill(spec::kFilesPerClass);
    real.setup = spec::Setup::standard();
    real.pretended = std::move(make);
    kernels_.insert_or_assign(std::string{system}, std::move(real));
  }

  /// The spare machine, or a new one.
  std::expected<kernel::Guest, spec::ToolFault> boot(std::string_view system) {
    kernel::GuestOptions options;
    {
      const std::lock_guard lock{mutex_};
      auto& real = get(system);
      if (!real.capabilities.can_run)
        return std::unexpected(spec::ToolFault{real.capabilities.why_not});
      if (auto spare = std::exchange(real.spare, std::nullopt)) return *std::move(spare);
      options = real.options;
    }
    return kernel::Guest::boot(options);
  }

  std::expected<std::unique_ptr<spec::System>, spec::ToolFault> make_tree(std::string_view system) {
    const std::lock_guard lock{mutex_};
    const auto& real = get(system);
    if (!real.capabilities.can_run)
      return std::unexpected(spec::ToolFault{real.capabilities.why_not});
    return kernel::make_tree(std::string{system}, real.built.object);
  }

  std::expected<std::string, spec::ToolFault> tree_coverage() {
    const std::lock_guard lock{mutex_};
    std::string text;
    if (choice_.tree_coverage.empty()) return text;
    for (const auto& [name, real] : kernels_) {
      if (real.built.object.empty()) continue;
      const auto rows = kernel::read_coverage(real.built.object, choice_.tree_coverage);
      if (!rows) return std::unexpected(rows.error());
      text += fmt::format("coverage of {} (annotated sources: {})\n", name, choice_.tree_coverage);
      const auto own = own_tests(name, kernel::CountCoverage::kYes);
      text += fmt::format("  the tree's own unit tests: {}\n",
                          own ? kernel::text(*own) : own.error().message);
      for (const auto& row : *rows) {
        text += fmt::format("  {:<20}lines {:>6.2f}% of {:<6}branches {:>6.2f}% of {:<6}{}\n",
                            row.file, row.lines, row.line_count, row.branches, row.branch_count,
                            own ? beside(row, *own) : "");
      }
    }
    return text;
  }

  static std::expected<kernel::OwnTests, spec::ToolFault> own_tests(
      std::string_view system, kernel::CountCoverage coverage) {
    const auto source = kernel::find_source(std::string{system.substr(kTree.size() + 1)});
    if (!source) return std::unexpected(spec::ToolFault{source.error()});
    return kernel::run_own_tests(*source, coverage);
  }

  kernel::HostOptions host_options() {
    const std::lock_guard lock{mutex_};
    return {.memory_limit = std::uint64_t{choice_.memory_limit_mib} << 20,
            .cpu_limit = std::chrono::seconds{choice_.cpu_limit_seconds}};
  }

 private:
  RealKernel& get(std::string_view system) {
    const auto at = kernels_.find(system);
    if (at != kernels_.end()) return at->second;
    return kernels_
        .emplace(system, system == kHost   ? ask_host()
                         : is_tree(system) ? ask_tree(system)
                                           : ask_guest(system))
        .first->second;
  }

  /// What the tree's own tests run of the same file.
  static std::string beside(const kernel::FileCoverage& row, const kernel::OwnTests& own) {
    const auto same = std::ranges::find(own.coverage, row.file, &kernel::FileCoverage::file);
    if (same == own.coverage.end()) return "its own tests do not compile it";
    return fmt::format("its own tests: lines {:.2f}%, branches {:.2f}%", same->lines,
                       same->branches);
  }

  static RealKernel ask_host() {
    RealKernel real;
    real.capabilities = kernel::probe_host();
    return real;
  }

  RealKernel ask_tree(std::string_view system) const {
    RealKernel real;
    if (system == kTree) {
      real.capabilities.why_not = "--tree must name one: the directory of a kernel's source";
      return real;
    }
    const auto source = kernel::find_source(std::string{system.substr(kTree.size() + 1)});
    if (!source) {
      real.capabilities.why_not = source.error();
      return real;
    }
    auto built = kernel::build_tree(*source, {.sanitize = choice_.sanitize,
                                              .coverage = !choice_.tree_coverage.empty(),
                                              .on_step = choice_.on_step});
    if (!built) {
      real.capabilities.why_not = built.error().message;
      return real;
    }
    // Built by programs that are no subjects of a sanitizer; from here on this one is.
    if (const auto begun = kernel::begin_with_runtime(choice_.sanitize); !begun) {
      real.capabilities.why_not = begun.error().message;
      return real;
    }
    if (!choice_.tree_coverage.empty()) kernel::forget_coverage(built->object);
    real.capabilities = kernel::tree_capabilities(built->traits);
    real.capabilities.release = built->version;
    real.built = *std::move(built);
    real.setup = kernel::tree_setup(real.built.traits);
    return real;
  }

  RealKernel ask_guest(std::string_view system) const {
    RealKernel real;
    const auto refused = [&real](std::string why) {
      real.capabilities.why_not = std::move(why);
      return std::move(real);
    };
    if (system == kGuest) return refused("--kernel must name one: a bzImage's path or debian-6.12");
    const std::string kernel{system.substr(kGuest.size() + 1)};
    if (auto reason = kernel::why_no_guests()) return refused(*std::move(reason));
    const auto image = kernel::find_kernel(kernel);
    if (!image) return refused(image.error());
    real.options = {.kernel = image->string(),
                    .append = kernel::has_legacy_layout()
                                  ? fmt::format("{} {}", choice_.append, kernel::kBottomUp)
                                  : choice_.append,
                    .memory_mib = choice_.memory_mib,
                    .cpus = choice_.cpus};
    auto guest = kernel::Guest::boot(real.options);
    if (!guest) return refused(guest.error().message);
    real.capabilities = guest->capabilities();
    real.setup = guest->setup();
    if (real.capabilities.can_run) real.spare = *std::move(guest);
    return real;
  }

  std::mutex mutex_;
  KernelChoice choice_;
  std::map<std::string, RealKernel, std::less<>> kernels_;
};

RealKernels& real_kernels() {
  static RealKernels kernels;
  return kernels;
}

}  // namespace

std::span<const SystemKind> system_kinds() { return kKinds; }

void choose_kernels(const KernelChoice& choice) { real_kernels().choose(choice); }

std::expected<std::string, spec::ToolFault> tree_coverage() {
  return real_kernels().tree_coverage();
}

std::expected<std::string, spec::ToolFault> own_tests_of(std::string_view system) {
  const auto own = RealKernels::own_tests(system, kernel::CountCoverage::kNo);
  if (!own) return std::unexpected(own.error());
  return kernel::text(*own);
}

namespace {
bool is_of_kind(std::string_view kind, std::string_view system) {
  return system == kind || (system.starts_with(kind) && system.size() > kind.size() + 1 &&
                            system[kind.size()] == ':');
}
}  // namespace

bool is_guest(std::string_view system) { return is_of_kind(kGuest, system); }

bool is_tree(std::string_view system) { return is_of_kind(kTree, system); }

bool is_real(std::string_view system) {
  return system == kHost || is_guest(system) || is_tree(system);
}

bool is_in_process(std::string_view system) { return !is_real(system) || is_tree(system); }

std::string joined(std::span<const std::string> names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

std::expected<std::vector<std::string>, std::string> parse_systems(std::string_view words) {
  std::vector<std::string> names;
  while (true) {
    const auto comma = words.find(',');
    const auto word = words.substr(0, comma);
    const bool known =
        is_guest(word) || is_tree(word) ||
        std::ranges::any_of(kKinds, [word](const SystemKind& kind) { return kind.name == word; });
    if (!known) {
      return std::unexpected(
          fmt::format("unknown system '{}': expected a list of model, impl, host, guest, "
                      "guest:KERNEL, tree, tree:DIRECTORY, separated by commas",
                      word));
    }
    // The name stands in traces and reports, on a line among others.
    if (reports::printable_line(word) != word) {
      return std::unexpected(fmt::format(
          "system '{}': the kernel's path must be printable and on one line: give it a link",
          word));
    }
    auto name = real_kernels().full_name(word);
    if (std::ranges::find(names, name) != names.end()) {
      return std::unexpected(fmt::format("system '{}' is named twice", name));
    }
    names.push_back(std::move(name));
    if (comma == std::string_view::npos) return names;
    words.remove_prefix(comma + 1);
  }
}

std::optional<std::string> why_not(std::string_view system) {
  if (!is_real(system)) return std::nullopt;
  const auto& capabilities = real_kernels().capabilities(system);
  if (capabilities.can_run) return std::nullopt;
  return capabilities.why_not;
}

std::optional<std::string> why_unmodelled(std::string_view system) {
  if (!is_real(system)) return std::nullopt;
  const auto& reason = real_kernels().capabilities(system).unmodelled;
  return reason.empty() ? std::nullopt : std::optional{reason};
}

const kernel::HostCapabilities& capabilities_of(std::string_view system) {
  return real_kernels().capabilities(system);
}

std::expected<std::unique_ptr<spec::System>, spec::ToolFault> make_system(
    std::string_view system, const spec::KernelProfile& profile) {
  if (is_real(system)) return real_kernels().make(system);
  if (auto made = make_like(system, profile)) return made;
  return std::unexpected(spec::ToolFault{fmt::format("there is no system '{}'", system)});
}

std::expected<kernel::Guest, spec::ToolFault> boot_guest(std::string_view system) {
  return real_kernels().boot(system);
}

void keep_for_later(std::string_view system, std::unique_ptr<spec::System> made) {
  real_kernels().keep(system, std::move(made));
}

void pretend(std::string_view system, std::function<std::unique_ptr<spec::System>()> make) {
  real_kernels().pretend(system, std::move(make));
}

std::unique_ptr<spec::System> make_like(std::string_view system,
                                        const spec::KernelProfile& profile) {
  if (system == kModel) return model::make_model(profile);
  if (system == kImpl) return impl::make_implementation(profile);
  return nullptr;
}

std::expected<spec::Setup, spec::ToolFault> setup_for(std::span<const std::string> systems) {
  const auto first = std::ranges::find_if(systems, is_real);
  if (first == systems.end()) {
    auto setup = spec::Setup::standard();
    setup.bottom_up = kernel::has_legacy_layout();
    return setup;
  }
  return real_kernels().setup(*first);
}

}  // namespace vmadiff::systems
