// cli: asking kernels one after the other.
#include "cli/kernel_row.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "kernel/host/host.h"
#include "kernel/store/debian_version.h"
#include "kernel/store/kernel_store.h"
#include "systems/systems.h"

namespace vmadiff::cli {
namespace {

/// "6.12.118". Debian's 6.1 calls itself 6.1.0, so its package is asked first.
std::string version_of(const std::string& system, std::string_view kernel) {
  for (const auto& stored : kernel::stored_kernels()) {
    if (stored.name == kernel && !stored.version.empty())
      return std::string{kernel::upstream_of(stored.version)};
  }
  const std::string& release = systems::capabilities_of(system).release;
  return release.substr(0, release.find_first_of("+-"));
}

/// "debian-6.12 (6.12.118)".
std::string shown(const std::string& system) {
  const auto kernel = system == systems::kHost ? system : system.substr(systems::kGuest.size() + 1);
  const auto version = version_of(system, kernel);
  return version.empty() ? kernel : fmt::format("{} ({})", kernel, version);
}

}  // namespace

std::expected<std::string, process::Refusal> system_of_kernel(std::string_view word) {
  const auto read = systems::parse_systems(
      word == systems::kHost ? std::string{word} : fmt::format("{}:{}", systems::kGuest, word));
  if (!read) return process::bad_input(read.error());
  if (read->size() != 1) {
    return process::bad_input(
        fmt::format("kernel '{}': expected a name or a path without a comma", word));
  }
  return read->front();
}

std::expected<std::vector<std::string>, process::Refusal> kernel_row(std::string_view words) {
  std::vector<std::string> row;
  if (words.empty()) {
    for (const auto& kernel : kernel::stored_kernels())
      row.push_back(fmt::format("{}:{}", systems::kGuest, kernel.name));
    if (!row.empty()) return row;
    return process::lacks(
        "no kernel is here: vmadiff kernels fetch debian-6.12 debian-6.18 …, or --kernels with "
        "bzImages; --profiles asks the models of all releases");
  }
  for (;;) {
    const auto comma = words.find(',');
    auto system = system_of_kernel(words.substr(0, comma));
    if (!system) return std::unexpected(system.error());
    row.push_back(*std::move(system));
    if (comma == std::string_view::npos) return row;
    words.remove_prefix(comma + 1);
  }
}

std::expected<void, process::Refusal> ask_kernel(
    const std::string& system,
    const std::function<std::expected<void, spec::ToolFault>(
        const compare::AskedKernel& kernel, const compare::Identity& identity)>& what) {
  fmt::print(stderr, "asking {}\n", system);
  if (const auto reason = systems::why_not(system))
    return process::lacks(fmt::format("{} cannot be asked: {}", system, *reason));
  const auto setup = systems::setup_for(std::array{system});
  if (!setup) return process::lacks(fmt::format("{}: {}", system, setup.error().message));
  // A real kernel has no profile but its own.
  auto kernel = systems::make_system(system, *spec::profile_named(spec::kDefaultProfileName));
  if (!kernel) return process::lacks(fmt::format("{}: {}", system, kernel.error().message));
  const auto identity = compare::identify(**kernel, *setup);
  if (!identity) return process::lacks(fmt::format("{}: {}", system, identity.error().message));
  auto done = what({.name = shown(system),
                    .system = kernel->get(),
                    .model = {.profile = identity->profile, .setup = *setup}},
                   *identity);
  if (!done) return process::lacks(fmt::format("{}: {}", system, done.error().message));
  return {};
}

}  // namespace vmadiff::cli
