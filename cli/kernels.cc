// cli: the kernels commands.
#include "cli/kernels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <expected>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/machine/guest.h"
#include "kernel/machine/messages.h"
#include "kernel/store/built_kernels.h"
#include "kernel/store/debian_kernels.h"
#include "kernel/store/kernel_source.h"
#include "kernel/store/kernel_store.h"
#include "process/interrupt.h"
#include "process/output.h"
#include "process/terminal.h"

namespace vmadiff::cli {

namespace {

constexpr std::string_view kNameExpected =
    "expected debian-X.Y or debian-X.Y.Z, as in debian-6.12, or linux-X.Y for a source";

/// What apt is at, on stderr; on a terminal with how far it is.
class AptLines {
 public:
  kernel::AptWatch watch() {
    return {.on_step = [this](std::string_view what) { line_.begin(what); },
            .on_progress = [this](int percent) { line_.more(fmt::format("  {:3} %", percent)); },
            .interrupted = process::is_interrupted};
  }
  void end() { line_.end(); }

 private:
  process::StepLine line_;
};

struct Offer {
  kernel::AptState apt;
  std::vector<kernel::OfferedPackage> packages;
  std::vector<kernel::DebianKernel> kernels;
};

std::expected<Offer, spec::ToolFault> ask_debian(AptLines& lines) {
  auto apt = kernel::open_apt_state(lines.watch());
  if (!apt) return std::unexpected(apt.error());
  const auto packages = apt->packages("linux-");
  if (!packages) return std::unexpected(packages.error());
  lines.end();
  for (const std::string& suite : apt->left_out()) fmt::print(stderr, "not read: {}\n", suite);
  return Offer{*std::move(apt), *packages, kernel::kernels_among(*packages)};
}

/// Where a name means a kernel's source.
process::ExitStatus fetch_source(const Offer& offer, const std::string& name, AptLines& lines) {
  const auto refused = [&name](std::string_view why) {
    return process::refuse(
        {process::ExitStatus::kLacks, fmt::format("{} cannot be had: {}", name, why)});
  };
  const auto package = kernel::choose_source(offer.packages, name);
  if (!package) return refused(package.error());
  const auto stored = kernel::fetch_source(offer.apt, *package, name);
  lines.end();
  if (!stored) return refused(stored.error().message);
  fmt::print("{:<17}{:<32}{}\n", name, package->package.version, stored->string());
  return process::ExitStatus::kHeld;
}

process::ExitStatus refuse_lack(const std::string& message) {
  return process::refuse({process::ExitStatus::kLacks, message});
}

constexpr std::size_t kNameWidth = 17;

void print_row(std::string_view name, std::string_view release, std::string_view version,
               std::string_view modules, std::string_view last, std::size_t width = kNameWidth) {
  fmt::print("{:<{}}{:<32}{:<22}{:<9}{}\n", name, width, release, version, modules, last);
}

}  // namespace

process::ExitStatus list_kernels() {
  const auto kernels = kernel::stored_kernels();
  const auto built = kernel::built_kernels();
  if (kernels.empty() && built.empty()) {
    fmt::print(
        "none is here yet: vmadiff kernels fetch debian-6.12 (vmadiff kernels available lists "
        "them)\n");
    return process::ExitStatus::kHeld;
  }
  auto width = kNameWidth;
  for (const auto& kernel : built) width = std::max(width, kernel.name.size() + 2);
  print_row("name", "release", "Debian version", "modules", "file", width);
  for (const auto& kernel : kernels) {
    print_row(kernel.name, kernel.release, kernel.version.empty() ? "?" : kernel.version,
              kernel.has_modules ? "yes" : "none", kernel.image.string(), width);
  }
  for (const auto& kernel : built)
    print_row(kernel.name, kernel.release, "built here", "none", kernel.image.string(), width);
  return process::ExitStatus::kHeld;
}

process::ExitStatus list_available_kernels() {
  process::watch_for_interrupts();
  AptLines lines;
  const auto offer = ask_debian(lines);
  lines.end();
  if (!offer) return refuse_lack(offer.error().message);
  print_row("name", "release", "Debian version", "modules", "suite");
  for (const auto& kernel : offer->kernels) {
    const auto minor = kernel::minor_release_of(kernel.name);
    const auto newest = kernel::choose_kernel(offer->kernels, minor);
    print_row(kernel.name, kernel.release, kernel.image.package.version,
              kernel.has_modules ? "yes" : "none",
              kernel.image.suite +
                  (newest && newest->name == kernel.name ? fmt::format("  = {}", minor) : ""));
  }
  return process::ExitStatus::kHeld;
}

process::ExitStatus fetch_kernels(const FetchKernels& options) {
  for (const std::string& name : options.names) {
    if (!kernel::is_kernel_name(name) && !kernel::is_source_name(name))
      return process::refuse_input(fmt::format("'{}': {}", name, kNameExpected));
  }
  process::watch_for_interrupts();
  AptLines lines;
  const auto offer = ask_debian(lines);
  lines.end();
  if (!offer) {
    return refuse_lack(
        fmt::format("{} cannot be had: {}", fmt::join(options.names, ", "), offer.error().message));
  }
  auto status = process::ExitStatus::kHeld;
  for (const std::string& name : options.names) {
    if (kernel::is_source_name(name)) {
      if (const auto fetched = fetch_source(*offer, name, lines);
          fetched != process::ExitStatus::kHeld)
        status = fetched;
      if (process::is_interrupted()) break;
      continue;
    }
    const auto kernel = kernel::choose_kernel(offer->kernels, name);
    if (!kernel) {
      status = refuse_lack(fmt::format("{} cannot be had: {}", name, kernel.error()));
      continue;
    }
    const auto stored = kernel::fetch_kernel(offer->apt, *kernel, name);
    lines.end();
    if (!stored) {
      status = refuse_lack(fmt::format("{} cannot be had: {}", name, stored.error().message));
      if (process::is_interrupted()) break;
      continue;
    }
    print_row(name, stored->release, stored->version,
              stored->has_modules ? "modules" : "no modules: the suites do not have them any more",
              "");
  }
  return status;
}

process::ExitStatus run_in_guest(const RunInGuest& options) {
  std::ifstream file{options.program, std::ios::binary};
  const std::string elf{std::istreambuf_iterator<char>{file}, {}};
  constexpr std::string_view kMagic{
      "\x7f"
      "ELF"};
  if (!elf.starts_with(kMagic)) {
    return process::refuse_input(
        fmt::format("{}: expected a program that was linked with -static", options.program));
  }
  systems::choose_kernels(options.chosen);
  const auto systems = systems::parse_systems(systems::kGuest);
  if (!systems) return process::refuse_input(systems.error());
  auto guest = systems::boot_guest(systems->front());
  if (!guest) return process::refuse({process::ExitStatus::kLacks, guest.error().message});
  const auto end = guest->run_program(elf);
  if (!end) return process::refuse({process::ExitStatus::kLacks, end.error().message});
  process::print_raw(end->output);
  if (end->signal != 0) {
    fmt::print(stderr, "vmadiff: the program was ended by {}\n",
               ::strsignal(static_cast<int>(end->signal)));
  }
  return end->signal == 0 && end->status == 0 ? process::ExitStatus::kHeld
                                              : process::ExitStatus::kFinding;
}

}  // namespace vmadiff::cli
