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

struct BootModules {
  std::vector<Module> found;         ///< each behind those it depends on
  std::vector<std::string> refused;  ///< of those that are there as files: why not, a line each
};

/// Those of `wanted` that are there as files. They are looked for below VERSION's own directory: of
/// DIR/boot/KERNEL in DIR/lib/modules and DIR/usr/lib/modules, and where the image lies in it
/// itself. What is not there is taken to be built in. A module that was built for another version
/// is refused, whatever directory it lies in.
[[nodiscard]] BootModules modules_for(const std::filesystem::path& kernel,
                                      const std::vector<std::string>& wanted);

}  // namespace vmadiff::kernel
