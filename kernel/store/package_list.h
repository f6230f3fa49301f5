// kernel: a list of Debian packages as an archive publishes it (a Packages file): blocks of
// "Field: value" lines, an empty line between two.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmadiff::kernel {

struct Package {
  std::string name;
  std::string version;
  std::string depends;
  std::string path;  ///< below the mirror
  std::string sha256;
  std::uint64_t size = 0;
};

/// Those whose name begins with `beginning`, in the list's order. A block without a name, a
/// version, a path or a SHA-256 is none.
[[nodiscard]] std::vector<Package> packages_in(std::string_view list, std::string_view beginning);

}  // namespace vmadiff::kernel
