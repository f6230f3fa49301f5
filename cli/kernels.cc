// cli: the kernels commands.
#include "cli/kernels.h"

#include <fmt/format.h>

#include "kernel/kernel_modules.h"
#include "kernel/kernel_store.h"

namespace vmadiff::cli {

ExitStatus list_kernels() {
  const auto kernels = kernel::stored_kernels();
  for (const auto& [name, image] : kernels) {
    fmt::print("{:<14}{}  {}\n", name, kernel::version_of(image), image.string());
  }
  if (kernels.empty()) fmt::print("none is here yet: vmadiff kernels fetch debian-6.12\n");
  return ExitStatus::kHeld;
}

ExitStatus fetch_kernel(const FetchKernel& options) {
  if (!kernel::is_kernel_name(options.name)) {
    return refuse_input(
        fmt::format("'{}': expected debian- and a version, as in debian-6.12", options.name));
  }
  const auto image = kernel::fetch_kernel(options.name);
  if (!image) {
    return refuse({ExitStatus::kLacks,
                   fmt::format("{} cannot be had: {}", options.name, image.error().message)});
  }
  fmt::print("{}  {}  {}\n", options.name, kernel::version_of(*image), image->string());
  return ExitStatus::kHeld;
}

}  // namespace vmadiff::cli
