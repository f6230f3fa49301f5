// bench: how fast? This file: who is measured beside the maple tree.
#pragma once

#include <vector>

#include "bench/peer.h"

namespace vmadiff::bench {

/// The maple tree of impl/ first, then those of other libraries that were there when this was
/// compiled, then, where the environment variable VMADIFF_KERNEL_PEER names the shared object, the
/// kernel's. What is missing is said in a line.
[[nodiscard]] std::vector<const Peer*> peers();

extern const Peer kMapleTreePeer;

}  // namespace vmadiff::bench
