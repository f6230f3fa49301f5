// kernel: reading a list of Debian packages.
#include "kernel/store/package_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vmadiff::kernel {
namespace {

/// The value of a field of the block; empty where it has none.
std::string_view field(std::string_view block, std::string_view name) {
  const auto head = fmt::format("{}: ", name);
  std::size_t at = 0;
  if (!block.starts_with(head)) {
    at = block.find("\n" + head);
    if (at == std::string_view::npos) return {};
    ++at;
  }
  at += head.size();
  return block.substr(at, block.find('\n', at) - at);
}

}  // namespace

std::vector<Package> packages_in(std::string_view list, std::string_view beginning) {
  std::vector<Package> packages;
  while (!list.empty()) {
    const auto end = std::min(list.find("\n\n"), list.size());
    const auto block = list.substr(0, end);
    list.remove_prefix(std::min(end + 2, list.size()));
    const auto name = field(block, "Package");
    if (!name.starts_with(beginning)) continue;
    Package package{.name = std::string{name},
                    .version = std::string{field(block, "Version")},
                    .depends = std::string{field(block, "Depends")},
                    .path = std::string{field(block, "Filename")},
                    .sha256 = std::string{field(block, "SHA256")}};
    const auto size = field(block, "Size");
    std::from_chars(size.data(), size.data() + size.size(), package.size);
    const bool is_whole = !package.name.empty() && !package.version.empty() &&
                          !package.path.empty() && !package.sha256.empty();
    if (is_whole) packages.push_back(std::move(package));
  }
  return packages;
}

}  // namespace vmadiff::kernel
