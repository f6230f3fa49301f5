// kernel: kernels by name.
#include "kernel/store/kernel_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <system_error>
#include <utility>

#include "kernel/store/cache.h"
#include "kernel/store/command.h"
#include "kernel/store/kernel_modules.h"

namespace vmadiff::kernel {
namespace {

namespace fs = std::filesystem;
using spec::ToolFault;

constexpr std::string_view kDebian = "debian-";

fs::path store() { return cache_path() / "kernels"; }

/// The one kernel image of an unpacked package; empty where there is none.
fs::path image_in(const fs::path& package) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{package / "boot", error}) {
    if (entry.path().filename().string().starts_with("vmlinuz-")) return entry.path();
  }
  return {};
}

std::unexpected<ToolFault> failed(const std::string& what, const std::string& why) {
  return std::unexpected(ToolFault{fmt::format("{}: {}", what, why)});
}

std::expected<std::string, ToolFault> output_of(const std::vector<std::string>& words,
                                                const std::string& directory = {}) {
  auto result = run_command(words, directory);
  if (!result) return std::unexpected(result.error());
  if (result->status == 0) return std::move(result->output);
  auto why = result->errors;
  while (why.ends_with('\n')) why.pop_back();
  return failed(words.front(), why.substr(why.rfind('\n') + 1));
}

/// The package with the newest kernel of that version: what a package without a kernel of its own,
/// which follows the newest one, depends on.
std::expected<std::string, ToolFault> package_of(std::string_view version) {
  const auto wanted = fmt::format("linux-image-{}.", version);
  for (const auto& follower : {fmt::format("linux-image-{}-cloud-amd64", version),
                               std::string{"linux-image-cloud-amd64"}}) {
    auto depends = output_of({"apt-cache", "depends", "--important", follower});
    if (!depends) continue;
    const auto at = depends->find(wanted);
    if (at != std::string::npos) return depends->substr(at, depends->find('\n', at) - at);
  }
  return std::unexpected(
      ToolFault{"apt knows no cloud kernel of this version (is its suite in the sources, and was "
                "apt-get update run?)"});
}

/// A directory of our own beside the store's, gone at the end of the scope.
class Workshop {
 public:
  explicit Workshop(fs::path path) : path_(std::move(path)) {}
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  ~Workshop() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

bool is_kernel_name(std::string_view kernel) {
  if (!kernel.starts_with(kDebian) || kernel.size() == kDebian.size()) return false;
  return std::ranges::all_of(kernel.substr(kDebian.size()),
                             [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; });
}

std::expected<fs::path, std::string> find_kernel(const std::string& kernel) {
  std::error_code error;
  if (is_kernel_name(kernel)) {
    auto image = image_in(store() / kernel);
    if (!image.empty()) return image;
    return std::unexpected(
        fmt::format("the kernel {0} is not here: vmadiff kernels fetch {0}", kernel));
  }
  if (!fs::exists(kernel, error)) {
    return std::unexpected(fmt::format(
        "{}: no such file: expected a bzImage's path, or a name such as debian-6.12", kernel));
  }
  if (version_of(kernel).empty())
    return std::unexpected(fmt::format("{}: not a bzImage of x86-64", kernel));
  return fs::absolute(kernel, error);
}

std::expected<fs::path, ToolFault> fetch_kernel(const std::string& name) {
  if (!is_kernel_name(name))
    return failed(name, "expected debian- and a version, as in debian-6.12");
  const auto package = package_of(std::string_view{name}.substr(kDebian.size()));
  if (!package) return std::unexpected(package.error());
  std::error_code error;
  const Workshop workshop{store() / fmt::format(".{}.{}", name, ::getpid())};
  const fs::path unpacked = workshop.path() / "unpacked";
  fs::create_directories(unpacked, error);
  if (error) return failed(unpacked.string(), error.message());
  // As root apt-get would give up its rights and then cannot write here.
  if (auto got = output_of({"apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", *package},
                           workshop.path().string());
      !got)
    return std::unexpected(got.error());
  for (const auto& entry : fs::directory_iterator{workshop.path(), error}) {
    if (entry.path().extension() != ".deb") continue;
    if (auto done = output_of({"dpkg-deb", "-x", entry.path().string(), unpacked.string()}); !done)
      return std::unexpected(done.error());
  }
  if (image_in(unpacked).empty()) return failed(*package, "there is no kernel in it");
  const fs::path place = store() / name;
  fs::remove_all(place, error);
  fs::rename(unpacked, place, error);
  if (error) return failed(place.string(), error.message());
  return image_in(place);
}

std::vector<StoredKernel> stored_kernels() {
  std::vector<StoredKernel> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{store(), error}) {
    const auto name = entry.path().filename().string();
    auto image = image_in(entry.path());
    if (is_kernel_name(name) && !image.empty()) found.push_back({name, std::move(image)});
  }
  std::ranges::sort(found, {}, &StoredKernel::name);
  return found;
}

}  // namespace vmadiff::kernel
