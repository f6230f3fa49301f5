// impl: what happens, fast? This file compiles the maple tree for the two kinds of value in use.
#include "impl/maple_tree/maple_tree.h"

namespace vmadiff::impl {

template class MapleTree<void*>;
template class MapleTree<std::uint64_t>;

}  // namespace vmadiff::impl
