// kernel: the modules that a virtual machine needs, taken from where a Debian package puts them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace vmadiff::kernel {

struct Module {
  std::string name;
  std::string content;  ///< ELF, not compressed
};

/// The version that a kernel image says it is ("6.12.1-custom"); empty where the file is no
/// bzImage.
[[nodiscard]] std::string version_of(const std::filesystem::path& kernel);

/// Those of `wanted` that are there as files, each behind those it depends on. For DIR/boot/KERNEL
/// they are looked for below DIR/lib/modules/VERSION; what is not there is taken to be built in.
[[nodiscard]] std::vector<Module> modules_for(const std::filesystem::path& kernel,
                                              const std::vector<std::string>& wanted);

}  // namespace vmadiff::kernel
