// bench: how fast? This file: the list of peers.
#include "bench/peers.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <boost/container/flat_map.hpp>
#include <cstdlib>
#include <map>

#include "bench/map_peers.h"
#include "bench/sorted_array.h"
#ifdef VMADIFF_WITH_ABSL
#include <absl/container/btree_map.h>
#endif

namespace vmadiff::bench {
namespace {

void add_kernel(std::vector<const Peer*>& out) {
  const char* path = std::getenv("VMADIFF_KERNEL_PEER");
  if (path == nullptr || *path == '\0') {
    fmt::print(
        "without the kernel's tree: VMADIFF_KERNEL_PEER names no shared object (see bench.sh)\n");
    return;
  }
  void* object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) {
    fmt::print("without the kernel's tree: {}\n", dlerror());
    return;
  }
  for (const char* name : {"vmadiff_kernel_peer", "vmadiff_kernel_peer_without_rcu"}) {
    if (const void* peer = dlsym(object, name)) out.push_back(static_cast<const Peer*>(peer));
  }
}

}  // namespace

std::vector<const Peer*> peers() {
  using Key = std::uint64_t;
  std::vector<const Peer*> out{&kMapleTreePeer};
  add_kernel(out);
#ifdef VMADIFF_WITH_ABSL
  static constexpr Peer kBtree = MapPeer<absl::btree_map<Key, MapRange>>::peer("absl");
  out.push_back(&kBtree);
#else
  fmt::print("without absl::btree_map: libabsl-dev was not there when this was compiled\n");
#endif
  static constexpr Peer kStdMap = MapPeer<std::map<Key, MapRange>>::peer("std::map");
  static constexpr Peer kFlatMap =
      MapPeer<boost::container::flat_map<Key, MapRange>>::peer("flat_map");
  static constexpr Peer kSortedArray = MapPeer<SortedArray>::peer("sorted array");
  out.insert(out.end(), {&kStdMap, &kFlatMap, &kSortedArray});
  return out;
}

}  // namespace vmadiff::bench
