// kernel/tree: loading what was built. The loader knows files by their inodes, and gives one that
// it has already: so each time a copy is loaded.
#include "kernel/tree/object.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "kernel/descriptor.h"
#include "kernel/failed.h"

namespace vmadiff::kernel {
namespace {

using spec::ToolFault;

std::expected<Descriptor, ToolFault> copy_of(const std::filesystem::path& object) {
  const Descriptor from{::open(object.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!from.is_open()) return failed(object, std::strerror(errno));
  struct stat status{};
  Descriptor to{::memfd_create("vmadiff-tree", MFD_CLOEXEC)};
  if (!to.is_open() || ::fstat(from.number(), &status) != 0)
    return failed(object, std::strerror(errno));
  for (auto left = status.st_size; left > 0;) {
    const auto sent =
        ::sendfile(to.number(), from.number(), nullptr, static_cast<std::size_t>(left));
    if (sent <= 0) return failed(object, sent == 0 ? "it became shorter" : std::strerror(errno));
    left -= sent;
  }
  return to;
}

}  // namespace

void TreeObject::Close::operator()(void* handle) const { ::dlclose(handle); }

std::expected<TreeObject, ToolFault> TreeObject::load(const std::filesystem::path& object) {
  // The C library's own loader, of the machine that a static program was linked on, may be another
  // than the machine's.
  if (::getauxval(AT_BASE) == 0)
    return failed(object,
                  "this vmadiff is one static file, and cannot load it: take one that is "
                  "linked with the machine's C library");
  const auto copy = copy_of(object);
  if (!copy) return std::unexpected(copy.error());
  // Names that it has are not opened again either: no two are spelt alike.
  static std::atomic<unsigned> loads = 0;
  constexpr unsigned kSpellings = 3000;
  const auto path =
      fmt::format("/proc/self/fd{}{}", std::string(1 + loads++ % kSpellings, '/'), copy->number());
  Handle handle{::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)};
  if (handle == nullptr) return failed(object, ::dlerror());
  using Door = const struct vmadiff_tree* (*)();
  const auto door = reinterpret_cast<Door>(::dlsym(handle.get(), "vmadiff_tree_door"));
  if (door == nullptr) return failed(object, ::dlerror());
  const struct vmadiff_tree* const tree = door();
  if (tree->version != VMADIFF_TREE_VERSION)
    return failed(object, fmt::format("it speaks version {} of the interface, expected {}",
                                      tree->version, VMADIFF_TREE_VERSION));
  return TreeObject{std::move(handle), tree};
}

}  // namespace vmadiff::kernel
