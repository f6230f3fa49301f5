// kernel/build: from a source tree to a bzImage, by the tree's own make, beside the tree. The
// objects stay in the user's cache, so that a second time only what was changed is compiled.
#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/build/configuration.h"
#include "kernel/store/built_kernels.h"
#include "spec/system.h"

namespace vmadiff::kernel {

struct KernelBuildOptions {
  Flavour flavour;
  std::vector<Wish> more;  ///< besides ours, and instead where both say something
  std::string name;        ///< under which the kernel is kept (built_kernels.h)
  unsigned jobs = 1;
  std::function<void(std::string_view what)> on_step;    ///< what begins now, in a line; or none
  std::function<void(std::string_view line)> on_line;    ///< each of make's; or none
  std::function<void(std::string_view what)> on_remark;  ///< what is otherwise than asked; or none
  std::function<bool()> interrupted;
};

/// `tree` is a directory with a kernel's source, which stays as it is. A fault names what was
/// looked for and where, or has the compiler's first error; the kernel that was kept under the name
/// is then still there.
[[nodiscard]] std::expected<StoredKernel, spec::ToolFault> build_kernel(
    const std::filesystem::path& tree, const KernelBuildOptions& options);

}  // namespace vmadiff::kernel
