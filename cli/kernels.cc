// cli: the kernels commands.
#include "cli/kernels.h"

#include <fmt/format.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "kernel/machine/guest.h"
#include "kernel/machine/messages.h"
#include "kernel/store/kernel_modules.h"
#include "kernel/store/kernel_store.h"
#include "process/output.h"

namespace vmadiff::cli {

process::ExitStatus list_kernels() {
  const auto kernels = kernel::stored_kernels();
  for (const auto& [name, image] : kernels) {
    fmt::print("{:<14}{}  {}\n", name, kernel::version_of(image), image.string());
  }
  if (kernels.empty()) fmt::print("none is here yet: vmadiff kernels fetch debian-6.12\n");
  return process::ExitStatus::kHeld;
}

process::ExitStatus fetch_kernel(const FetchKernel& options) {
  if (!kernel::is_kernel_name(options.name)) {
    return process::refuse_input(
        fmt::format("'{}': expected debian- and a version, as in debian-6.12", options.name));
  }
  const auto image = kernel::fetch_kernel(options.name);
  if (!image) {
    return process::refuse(
        {process::ExitStatus::kLacks,
         fmt::format("{} cannot be had: {}", options.name, image.error().message)});
  }
  fmt::print("{}  {}  {}\n", options.name, kernel::version_of(*image), image->string());
  return process::ExitStatus::kHeld;
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
  systems::choose_guests(options.guest);
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
