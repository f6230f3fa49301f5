// kernel: kernels among Debian's packages.
#include "kernel/store/debian_kernels.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "kernel/store/debian_version.h"

namespace vmadiff::kernel {
namespace {

constexpr std::string_view kDebian = "debian-";
constexpr std::string_view kImage = "linux-image-";
constexpr std::string_view kBinary = "linux-binary-";
constexpr std::string_view kModules = "linux-modules-";
constexpr std::string_view kFlavour = "-cloud-amd64";
constexpr std::string_view kUnsigned = "-unsigned";

/// The numbers of "6.12.118"; empty where it is anything else.
std::vector<int> numbers_of(std::string_view version) {
  std::vector<int> numbers;
  while (true) {
    int number = 0;
    const auto read = std::from_chars(version.data(), version.data() + version.size(), number);
    const auto length = static_cast<std::size_t>(read.ptr - version.data());
    if (read.ec != std::errc{} || length == 0 || number < 0) return {};
    numbers.push_back(number);
    version.remove_prefix(length);
    if (version.empty()) return numbers;
    if (version.front() != '.') return {};
    version.remove_prefix(1);
  }
}

std::vector<int> numbers_of_name(std::string_view name) {
  if (!name.starts_with(kDebian)) return {};
  return numbers_of(name.substr(kDebian.size()));
}

/// The kernel's release in a package's name; empty where it is not a package of that kind.
std::string_view release_in(std::string_view package, std::string_view kind) {
  if (!package.starts_with(kind)) return {};
  package.remove_prefix(kind.size());
  if (package.ends_with(kUnsigned)) package.remove_suffix(kUnsigned.size());
  const bool is_ours = package.ends_with(kFlavour) && package.front() >= '0' &&
                       package.front() <= '9' && !package.contains("-rt-");
  return is_ours ? package : std::string_view{};
}

/// An image package that has no kernel in it.
bool is_follower(const Package& package) {
  return package.name.starts_with(kImage) && package.depends.contains(kBinary);
}

/// Which of two packages of one upstream version is taken: the newer; and of the same one the
/// signed, so that always the same is taken.
bool is_better(const Package& a, const Package& b) {
  const auto order = compare_debian_versions(a.version, b.version);
  if (order != std::strong_ordering::equal) return order == std::strong_ordering::greater;
  return !a.name.ends_with(kUnsigned) && b.name.ends_with(kUnsigned);
}

std::string version_text(std::string_view name) { return std::string{name.substr(kDebian.size())}; }

}  // namespace

bool is_kernel_name(std::string_view kernel) {
  const auto numbers = numbers_of_name(kernel);
  return numbers.size() == 2 || numbers.size() == 3;
}

bool is_older(std::string_view a, std::string_view b) {
  return numbers_of_name(a) < numbers_of_name(b);
}

std::string minor_release_of(std::string_view name) {
  return std::string{name.substr(0, name.find('.', name.find('.') + 1))};
}

std::vector<DebianKernel> kernels_among(std::span<const OfferedPackage> packages) {
  std::map<std::vector<int>, const OfferedPackage*> images;
  std::map<std::pair<std::string_view, std::string_view>, const OfferedPackage*> modules;
  for (const OfferedPackage& offered : packages) {
    const Package& package = offered.package;
    if (const auto release = release_in(package.name, kModules); !release.empty())
      modules.emplace(std::pair{release, std::string_view{package.version}}, &offered);
    if (release_in(package.name, kImage).empty() && release_in(package.name, kBinary).empty())
      continue;
    auto numbers = numbers_of(upstream_of(package.version));
    if (numbers.size() == 2) numbers.push_back(0);
    if (numbers.size() != 3 || is_follower(package)) continue;
    auto& best = images[std::move(numbers)];
    if (best == nullptr || is_better(package, best->package)) best = &offered;
  }
  std::vector<DebianKernel> kernels;
  for (const auto& [numbers, offered] : images) {
    const Package& package = offered->package;
    const bool is_whole = package.name.starts_with(kImage);
    DebianKernel kernel{
        .name = fmt::format("{}{}.{}.{}", kDebian, numbers[0], numbers[1], numbers[2]),
        .release = std::string{release_in(package.name, is_whole ? kImage : kBinary)},
        .image = *offered,
        .modules = std::nullopt,
        .has_modules = is_whole};
    const auto own = modules.find({kernel.release, package.version});
    if (own != modules.end()) {
      kernel.modules = *own->second;
      kernel.has_modules = true;
    }
    kernels.push_back(std::move(kernel));
  }
  return kernels;
}

std::expected<DebianKernel, std::string> choose_kernel(std::span<const DebianKernel> kernels,
                                                       std::string_view name) {
  const bool is_exact = numbers_of_name(name).size() == 3;
  const DebianKernel* chosen = nullptr;  // the last is the newest
  for (const DebianKernel& kernel : kernels) {
    if (name == (is_exact ? kernel.name : minor_release_of(kernel.name))) chosen = &kernel;
  }
  if (chosen != nullptr) return *chosen;
  if (kernels.empty()) return std::unexpected("no suite of Debian's has a cloud kernel");
  // Of the same minor release, all there are; else its neighbours.
  std::vector<std::string> near;
  for (const DebianKernel& kernel : kernels) {
    if (is_exact && minor_release_of(kernel.name) == minor_release_of(name))
      near.push_back(version_text(kernel.name));
  }
  if (near.empty()) {
    const auto above = std::ranges::find_if(
        kernels, [&](const DebianKernel& kernel) { return !is_older(kernel.name, name); });
    if (above != kernels.begin())
      near.push_back(version_text(minor_release_of(std::prev(above)->name)));
    if (above != kernels.end()) near.push_back(version_text(minor_release_of(above->name)));
  }
  return std::unexpected(
      fmt::format("no suite of Debian's has it; nearest: {}", fmt::join(near, ", ")));
}

}  // namespace vmadiff::kernel
